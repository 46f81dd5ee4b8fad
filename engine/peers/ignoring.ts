import type { Peer } from './peer.ts';

/**
 * Whose messages are dropped (PROTOCOL §6): new ones to and from an ignored peer, or all. What was queued before still
 * goes out, and pings and acknowledgements are still answered.
 */
export class Ignoring {
  #all = false;
  #drops = 0;
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get all(): boolean {
    return this.#all;
  }

  /** Messages dropped so far, both ways. */
  get drops(): number {
    return this.#drops;
  }

  setAll(on: boolean): void {
    this.#all = on;
    this.#onChange();
  }

  setPeer(peer: Peer, on: boolean): void {
    peer.ignored = on;
    this.#onChange();
  }

  /** Whether a message is dropped; counts it if so. */
  dropsNow(peer: Peer, direction: 'in' | 'out'): boolean {
    if (!this.#all && !peer.ignored) return false;
    this.#drops += 1;
    if (direction === 'in') peer.ignoredIn += 1;
    else peer.ignoredOut += 1;
    this.#onChange();
    return true;
  }
}
