import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { LOCAL_PROGRAMS, type TrafficLog } from '../peers/traffic-log.ts';
import { DropLog } from './drop-log.ts';

/**
 * Counts and logs refused messages of programs: for each kind, the first at once, then the count at intervals.
 */
export class RefusalLog {
  readonly #log: TrafficLog;
  readonly #drops: DropLog;
  readonly #counts = new Map<string, number>();

  constructor({ clock, log }: { readonly clock: Clock; readonly log: TrafficLog }) {
    this.#log = log;
    this.#drops = new DropLog(clock);
  }

  /**
   * @param kind messages of one kind are counted together
   * @param text the log line: what was refused and why
   * @param times how many messages
   */
  note(kind: string, text: string, times = 1): void {
    const isKnown = this.#counts.has(kind) || this.#counts.size < LIMITS.refusalKinds;
    const queue = isKnown ? kind : 'others';
    const count = (this.#counts.get(queue) ?? 0) + times;
    this.#counts.set(queue, count);
    this.#drops.note({
      queue,
      count: () => this.#counts.get(queue) ?? 0,
      tell: (counted) =>
        this.#log.event(counted === 1 ? text : `${text} (${counted} so far)`, {
          warning: true,
          about: LOCAL_PROGRAMS,
        }),
    });
  }
}
