import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { pingFrame } from '../protocol/messages.ts';
import type { Peer } from './peer.ts';

interface PendingPing {
  readonly peer: Peer;
  answered(): void;
}

/** This connector's own pings to its peers. */
export class Pings {
  readonly #clock: Clock;
  readonly #sourceId: () => string;
  readonly #pending = new Map<string, PendingPing>();
  #last = 0;

  /** @param options `sourceId`: the name of this connector on the wire */
  constructor({ clock, sourceId }: { readonly clock: Clock; readonly sourceId: () => string }) {
    this.#clock = clock;
    this.#sourceId = sourceId;
  }

  /**
   * Pings a peer.
   *
   * @returns the round trip in milliseconds
   * @throws AiocError AIOC_PEER_AWAY, AIOC_TIMEOUT
   */
  async ping(peer: Peer): Promise<number> {
    const { link } = peer;
    if (link === undefined) throw new AiocError('AIOC_PEER_AWAY', `${peer.name} is not connected`);
    this.#last += 1;
    const requestId = `_aioc_ping_${this.#last}`;
    const startedAt = this.#clock.now();
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(LIMITS.pingTimeoutMs, () => {
        this.#pending.delete(requestId);
        const text = `${peer.name} did not answer within ${LIMITS.pingTimeoutMs / 1000} s`;
        reject(new AiocError('AIOC_TIMEOUT', text));
      });
      const answered = (): void => {
        timer.cancel();
        const lagMs = this.#clock.now() - startedAt;
        peer.measured(lagMs);
        resolve(lagMs);
      };
      this.#pending.set(requestId, { peer, answered });
      link.send(pingFrame({ requestId, sourceId: this.#sourceId(), destinationId: peer.wireName }));
    });
  }

  /** A peer has answered a ping; returns false if it is none of these. */
  answered(peer: Peer | undefined, responseId: unknown): boolean {
    const ping = typeof responseId === 'string' ? this.#pending.get(responseId) : undefined;
    if (ping === undefined || ping.peer !== peer) return false;
    this.#pending.delete(responseId as string);
    ping.answered();
    return true;
  }
}
