import { sanitize } from '../../components/terminal/sanitize.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import type { LogRow, TailUpdate, View } from '../../engine/contract/views.ts';
import { AiocError, type AttachedEngine } from '../../engine/index.ts';
import { EXIT } from '../exit-codes.ts';
import { attacherOf } from '../find-connector.ts';
import { jsonLine } from '../message-lines.ts';
import { OutputLines } from '../output-lines.ts';
import { sizeText } from '../progress-line.ts';
import type { TailOptions } from './watch-arguments.ts';

/** Rows printed at the start, as by tail. */
const FIRST_ROWS = 10;

/**
 * `aioc tail`: prints the last rows of a connector's log, and each new one. It asks for the next rows when those before
 * have been written, so that a slow reader does not fill the memory; what the connector forgets meanwhile is counted.
 *
 * @returns the exit code, after `count` rows, at the end of the output, or when interrupted
 * @throws AiocError AIOC_CONNECTOR_AWAY, AIOC_CONFIG, AIOC_USAGE for a faulty filter
 */
export async function runTail(
  options: TailOptions,
  output = new OutputLines(process.stdout),
): Promise<number> {
  const attach = await attacherOf(options.connector, options.directories, { isReadOnly: true });
  const engine = await attach();
  const end = (): void => void engine.close();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  void output.left.then(end);
  try {
    await followLog(engine, options, output);
  } finally {
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
    await engine.close();
  }
  return EXIT.ok;
}

/** Prints until `count` rows are printed, nobody reads any more, or the connector is gone. */
export function followLog(engine: LogSource, options: TailOptions, output: OutputLines): Promise<void> {
  return new Tail(engine, options, output).run();
}

/** What `aioc tail` needs of a connector. */
export type LogSource = Pick<AttachedEngine, 'open' | 'onClose'>;

class Tail {
  readonly #engine: LogSource;
  readonly #options: TailOptions;
  readonly #output: OutputLines;
  #lastId = 0;
  #printed = 0;

  constructor(engine: LogSource, options: TailOptions, output: OutputLines) {
    this.#engine = engine;
    this.#options = options;
    this.#output = output;
  }

  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      let isBusy = false;
      this.#engine.onClose((why) => (why === undefined ? resolve() : reject(why)));
      const open = this.#engine.open(this.#view(), (update) => {
        // The next update answers the window that follows these rows.
        if (isBusy || update.pane !== 'log') return;
        // What is printed now would hide rows before it that are found later.
        if (update.isPartial) return;
        if (update.filterFault !== undefined) return reject(new AiocError('AIOC_USAGE', update.filterFault));
        const isFirst = this.#lastId === 0;
        // An update that was on its way shows the window before.
        const rows = update.rows.filter(({ id }) => id > this.#lastId);
        if (!isFirst && rows.length === 0) return;
        isBusy = true;
        this.#print({ ...update, rows }, isFirst).then((isOver) => {
          isBusy = false;
          if (isOver) resolve();
          else open.change(this.#view());
        }, reject);
      });
    });
  }

  /** The first rows, or those after the last that was printed. */
  #view(): View {
    const { filter } = this.#options;
    if (this.#lastId === 0) return { pane: 'log', filter, rows: FIRST_ROWS };
    return { pane: 'log', filter, rows: LIMITS.viewRows, afterId: this.#lastId };
  }

  /** @returns whether that was all */
  async #print({ rows, forgotten, total }: TailUpdate<LogRow>, isFirst: boolean): Promise<boolean> {
    const { json, count = Number.POSITIVE_INFINITY } = this.#options;
    const lost = isFirst ? 0 : forgotten - this.#lastId;
    if (lost > 0 && !(await this.#output.write(lostLine(lost, json)))) return true;
    for (const row of rows) {
      if (!(await this.#output.write(json ? jsonOf(row) : lineOf(row)))) return true;
      this.#printed += 1;
      if (this.#printed >= count) return true;
    }
    // Ids are consecutive; a filter that finds nothing begins behind the last row. 0 would mean the first rows again.
    this.#lastId = rows.at(-1)?.id ?? Math.max(1, forgotten + total);
    return false;
  }
}

function lostLine(rows: number, json: boolean): string {
  return json
    ? jsonLine({ forgotten: rows })
    : `… ${rows} rows came faster than they were read, and are forgotten`;
}

function jsonOf({
  id,
  atMs,
  kind,
  direction,
  peerName,
  type,
  sizeBytes,
  outcome,
  text,
  reason,
  repeats,
}: LogRow): string {
  return jsonLine({
    ...{ id, at: new Date(atMs).toISOString(), kind, direction },
    ...(peerName !== '' && { peer: peerName }),
    ...(kind !== 'event' && { type }),
    ...{ size: sizeBytes, outcome, reason, repeats, text },
  });
}

/** `2026-11-30 14:02:29.418 in  press-3 order stored 61 B {"temp": 21.4}` */
function lineOf(row: LogRow): string {
  const { atMs, kind, direction, peerName, type, sizeBytes = 0, outcome, text } = row;
  const what = kind === 'event' ? outcome : (direction ?? '');
  const words =
    kind === 'event'
      ? [sanitize(peerName)]
      : [
          sanitize(peerName),
          sanitize(type),
          outcome,
          sizeText(sizeBytes),
          ...(kind === 'file' ? ['file'] : []),
        ];
  return [timeText(atMs), what.padEnd(3), ...words, sanitize(text)].filter((word) => word !== '').join(' ');
}

/** In the user's time zone. */
function timeText(atMs: number): string {
  const local = new Date(atMs - new Date(atMs).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, -1).replace('T', ' ');
}
