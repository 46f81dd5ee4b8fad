import type { FaultyRelay } from '../../helpers/faulty-relay.ts';

/** The relay in front of the server, which also counts. */
export class Wire {
  bytes = 0;
  readonly relay: FaultyRelay;
  #dueBytes = Number.POSITIVE_INFINITY;
  #due = (): void => undefined;

  constructor(relay: FaultyRelay) {
    this.relay = relay;
    relay.onForward = (count) => {
      this.bytes += count;
      if (this.bytes < this.#dueBytes) return;
      this.#dueBytes = Number.POSITIVE_INFINITY;
      this.#due();
    };
  }

  /** Calls `action` in the moment when so many more bytes have gone through, once. A later call replaces it. */
  after(bytes: number, action: () => void): void {
    this.#dueBytes = this.bytes + bytes;
    this.#due = action;
  }
}
