import { sanitize } from '../../components/terminal/sanitize.ts';
import type { PeerRow, QueueRow, Status } from '../../engine/contract/views.ts';
import {
  type AiocError,
  type AttachedEngine,
  type ConnectorSnapshot,
  snapshotOf,
} from '../../engine/index.ts';
import { ageInWords } from '../age-in-words.ts';
import { EXIT } from '../exit-codes.ts';
import { attacherOf } from '../find-connector.ts';
import { jsonLine } from '../message-lines.ts';
import { OutputLines } from '../output-lines.ts';
import { plainTable } from '../plain-table.ts';
import { sizeText } from '../progress-line.ts';
import { queueJson, queueWord } from '../queue-word.ts';
import type { TopOptions } from './watch-arguments.ts';

const INTERVAL_MS = 1_000;
/** How long to wait for an answer. */
const TIMEOUT_MS = 10_000;
/** Rows of each table. */
const ROWS = 20;
/** Home, and clear what is below. */
const REDRAW = '\x1b[H\x1b[J';

/**
 * `aioc top`: prints the state, peers and queues of a connector once a second.
 *
 * @returns the exit code, after `count` tables, at the end of the output, or when interrupted
 * @throws AiocError AIOC_CONNECTOR_AWAY, AIOC_CONFIG, AIOC_USAGE
 */
export async function runTop(
  { connector, directories, json, count = Number.POSITIVE_INFINITY }: TopOptions,
  output = new OutputLines(process.stdout),
  { redraws = process.stdout.isTTY === true && count > 1 }: { readonly redraws?: boolean } = {},
): Promise<number> {
  const attach = await attacherOf(connector, directories, { isReadOnly: true });
  const engine: AttachedEngine = await attach();
  const stop = new AbortController();
  let gone: AiocError | undefined;
  let onGone: (why: AiocError) => void = () => undefined;
  engine.onClose((why) => {
    gone = why;
    if (why !== undefined) onGone(why);
  });
  const end = (): void => stop.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  void output.left.then(end);
  try {
    for (let printed = 0; printed < count && !stop.signal.aborted; printed += 1) {
      if (printed > 0) await pause(INTERVAL_MS, stop.signal);
      if (stop.signal.aborted) break;
      if (gone !== undefined) throw gone;
      const seen = await new Promise<ConnectorSnapshot>((resolve, reject) => {
        onGone = reject;
        snapshotOf(engine, TIMEOUT_MS).then(resolve, reject);
      });
      const gap = redraws ? REDRAW : printed > 0 && !json ? '\n' : '';
      await output.write(gap + (json ? jsonOf(seen) : textOf(seen, Date.now())));
    }
  } finally {
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
    await engine.close();
  }
  return EXIT.ok;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

function jsonOf({ status, peers, queues }: ConnectorSnapshot): string {
  const { role, address, phase, inRate, outRate, waitingInCount, waitingCount, stuckCount, disk } = status;
  return jsonLine({
    ...{ at: new Date().toISOString(), role, address, phase: phase.kind, inRate, outRate },
    ...{ waitingIn: waitingInCount, waitingOut: waitingCount, stuck: stuckCount, diskFree: disk?.freeBytes },
    peers: peers.map((row) => ({
      ...{ peer: row.name, state: row.state, reason: row.reason, inRate: row.inRate, outRate: row.outRate },
      ...{ ackLagMs: row.ackLagMs, waiting: row.waitingCount, ignored: row.ignored ? true : undefined },
    })),
    queues: queues.map(queueJson),
  });
}

function textOf({ status, peers, queues }: ConnectorSnapshot, nowMs: number): string {
  const busiest = [...peers].sort((a, b) => b.rate - a.rate || b.waitingCount - a.waitingCount);
  const parts = [headOf(status, nowMs), peersTable(busiest.slice(0, ROWS))];
  if (peers.length > ROWS) parts.push(`… and ${peers.length - ROWS} more peers`);
  parts.push(queuesTable(queues.slice(0, ROWS), nowMs));
  if (queues.length > ROWS) parts.push(`… and ${queues.length - ROWS} more queues`);
  return parts.filter((part) => part !== '').join('\n');
}

function headOf(status: Status, nowMs: number): string {
  const { role, address, phase, inRate, outRate, waitingInCount, waitingCount, stuckCount, disk } = status;
  const reason = 'reason' in phase ? `: ${sanitize(phase.reason)}` : '';
  return [
    `${new Date(nowMs).toLocaleTimeString('en-GB')}  ${role} ${sanitize(address)}  ${phase.kind}${reason}`,
    `in ${inRate}/s  out ${outRate}/s`,
    `waiting ${waitingInCount} in, ${waitingCount} out, ${stuckCount} stuck`,
    ...(disk === undefined ? [] : [`disk ${sizeText(disk.freeBytes)} free`]),
  ].join('  ');
}

function peersTable(rows: readonly PeerRow[]): string {
  if (rows.length === 0) return 'No peers yet.';
  const lines = rows.map((row) => [
    sanitize(row.name),
    row.ignored ? 'ignored' : row.state,
    ...[row.inRate, row.outRate].map(String),
    row.ackLagMs === undefined ? '-' : `${row.ackLagMs} ms`,
    String(row.waitingCount),
    row.state === 'connected' ? sanitize(row.address) : sanitize(row.reason ?? ''),
  ]);
  return plainTable([['PEER', 'STATE', 'IN/S', 'OUT/S', 'ACKS', 'WAITING', 'ADDRESS OR REASON'], ...lines]);
}

export function queuesTable(rows: readonly QueueRow[], nowMs: number): string {
  if (rows.length === 0) return 'No queues yet: nothing has been sent.';
  const lines = rows.map((row) => [
    queueWord(row),
    String(row.depth),
    sizeText(row.bytes),
    row.oldestAtMs === undefined ? '-' : ageInWords(nowMs - row.oldestAtMs),
    ...[row.inRate, row.outRate].map(String),
    sanitize(row.blocked?.text ?? ''),
  ]);
  return plainTable([['QUEUE', 'DEPTH', 'BYTES', 'OLDEST', 'IN/S', 'OUT/S', 'WHY IT IS STUCK'], ...lines]);
}
