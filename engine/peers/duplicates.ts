import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { TrafficLog } from './traffic-log.ts';

interface Said {
  readonly atMs: number;
  /** How often it has happened since without being said. */
  more: number;
}

/** Warns of clients that share one name, once in a while for each name. */
export class Duplicates {
  readonly #clock: Clock;
  readonly #log: TrafficLog;
  readonly #said = new Map<string, Said>();

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
    const said = this.#said.get(peerName);
    if (said !== undefined && now - said.atMs < LIMITS.duplicateLogMs) {
      said.more += 1;
      return;
    }
    const more =
      said !== undefined && said.more > 0 ? ` (and ${said.more} times more since it was last said)` : '';
    this.#said.delete(peerName);
    this.#said.set(peerName, { atMs: now, more: 0 });
    const [oldest] = this.#said.keys();
    if (this.#said.size > LIMITS.peersRemembered && oldest !== undefined) this.#said.delete(oldest);
    this.#log.event(text + more, { peerName, warning: true });
  }
}
