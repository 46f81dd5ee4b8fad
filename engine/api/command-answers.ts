import { AiocError } from '../base/errors.ts';

/** What waits in a connector: messages for its programs, and for each peer. */
export interface QueueCounts {
  readonly queueRecv: number;
  readonly queueSend: Readonly<Record<string, number>>;
}

/** A connector's peers by name, with the address of each. */
export type ConnectedPeers = Readonly<Record<string, readonly [host: string, port: number]>>;

/** true: everybody is ignored; false: nobody; else the names of those that are. */
export type IgnoredPeers = boolean | readonly string[];

export function parsePeers(text: string): ConnectedPeers {
  const peers: Record<string, readonly [string, number]> = {};
  for (const [name, address] of Object.entries(parseObject(text))) {
    const [host, port] = Array.isArray(address) ? (address as unknown[]) : [];
    // A peer without an address is one all the same.
    peers[name] = [typeof host === 'string' ? host : '', typeof port === 'number' ? port : 0];
  }
  return peers;
}

export function parseQueues(text: string): QueueCounts {
  const { queue_recv: queueRecv, queue_send: queueSend } = parseObject(text);
  const counts = Object.entries(typeof queueSend === 'object' && queueSend !== null ? queueSend : {});
  return {
    // Python says null before its first message.
    queueRecv: asCount(queueRecv),
    queueSend: Object.fromEntries(counts.map(([name, count]) => [name, asCount(count)])),
  };
}

export function parseIgnored(text: string): IgnoredPeers {
  if (text === 'True') return true;
  return isNothing(text) ? false : parseNames(text);
}

/** `True` or `{"status": true, "msg": …}`, or why not. */
export function parseDone(text: string): true {
  if (text === 'True') return true;
  if (isNothing(text)) throw refusal('it did nothing, and its log says why');
  if (!text.startsWith('{')) throw refusal(text);
  const { status, msg } = parseObject(text);
  if (status === true) return true;
  throw refusal(String(msg ?? text));
}

/** For a command whose result Python does not tell: `{}`. Anything but that is why it was not done. */
export function parseFinished(text: string): true {
  return isNothing(text) || parseDone(text);
}

/** Python's `['a', "b'c"]`; `{}`, its form of nothing, is an empty list. */
export function parseNames(text: string): string[] {
  if (isNothing(text)) return [];
  if (!/^\[.*\]$/s.test(text)) throw unexpected(text);
  const names: string[] = [];
  const inside = text.slice(1, -1);
  const item = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*(?:,|$)/sy;
  while (item.lastIndex < inside.length) {
    const found = item.exec(inside);
    if (found === null) throw unexpected(text);
    names.push(unescapePython(found[1] ?? found[2] ?? ''));
  }
  return names;
}

function unescapePython(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/gs,
    (_, hex2?: string, hex4?: string, hex8?: string, single?: string) => {
      const hex = hex2 ?? hex4 ?? hex8;
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      return { n: '\n', r: '\r', t: '\t' }[single ?? ''] ?? single ?? '';
    },
  );
}

function isNothing(text: string): boolean {
  return text === '{}' || text === 'False' || text === 'None' || text === '[]';
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
  } catch {
    // Said below, together with other answers that are none.
  }
  throw unexpected(text);
}

function asCount(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** A sentence with a path in it may be long. */
const REFUSAL_CHARACTERS = 2_000;

function refusal(reason: string): AiocError {
  return new AiocError('AIOC_COMMAND', `the connector answers: ${reason}`);
}

/** A sentence, which is why a connector did not do it, or a value in a form that is none. */
function unexpected(text: string): AiocError {
  if (/^[a-z].* /i.test(text)) return refusal(text.slice(0, REFUSAL_CHARACTERS));
  return new AiocError(
    'AIOC_COMMAND',
    `the connector gave an answer that makes no sense: ${text.slice(0, 200)}`,
  );
}
