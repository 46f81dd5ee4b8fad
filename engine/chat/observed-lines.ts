import { afterMicrotasks } from '../base/batching.ts';
import { LIMITS } from '../base/limits.ts';
import type { Peer } from '../peers/peer.ts';
import { recordsOf } from '../protocol/record-batch.ts';
import type { MessageBatch } from '../queues/message-batch.ts';

interface Observed {
  readonly lines: Buffer[];
  omitted: number;
}

/**
 * Collects messages between programs for a conversation. Programs may send thousands in one turn; only the first ones
 * are shown, with the number of the others.
 */
export class ObservedLines {
  readonly #show: (peer: Peer, lines: readonly Buffer[], omitted: number) => void;
  #byPeer = new Map<Peer, Observed>();

  constructor(show: (peer: Peer, lines: readonly Buffer[], omitted: number) => void) {
    this.#show = show;
  }

  /** @param batch is only used until the end of the turn */
  add(peer: Peer, { count, records }: MessageBatch): void {
    const observed = this.#of(peer);
    let looked = 0;
    for (const { data } of recordsOf(records)) {
      if (observed.lines.length === LIMITS.chatObservedLines) break;
      looked += 1;
      if (data.length > 0) observed.lines.push(data);
    }
    observed.omitted += count - looked;
  }

  #of(peer: Peer): Observed {
    const known = this.#byPeer.get(peer);
    if (known !== undefined) return known;
    if (this.#byPeer.size === 0) afterMicrotasks(() => this.#showAll());
    const observed = { lines: [], omitted: 0 };
    this.#byPeer.set(peer, observed);
    return observed;
  }

  #showAll(): void {
    const byPeer = this.#byPeer;
    this.#byPeer = new Map();
    for (const [peer, { lines, omitted }] of byPeer) this.#show(peer, lines, omitted);
  }
}
