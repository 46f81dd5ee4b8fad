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
  #endedSoon = 0;
  /** How often we have given way in a row. */
  #gaveWay = 0;
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
    const stoodMs = this.#stoodMs();
    if (stoodMs !== undefined && stoodMs >= LIMITS.conflictCalmMs) this.#forget();
    const { name } = this.#options;
    if (ending.supersededFrom !== undefined)
      return this.#giveWay(
        `another client called ${name} connected from ${ending.supersededFrom} and took the place of this one: give each its own client_name`,
      );
    if (ending.refusal?.code === 'name-in-use')
      return this.#giveWay(
        `another client called ${name} is connected there already, and the server keeps it: give each its own client_name`,
      );
    if (stoodMs === undefined || !ending.byPeer || !this.#isSilentServer) return undefined;
    // Who gives way stays away long, and the other one has the connection so long.
    if (stoodMs > LIMITS.conflictSoonMs + 2 * this.#lastDelayMs) return undefined;
    this.#endedSoon += 1;
    if (this.#endedSoon < LIMITS.conflictEndings) return undefined;
    return this.#giveWay(
      `the server has ended ${this.#endedSoon} connections soon after they stood: does another client use the name ${name}, too? Then give each its own client_name`,
    );
  }

  #stoodMs(): number | undefined {
    const establishedAt = this.#establishedAt;
    this.#establishedAt = undefined;
    return establishedAt === undefined ? undefined : this.#options.clock.now() - establishedAt;
  }

  #giveWay(reason: string): Conflict {
    const fullMs = Math.min(LIMITS.conflictFirstMs * 2 ** this.#gaveWay, LIMITS.conflictMaxMs);
    this.#gaveWay = Math.min(this.#gaveWay + 1, 16);
    // Never the same for both, or they would meet again and again.
    this.#lastDelayMs = Math.round(fullMs * (0.75 + this.#options.random.fraction() / 4));
    return { reason, delayMs: this.#lastDelayMs };
  }

  #forget(): void {
    this.#endedSoon = 0;
    this.#gaveWay = 0;
    this.#lastDelayMs = 0;
  }
}
