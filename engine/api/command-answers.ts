import { AiocError } from '../base/errors.ts';
import type { TransferRow } from '../contract/views.ts';
import type { MadeInvitation } from '../local/connector-commands.ts';

/** The number of queued messages: received ones (`queueRecv`), and those to each peer (`queueSend`). */
export interface QueueCounts {
  readonly queueRecv: number;
  readonly queueSend: Readonly<Record<string, number>>;
}

/** The address and port of each connected peer, by name. */
export type ConnectedPeers = Readonly<Record<string, readonly [host: string, port: number]>>;

/** true: all peers are ignored. false: none. Otherwise the names of the ignored peers. */
export type IgnoredPeers = boolean | readonly string[];

export function parsePeers(text: string): ConnectedPeers {
  const peers: Record<string, readonly [string, number]> = {};
  for (const [name, address] of Object.entries(parseObject(text))) {
    const [host, port] = Array.isArray(address) ? (address as unknown[]) : [];
    // Keep peers without an address.
    peers[name] = [typeof host === 'string' ? host : '', typeof port === 'number' ? port : 0];
  }
  return peers;
}

export function parseQueues(text: string): QueueCounts {
  const { queue_recv: queueRecv, queue_send: queueSend } = parseObject(text);
  const counts = Object.entries(typeof queueSend === 'object' && queueSend !== null ? queueSend : {});
  return {
    // Python answers null before its first message.
    queueRecv: asCount(queueRecv),
    queueSend: Object.fromEntries(counts.map(([name, count]) => [name, asCount(count)])),
  };
}

export function parseIgnored(text: string): IgnoredPeers {
  if (text === 'True') return true;
  return isNothing(text) ? false : parseNames(text);
}

/** Accepts `True` or `{"status": true, "msg": …}`; otherwise throws the reason. */
export function parseDone(text: string): true {
  if (text === 'True') return true;
  if (isNothing(text)) throw refusal('not done; see its log for the reason');
  if (!text.startsWith('{')) throw refusal(text);
  const { status, msg } = parseObject(text);
  if (status === true) return true;
  throw refusal(String(msg ?? text));
}

/** For a command that Python answers with `{}` on success; any other answer is the reason for a failure. */
export function parseFinished(text: string): true {
  return isNothing(text) || parseDone(text);
}

/** Parses Python's `['a', "b'c"]`. `{}` means an empty list. */
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

/** @throws AiocError AIOC_COMMAND with the reason if there is no invitation */
export function parseInvitation(text: string): MadeInvitation {
  parseDone(text);
  const { code, name, address, expires_ms: expiresAtMs } = parseObject(text);
  if (typeof code === 'string' && typeof name === 'string' && typeof address === 'string')
    return { code, name, address, expiresAtMs: asCount(expiresAtMs) };
  throw unexpected(text);
}

/** @throws AiocError AIOC_COMMAND with the reason */
export function parseTransfers(text: string): readonly TransferRow[] {
  parseDone(text);
  const { transfers, transfer } = parseObject(text);
  if (Array.isArray(transfers)) return transfers as TransferRow[];
  if (typeof transfer === 'object' && transfer !== null) return [transfer as TransferRow];
  throw unexpected(text);
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
    // Reported below.
  }
  throw unexpected(text);
}

function asCount(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** A reason that contains paths may be long. */
const REFUSAL_CHARACTERS = 2_000;

function refusal(reason: string): AiocError {
  return new AiocError('AIOC_COMMAND', `the connector refused the command: ${reason}`);
}

/** A text in words is the connector's reason for refusing; anything else is malformed. */
function unexpected(text: string): AiocError {
  if (/^[a-z].* /i.test(text)) return refusal(text.slice(0, REFUSAL_CHARACTERS));
  return new AiocError('AIOC_COMMAND', `the connector sent a malformed answer: ${text.slice(0, 200)}`);
}
