import { LIMITS } from '../base/limits.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import type { SessionEnding } from './session-types.ts';

export interface NameConflictOptions {
  readonly clock: Clock;
  readonly random: Randomness;
  /** The name of this client on the wire, which another client may use too. */
  readonly name: string;
}

/** Another client seems to use the same name: the reason to show, and how long to wait before reconnecting. */
export interface Conflict {
  readonly reason: string;
  readonly delayMs: number;
}

/**
 * Detects that two clients of one name supersede each other, as cloned machines do, and makes this one back off. An
 * aioc server reports the reason when it ends a connection. An older aioc server does not: it is recognised by ending
 * several connections in a row soon after they were established. Python's server keeps both clients and is never
 * suspected.
 */
export class NameConflict {
  readonly #options: NameConflictOptions;
  /** Consecutive connections that the server ended early. */
  #earlyEndings = 0;
  /** Consecutive back-offs. */
  #backOffs = 0;
  #lastDelayMs = 0;
  #establishedAt: number | undefined;
  #isSilentServer = false;

  constructor(options: NameConflictOptions) {
    this.#options = options;
  }

  /**
   * The connection is established.
   *
   * @param isSilentServer the server lets a newer client of the same name take over without reporting it
   */
  established({ isSilentServer }: { readonly isSilentServer: boolean }): void {
    this.#establishedAt ??= this.#options.clock.now();
    this.#isSilentServer = isSilentServer;
  }

  /**
   * A connection has ended.
   *
   * @returns undefined if that has nothing to do with the name
   */
  ended(ending: SessionEnding): Conflict | undefined {
    const establishedMs = this.#establishedMs();
    if (establishedMs !== undefined && establishedMs >= LIMITS.conflictResetMs) this.#forget();
    const { name } = this.#options;
    if (ending.supersededFrom !== undefined)
      return this.#backOff(
        `another client named ${name} connected from ${ending.supersededFrom} and replaced this one: give each client its own client_name`,
      );
    if (ending.refusal?.code === 'name-in-use')
      return this.#backOff(
        `another client named ${name} is already connected to the server: give each client its own client_name`,
      );
    if (establishedMs === undefined || !ending.byPeer || !this.#isSilentServer) return undefined;
    // The client that backs off stays away for that long, and the other one keeps the connection meanwhile.
    if (establishedMs > LIMITS.conflictShortMs + 2 * this.#lastDelayMs) return undefined;
    this.#earlyEndings += 1;
    if (this.#earlyEndings < LIMITS.conflictEndings) return undefined;
    return this.#backOff(
      `the server ended ${this.#earlyEndings} connections soon after they were established: if another client is named ${name} too, give each its own client_name`,
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
    // Random, so that the two clients do not keep colliding.
    this.#lastDelayMs = Math.round(fullMs * (0.75 + this.#options.random.fraction() / 4));
    return { reason, delayMs: this.#lastDelayMs };
  }

  #forget(): void {
    this.#earlyEndings = 0;
    this.#backOffs = 0;
    this.#lastDelayMs = 0;
  }
}
