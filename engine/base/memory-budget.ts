/**
 * How much of messages one connector holds in its memory, all queues, connections and programs together. Where it is
 * spent nobody reads more, and whoever sends waits: programs at their sockets, peers with their queues on the disk.
 */
export class MemoryBudget {
  readonly bytes: number;
  /** What is held at the moment: more than `bytes` where some who held nothing have taken one thing each. */
  heldBytes = 0;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

/** What one holder holds. Who holds nothing may always take one thing, so that all go on, however slowly. */
export class MemoryLease {
  readonly #budget: MemoryBudget;
  #heldBytes = 0;

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether so much more may be taken now. Where it may not, it may at the latest when all that is held was given back. */
  mayTake(bytes: number): boolean {
    return this.#heldBytes === 0 || this.#budget.heldBytes + bytes <= this.#budget.bytes;
  }

  take(bytes: number): void {
    this.#heldBytes += bytes;
    this.#budget.heldBytes += bytes;
  }

  give(bytes: number): void {
    this.take(-bytes);
  }

  /** Its holder is gone. */
  giveAll(): void {
    this.give(this.#heldBytes);
  }
}
