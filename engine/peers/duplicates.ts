import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { TrafficLog } from './traffic-log.ts';

interface Warning {
  readonly atMs: number;
  /** How often it has happened since the last warning. */
  suppressed: number;
}

/** Warns about clients that share one name, at most once per period and name. */
export class Duplicates {
  readonly #clock: Clock;
  readonly #log: TrafficLog;
  readonly #warnings = new Map<string, Warning>();

  constructor(clock: Clock, log: TrafficLog) {
    this.#clock = clock;
    this.#log = log;
  }

  /** A newer connection supersedes an established one of the same name. */
  replaced(peerName: string, { from, by }: { readonly from: string; readonly by: string }): void {
    this.#warn(
      peerName,
      `connected from ${by} and replaced its connection from ${from}: do two clients use this client_name?`,
    );
  }

  /** A newer connection is refused, because the established one still answers. */
  refused(peerName: string, { from, by }: { readonly from: string; readonly by: string }): void {
    this.#warn(
      peerName,
      `refused from ${by}: its connection from ${from} still answers (duplicate_client: refuse); do two clients use this client_name?`,
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
        ? ` (${last.suppressed} more times since the last warning)`
        : '';
    this.#warnings.delete(peerName);
    this.#warnings.set(peerName, { atMs: now, suppressed: 0 });
    const [oldest] = this.#warnings.keys();
    if (this.#warnings.size > LIMITS.peersRemembered && oldest !== undefined) this.#warnings.delete(oldest);
    this.#log.event(text + suppressed, { peerName, warning: true });
  }
}
