import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { pingFrame } from '../protocol/messages.ts';
import type { Peer } from './peer.ts';

interface PendingPing {
  answered(): void;
  failed(error: AiocError): void;
}

/** This connector's own pings to its peers. */
export class Pings {
  readonly #clock: Clock;
  readonly #sourceId: () => string;
  readonly #pending = new Map<Peer, Map<string, PendingPing>>();
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
        const text = `${peer.name} did not answer within ${LIMITS.pingTimeoutMs / 1000} s`;
        this.#take(peer, requestId)?.failed(new AiocError('AIOC_TIMEOUT', text));
      });
      this.#add(peer, requestId, {
        answered: () => {
          timer.cancel();
          const lagMs = this.#clock.now() - startedAt;
          peer.measured(lagMs);
          resolve(lagMs);
        },
        failed: (error) => {
          timer.cancel();
          reject(error);
        },
      });
      link.send(pingFrame({ requestId, sourceId: this.#sourceId(), destinationId: peer.wireName }));
    });
  }

  /** A peer has answered a ping; returns false if it is none of these. */
  answered(peer: Peer | undefined, responseId: unknown): boolean {
    if (peer === undefined || typeof responseId !== 'string') return false;
    const ping = this.#take(peer, responseId);
    ping?.answered();
    return ping !== undefined;
  }

  /** A peer is away: it answers none of its pings any more. */
  disconnected(peer: Peer): void {
    const pings = this.#pending.get(peer);
    this.#pending.delete(peer);
    for (const ping of pings?.values() ?? [])
      ping.failed(new AiocError('AIOC_PEER_AWAY', `${peer.name} disconnected before it answered`));
  }

  #add(peer: Peer, requestId: string, ping: PendingPing): void {
    const pings = this.#pending.get(peer) ?? new Map<string, PendingPing>();
    pings.set(requestId, ping);
    this.#pending.set(peer, pings);
  }

  #take(peer: Peer, requestId: string): PendingPing | undefined {
    const pings = this.#pending.get(peer);
    const ping = pings?.get(requestId);
    pings?.delete(requestId);
    if (pings?.size === 0) this.#pending.delete(peer);
    return ping;
  }
}
