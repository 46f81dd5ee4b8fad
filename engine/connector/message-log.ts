import { cutLine } from '../base/cut-line.ts';
import { LimitedWarnings } from '../base/limited-warnings.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { Body, LogRow, Outcome } from '../contract/views.ts';
import type { LogLine } from '../log-files/log-file.ts';
import type { EventOptions, TrafficEntry, TrafficLog } from '../peers/traffic-log.ts';
import { EventLimiter } from './event-limiter.ts';
import { LogRows } from './log-rows.ts';

/** All that has happened, newest last, and the bodies of the last messages. Bounded in rows and in bytes. */
export class MessageLog implements TrafficLog {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #onLine: ((line: LogLine) => void) | undefined;
  readonly #rows = new LogRows();
  readonly #limiter: EventLimiter;
  readonly #repeats: LimitedWarnings;

  constructor(options: {
    readonly clock: Clock;
    readonly onChange: () => void;
    /** Sees each line as it is written. */
    readonly onLine?: (line: LogLine) => void;
  }) {
    this.#clock = options.clock;
    this.#onChange = options.onChange;
    this.#onLine = options.onLine;
    this.#limiter = new EventLimiter(options.clock, (text) => this.#write(text, { warning: true }));
    this.#repeats = new LimitedWarnings(options.clock, LIMITS.peerWarningMs);
  }

  get length(): number {
    return this.#rows.length;
  }

  /** The id of the newest row; 0 before the first. */
  get lastId(): number {
    return this.forgotten + this.length;
  }

  get forgotten(): number {
    return this.#rows.forgotten;
  }

  /** Calls `changed` with the ids of rows that change, from one to another; new rows are no change. @returns ends it */
  watchChanges(changed: (from: number, to: number) => void): () => void {
    return this.#rows.watchChanges(changed);
  }

  /** The row at `index`, 0 being the oldest that is still here. */
  at(index: number): LogRow | undefined {
    return this.#rows.at(index);
  }

  traffic(entry: TrafficEntry): number {
    const id = this.#rows.addTraffic(entry, this.#clock.wallNow());
    this.#onChange();
    return id;
  }

  settle(
    firstId: number,
    outcome: Outcome,
    options?: { readonly count?: number; readonly why?: string | undefined },
  ): void {
    this.#rows.settle(firstId, options?.count ?? 1, outcome, options?.why);
    this.#onChange();
  }

  event(text: string, options: EventOptions = {}): void {
    const { peerName = '', about = peerName, repeats } = options;
    if (about === '') return this.#write(text, options);
    if (repeats === undefined) return this.#writeLimited(text, about, options);
    this.#repeats.warn(`${repeats} ${about}`, (count) => {
      const counted = count === 1 ? text : `${cutLine(text, COUNTED_CHARACTERS)} (the last of ${count})`;
      this.#writeLimited(counted, about, options);
    });
  }

  #writeLimited(text: string, about: string, options: EventOptions): void {
    if (this.#limiter.admits(about)) this.#write(text, options, LIMITS.logLineCharacters);
  }

  #write(
    text: string,
    { peerName = '', warning = false }: EventOptions,
    maxCharacters: number = LIMITS.logOwnLineCharacters,
  ): void {
    const atMs = this.#clock.wallNow();
    const outcome = warning ? 'warning' : 'info';
    this.#rows.addEvent(cutLine(text, maxCharacters), { atMs, outcome, peerName });
    this.#onChange();
    this.#onLine?.({
      level: warning ? 'WARNING' : 'INFO',
      text: peerName === '' ? text : `${peerName}: ${text}`,
      maxCharacters,
    });
  }

  body(id: number): Body | undefined {
    return this.#rows.body(id);
  }
}

/** Of a line, with room for a count behind it. */
const COUNTED_CHARACTERS = LIMITS.logLineCharacters - 25;
