import { FrameMemory } from './frame-memory.ts';

/**
 * Bounds the message bytes in a connector's memory: all queues, connections and programs together. When it is used up,
 * aioc stops reading, so that programs wait at their sockets and peers keep messages in their queues.
 */
export class MemoryBudget {
  readonly bytes: number;
  /** Bytes in use. It exceeds `bytes` if holders that had nothing took one item each. */
  heldBytes = 0;
  /** The part of it for unfinished frames. */
  readonly frames: FrameMemory;

  constructor(bytes: number) {
    this.bytes = bytes;
    this.frames = new FrameMemory(this);
  }
}

/** The share of one holder. A holder that has nothing may always take one item, so that all make progress. */
export class MemoryLease {
  readonly #budget: MemoryBudget;
  #heldBytes = 0;

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether this many more bytes may be taken now. */
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

  /** Returns everything, when the holder is closed. */
  giveAll(): void {
    this.give(this.#heldBytes);
  }
}
