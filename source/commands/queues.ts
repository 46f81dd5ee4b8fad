import { sanitize } from '../../components/terminal/sanitize.ts';
import type { QueueRow } from '../../engine/contract/views.ts';
import {
  AiocError,
  type AttachedEngine,
  type PeekRow,
  type QueuePeek,
  snapshotOf,
} from '../../engine/index.ts';
import { EXIT } from '../exit-codes.ts';
import { attacherOf } from '../find-connector.ts';
import { jsonPage } from '../harmless.ts';
import { jsonLine } from '../message-lines.ts';
import { OutputLines } from '../output-lines.ts';
import { plainTable } from '../plain-table.ts';
import { sizeText } from '../progress-line.ts';
import { lineOfQueued } from '../queue-lines.ts';
import { queueJson, queueWord } from '../queue-word.ts';
import { queuesTable } from './top.ts';
import type { QueuesOptions } from './watch-arguments.ts';

/** How long to wait for an answer. */
const TIMEOUT_MS = 10_000;
/** Messages that a look shows if no number is given, and those in one answer. */
const ROWS = 100;

/**
 * `aioc queues`: lists the queues of a connector, shows or exports the messages of one without taking them, or purges it.
 *
 * @returns the exit code
 * @throws AiocError AIOC_CONNECTOR_AWAY, AIOC_COMMAND, AIOC_CONFIG, AIOC_USAGE
 */
export async function runQueues(
  { connector, directories, json, action }: QueuesOptions,
  output = new OutputLines(process.stdout),
): Promise<number> {
  const attach = await attacherOf(connector, directories, { isReadOnly: action?.kind !== 'purge' });
  const engine = await attach();
  try {
    const { queues } = await snapshotOf(engine, TIMEOUT_MS);
    if (action === undefined) {
      await output.write(json ? jsonPage(queues.map(queueJson)) : queuesTable(queues, Date.now()));
      return EXIT.ok;
    }
    const queue = queueCalled(action.queue, queues);
    if (action.kind === 'purge') await output.write(await purge(engine, queue));
    else if (action.kind === 'peek') await peek(engine, queue, { count: action.count ?? ROWS, json, output });
    else await exportAll(engine, queue, { count: action.count ?? Number.POSITIVE_INFINITY, output });
    return EXIT.ok;
  } finally {
    await engine.close();
  }
}

function queueCalled(word: string, queues: readonly QueueRow[]): QueueRow {
  const row = queues.find((one) => queueWord(one) === word);
  if (row !== undefined) return row;
  const others = queues.map(queueWord).join(', ');
  throw new AiocError(
    'AIOC_COMMAND',
    `there is no queue ${word}; there are: ${others === '' ? 'none' : others}`,
  );
}

interface Printing {
  /** How many messages at most. */
  readonly count: number;
  readonly output: OutputLines;
}

async function peek(
  engine: AttachedEngine,
  queue: QueueRow,
  { count, json, output }: Printing & { readonly json: boolean },
): Promise<void> {
  const rows: PeekRow[] = [];
  for await (const page of pagesOf(engine, queue, { count })) rows.push(...page);
  if (json) for (const row of rows) await output.write(jsonOf(row));
  else if (rows.length === 0) await output.write('The queue has no message that could be shown.');
  else await output.write(plainTable([['SINCE', 'STATE', 'SIZE', 'FROM', 'TEXT'], ...rows.map(cellsOf)]));
}

async function exportAll(
  engine: AttachedEngine,
  queue: QueueRow,
  { count, output }: Printing,
): Promise<void> {
  for await (const page of pagesOf(engine, queue, { count, bodies: 'whole' }))
    for (const row of page) if (!(await output.write(lineOfQueued(row)))) return;
}

/** The messages that the queue has now, as they are asked for. */
async function* pagesOf(
  engine: AttachedEngine,
  { id }: QueueRow,
  { count, bodies }: { readonly count: number; readonly bodies?: 'whole' },
): AsyncIterable<readonly PeekRow[]> {
  let after: string | undefined;
  let upTo: string | undefined;
  for (let left = count; left > 0; ) {
    const question = {
      ...{ queue: id, rows: Math.min(left, ROWS) },
      ...(bodies !== undefined && { bodies }),
      ...(after !== undefined && { after }),
      ...(upTo !== undefined && { upTo }),
    };
    const answer: QueuePeek = answered(await engine.peek(question));
    yield answer.rows;
    left -= answer.rows.length;
    after = answer.rows.at(-1)?.place;
    upTo ??= answer.end;
    if (!answer.hasMore || after === undefined) return;
  }
}

/** @throws AiocError AIOC_COMMAND */
function answered(answer: Awaited<ReturnType<AttachedEngine['peek']>>): QueuePeek {
  if ('fault' in answer) throw new AiocError('AIOC_COMMAND', answer.fault);
  return answer;
}

async function purge(engine: AttachedEngine, queue: QueueRow): Promise<string> {
  const { end } = answered(await engine.peek({ queue: queue.id, rows: 0 }));
  const result = await engine.execute({ kind: 'queue.purge', queue: queue.id, upTo: end });
  if (!result.ok) throw new AiocError('AIOC_COMMAND', result.message);
  return `purged ${String(result.value)} of ${queueWord(queue)}`;
}

function cellsOf({ atMs, isSent, sizeBytes, from = '-', text }: PeekRow): readonly string[] {
  return [
    new Date(atMs).toISOString(),
    isSent ? 'sent' : 'waits',
    sizeText(sizeBytes),
    sanitize(from),
    sanitize(text),
  ];
}

function jsonOf({ atMs, isSent, sizeBytes, from, text }: PeekRow): string {
  return jsonLine({ since: new Date(atMs).toISOString(), sent: isSent, size: sizeBytes, from, text });
}
