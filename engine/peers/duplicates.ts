import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { TrafficLog } from './traffic-log.ts';

interface Warning {
  readonly atMs: number;
  /** How often it has happened since without being said. */
  suppressed: number;
}

/** Warns of clients that share one name, once in a while for each name. */
export class Duplicates {
  readonly #clock: Clock;
  readonly #log: TrafficLog;
  readonly #warnings = new Map<string, Warning>();

  constructor(clock: Clock, log: TrafficLog) {
    this.#clock = clock;
    this.#log = log;
  }

  /** A newer connection of the same name takes the place of one that stands. */
  replaced(peerName: string, { from, by }: { readonly from: string; readonly by: string }): void {
    this.#warn(
      peerName,
      `connected from ${by} while its connection from ${from} stood, which is ended: are there two with this client_name?`,
    );
  }

  /** A newer connection is refused, since the one that stands has answered. */
  refused(peerName: string, { from, by }: { readonly from: string; readonly by: string }): void {
    this.#warn(
      peerName,
      `refused from ${by}: its connection from ${from} stands and answers (duplicate_client: refuse); are there two with this client_name?`,
    );
  }

  #warn(peerName: string, text: string): void {
    const now = this.#clock.now();
    const last = this.#warnings.get(peerName);
    if (last !== undefined && now - last.atMs < LIMITS.duplicateLogMs) {
      last.suppressed += 1;
      return;
    }
    const suppressed =
      last !== undefined && last.suppressed > 0
        ? ` (and ${last.suppressed} times more since it was last said)`
        : '';
    this.#warnings.delete(peerName);
    this.#warnings.set(peerName, { atMs: now, suppressed: 0 });
    const [oldest] = this.#warnings.keys();
    if (this.#warnings.size > LIMITS.peersRemembered && oldest !== undefined) this.#warnings.delete(oldest);
    this.#log.event(text + suppressed, { peerName, warning: true });
  }
}
