import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { Ring } from '../base/ring.ts';
import type { Body, LogRow } from '../contract/views.ts';
import type { SetOutcome, TrafficEntry, TrafficLog } from '../peers/traffic-log.ts';
import { type Header, pythonJson } from '../protocol/header.ts';
import type { LogLine } from './connector-options.ts';

/** A body as it is kept: few are ever looked at, so they are made readable only then. */
interface Kept {
  readonly id: number;
  readonly header: Header;
  readonly beginning: Buffer;
  readonly omittedBytes: number;
}

/** Its outcome changes in its place, two or three times for each message that is sent. */
type Row = { -readonly [Key in keyof LogRow]: LogRow[Key] };

/** All that has happened, newest last, and the bodies of the last messages. Bounded in rows and in bytes. */
export class MessageLog implements TrafficLog {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #onLine: ((line: LogLine) => void) | undefined;
  readonly #rows = new Ring<Row>(LIMITS.logRows);
  readonly #bodies = new Ring<Kept>(LIMITS.logBodies);
  #lastId = 0;

  constructor(options: {
    readonly clock: Clock;
    readonly onChange: () => void;
    /** Sees each line as it is written. */
    readonly onLine?: (line: LogLine) => void;
  }) {
    this.#clock = options.clock;
    this.#onChange = options.onChange;
    this.#onLine = options.onLine;
  }

  get length(): number {
    return this.#rows.length;
  }

  get forgotten(): number {
    return this.#rows.dropped;
  }

  /** Whoever keeps one of them must copy it. */
  rows(): Iterable<LogRow> {
    return this.#rows;
  }

  traffic(entry: TrafficEntry): SetOutcome {
    const { kind, direction, peerName, sizeBytes, outcome, text, header, data } = entry;
    const type = header.message_type;
    const [id, atMs] = [this.#nextId(), this.#clock.wallNow()];
    const row: Row = { id, atMs, kind, direction, peerName, type, sizeBytes, outcome, text, hasBody: true };
    this.#add(row);
    // Copied, or a few bytes would keep the whole piece in memory that they arrived with.
    const beginning = Buffer.from(data.subarray(0, LIMITS.logBodyBytes));
    this.#bodies.push({ id, header, beginning, omittedBytes: data.length - beginning.length });
    return (changed, why) => {
      row.outcome = changed;
      row.text = why === undefined ? text : `${text} (${why})`;
      this.#onChange();
    };
  }

  event(
    text: string,
    { peerName = '', warning = false }: { peerName?: string; warning?: boolean } = {},
  ): void {
    const outcome = warning ? 'warning' : 'info';
    const [id, atMs] = [this.#nextId(), this.#clock.wallNow()];
    this.#add({ id, atMs, kind: 'event', peerName, type: '', outcome, text, hasBody: false });
    this.#onLine?.({
      level: warning ? 'WARNING' : 'INFO',
      text: peerName === '' ? text : `${peerName}: ${text}`,
    });
  }

  body(id: number): Body | undefined {
    for (const { id: known, header, beginning, omittedBytes } of this.#bodies) {
      if (known !== id) continue;
      const headerLines = Object.entries(header).map(([key, value]) => `${key}: ${pythonJson(value)}`);
      return { id, headerLines, text: beginning.toString(), omittedBytes };
    }
    return undefined;
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #add(row: Row): void {
    this.#rows.push(row);
    this.#onChange();
  }
}
