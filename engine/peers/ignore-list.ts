import type { Peer } from './peer.ts';

/**
 * The peers whose messages are dropped (PROTOCOL §6): new ones to and from an ignored peer, or all. Messages that were
 * already queued are still sent, and pings and acks are still answered.
 */
export class IgnoreList {
  readonly #keyOf: (peer: Peer) => string;
  readonly #peers = new Set<string>();
  #all = false;
  #drops = 0;
  readonly #onChange: () => void;

  /** @param keyOf the key of a peer: its name, or what distinguishes peers of the same name */
  constructor(keyOf: (peer: Peer) => string, onChange: () => void) {
    this.#keyOf = keyOf;
    this.#onChange = onChange;
  }

  get all(): boolean {
    return this.#all;
  }

  /** Messages dropped so far, in both directions. */
  get drops(): number {
    return this.#drops;
  }

  setAll(on: boolean): void {
    this.#all = on;
    this.#onChange();
  }

  setPeer(peer: Peer, on: boolean): void {
    if (on) this.#peers.add(this.#keyOf(peer));
    else this.#peers.delete(this.#keyOf(peer));
    this.#onChange();
  }

  /** All peers, none, or exactly these. */
  set(which: boolean | readonly string[]): void {
    if (typeof which === 'boolean') this.setAll(which);
    else this.setOnly(which);
  }

  /** Ignores exactly these, known or not. */
  setOnly(keys: readonly string[]): void {
    this.#all = false;
    this.#peers.clear();
    for (const key of keys) this.#peers.add(key);
    this.#onChange();
  }

  /** The ignored peers, by their keys. */
  get peers(): readonly string[] {
    return [...this.#peers];
  }

  includes(peer: Peer): boolean {
    return this.#peers.has(this.#keyOf(peer));
  }

  /** Whether messages from it and to it are dropped. */
  ignores(peer: Peer): boolean {
    return this.#all || this.includes(peer);
  }

  /** Whether messages must be dropped; counts them if so. */
  dropIfIgnored(peer: Peer, direction: 'in' | 'out', count = 1): boolean {
    if (!this.ignores(peer)) return false;
    this.#drops += count;
    peer.countIgnored(direction, count);
    this.#onChange();
    return true;
  }
}
