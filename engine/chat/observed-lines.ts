import { afterMicrotasks } from '../base/batching.ts';
import { LIMITS } from '../base/limits.ts';
import type { Peer } from '../peers/peer.ts';

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

  /** @param line is only used until the end of the turn */
  add(peer: Peer, line: Buffer): void {
    const observed = this.#byPeer.get(peer);
    if (observed === undefined) {
      if (this.#byPeer.size === 0) afterMicrotasks(() => this.#showAll());
      this.#byPeer.set(peer, { lines: [line], omitted: 0 });
    } else if (observed.lines.length < LIMITS.chatObservedLines) observed.lines.push(line);
    else observed.omitted += 1;
  }

  #showAll(): void {
    const byPeer = this.#byPeer;
    this.#byPeer = new Map();
    for (const [peer, { lines, omitted }] of byPeer) this.#show(peer, lines, omitted);
  }
}
