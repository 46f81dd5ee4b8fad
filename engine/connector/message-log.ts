import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { Ring } from '../base/ring.ts';
import type { Body, LogRow, Outcome } from '../contract/views.ts';
import type { SetOutcome, TrafficEntry, TrafficLog } from '../peers/traffic-log.ts';
import { pythonJson } from '../protocol/header.ts';
import type { LogLine } from './connector-options.ts';

/** All that has happened, newest last, and the bodies of the last messages. Bounded in rows and in bytes. */
export class MessageLog implements TrafficLog {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #onLine: ((line: LogLine) => void) | undefined;
  readonly #rows = new Ring<LogRow>(LIMITS.logRows);
  readonly #bodies = new Ring<Body>(LIMITS.logBodies);
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

  rows(): Iterable<LogRow> {
    return this.#rows;
  }

  traffic(entry: TrafficEntry): SetOutcome {
    const { kind, direction, peerName, sizeBytes, outcome, text, header, data } = entry;
    const type = header.message_type;
    const id = this.#add({ kind, direction, peerName, type, sizeBytes, outcome, text, hasBody: true });
    this.#bodies.push({
      id,
      headerLines: Object.entries(header).map(([key, value]) => `${key}: ${pythonJson(value)}`),
      text: data.subarray(0, LIMITS.logBodyBytes).toString(),
      omittedBytes: Math.max(0, data.length - LIMITS.logBodyBytes),
    });
    return (changed, why) => this.#setOutcome(id, changed, why === undefined ? text : `${text} (${why})`);
  }

  event(
    text: string,
    { peerName = '', warning = false }: { peerName?: string; warning?: boolean } = {},
  ): void {
    const outcome = warning ? 'warning' : 'info';
    this.#add({ kind: 'event', peerName, type: '', outcome, text, hasBody: false });
    this.#onLine?.({
      level: warning ? 'WARNING' : 'INFO',
      text: peerName === '' ? text : `${peerName}: ${text}`,
    });
  }

  body(id: number): Body | undefined {
    for (const body of this.#bodies) if (body.id === id) return body;
    return undefined;
  }

  #add(row: Omit<LogRow, 'id' | 'atMs'>): number {
    this.#lastId += 1;
    this.#rows.push({ ...row, id: this.#lastId, atMs: this.#clock.wallNow() });
    this.#onChange();
    return this.#lastId;
  }

  #setOutcome(id: number, outcome: Outcome, text: string): void {
    const index = id - 1 - this.#rows.dropped;
    const row = this.#rows.at(index);
    if (row === undefined) return;
    this.#rows.replace(index, { ...row, outcome, text });
    this.#onChange();
  }
}
