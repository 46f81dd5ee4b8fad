import type { Clock } from '../base/ports.ts';
import type { Body, LogRow, Outcome } from '../contract/views.ts';
import type { LogLine } from '../log-files/log-file.ts';
import type { TrafficEntry, TrafficLog } from '../peers/traffic-log.ts';
import { LogRows } from './log-rows.ts';

/** All that has happened, newest last, and the bodies of the last messages. Bounded in rows and in bytes. */
export class MessageLog implements TrafficLog {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #onLine: ((line: LogLine) => void) | undefined;
  readonly #rows = new LogRows();

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
    return this.#rows.forgotten;
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

  event(
    text: string,
    { peerName = '', warning = false }: { peerName?: string; warning?: boolean } = {},
  ): void {
    this.#rows.addEvent(text, {
      atMs: this.#clock.wallNow(),
      outcome: warning ? 'warning' : 'info',
      peerName,
    });
    this.#onChange();
    this.#onLine?.({
      level: warning ? 'WARNING' : 'INFO',
      text: peerName === '' ? text : `${peerName}: ${text}`,
    });
  }

  body(id: number): Body | undefined {
    return this.#rows.body(id);
  }
}
