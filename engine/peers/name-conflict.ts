import { LIMITS } from '../base/limits.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import type { SessionEnding } from './session-types.ts';

export interface NameConflictOptions {
  readonly clock: Clock;
  readonly random: Randomness;
  /** Our name on the wire, which another one may have, too. */
  readonly name: string;
}

/** Somebody else seems to connect under our name: what to say, and how long to leave the server alone. */
export interface Conflict {
  readonly reason: string;
  readonly delayMs: number;
}

/**
 * Sees that two clients of one name throw each other out, as a cloned machine does, and makes this one give way. An aioc
 * server says so when it ends a connection. An older aioc does not: there the sign is that it ends connections again and
 * again shortly after they stood. Python's server keeps both clients, so it is never suspected.
 */
export class NameConflict {
  readonly #options: NameConflictOptions;
  /** Connections in a row that the server has ended soon. */
  #earlyEndings = 0;
  /** How often we have given way in a row. */
  #backOffs = 0;
  #lastDelayMs = 0;
  #establishedAt: number | undefined;
  #isSilentServer = false;

  constructor(options: NameConflictOptions) {
    this.#options = options;
  }

  /** Messages flow. @param isSilentServer the server lets a newer client of our name take over without saying so */
  established({ isSilentServer }: { readonly isSilentServer: boolean }): void {
    this.#establishedAt ??= this.#options.clock.now();
    this.#isSilentServer = isSilentServer;
  }

  /** A connection is over. @returns undefined when that has nothing to do with our name */
  ended(ending: SessionEnding): Conflict | undefined {
    const establishedMs = this.#establishedMs();
    if (establishedMs !== undefined && establishedMs >= LIMITS.conflictResetMs) this.#forget();
    const { name } = this.#options;
    if (ending.supersededFrom !== undefined)
      return this.#backOff(
        `another client called ${name} connected from ${ending.supersededFrom} and took the place of this one: give each its own client_name`,
      );
    if (ending.refusal?.code === 'name-in-use')
      return this.#backOff(
        `another client called ${name} is connected there already, and the server keeps it: give each its own client_name`,
      );
    if (establishedMs === undefined || !ending.byPeer || !this.#isSilentServer) return undefined;
    // Who gives way stays away long, and the other one has the connection so long.
    if (establishedMs > LIMITS.conflictShortMs + 2 * this.#lastDelayMs) return undefined;
    this.#earlyEndings += 1;
    if (this.#earlyEndings < LIMITS.conflictEndings) return undefined;
    return this.#backOff(
      `the server has ended ${this.#earlyEndings} connections soon after they stood: does another client use the name ${name}, too? Then give each its own client_name`,
    );
  }

  #establishedMs(): number | undefined {
    const establishedAt = this.#establishedAt;
    this.#establishedAt = undefined;
    return establishedAt === undefined ? undefined : this.#options.clock.now() - establishedAt;
  }

  #backOff(reason: string): Conflict {
    const fullMs = Math.min(LIMITS.conflictFirstMs * 2 ** this.#backOffs, LIMITS.conflictMaxMs);
    this.#backOffs = Math.min(this.#backOffs + 1, 16);
    // Never the same for both, or they would meet again and again.
    this.#lastDelayMs = Math.round(fullMs * (0.75 + this.#options.random.fraction() / 4));
    return { reason, delayMs: this.#lastDelayMs };
  }

  #forget(): void {
    this.#earlyEndings = 0;
    this.#backOffs = 0;
    this.#lastDelayMs = 0;
  }
}
