import { LIMITS } from './limits.ts';

/** The common budget: see MemoryBudget. */
interface Budget {
  readonly bytes: number;
  heldBytes: number;
}

/**
 * The memory for the bytes of unfinished frames, of all connections together: at most half of the common budget, so that
 * whole messages always find the other half. A frame that finds no room waits, without being read. One frame at a time,
 * in the order in which they began to wait, has the turn: it may grow to its end whatever the others hold. So each of them
 * is finished some time, and no more than one exceeds the half.
 */
export class FrameMemory {
  readonly #budget: Budget;
  readonly #maxBytes: number;
  readonly #waiting = new Map<FrameLease, () => void>();
  #heldBytes = 0;
  #chargedBytes = 0;
  #turn: FrameLease | undefined;
  #isGiving = false;

  constructor(budget: Budget) {
    this.#budget = budget;
    this.#maxBytes = budget.bytes / 2;
  }

  /** Bytes of unfinished frames. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Frames that wait for memory. */
  get waiting(): number {
    return this.#waiting.size;
  }

  get hasRoom(): boolean {
    return this.#heldBytes < this.#maxBytes && this.#budget.heldBytes < this.#budget.bytes;
  }

  hasTurn(lease: FrameLease): boolean {
    return this.#turn === lease;
  }

  add(bytes: number): void {
    this.#heldBytes += bytes;
    // The frame that has the turn must not use up what is left for whole messages.
    const charged = Math.min(this.#heldBytes, this.#maxBytes);
    this.#budget.heldBytes += charged - this.#chargedBytes;
    this.#chargedBytes = charged;
  }

  /** @param resume called once, when the frame may be read on; not if it may be at once */
  mustWait(lease: FrameLease, resume: () => void): boolean {
    if (this.#turn === undefined && this.#waiting.size === 0) {
      this.#turn = lease;
      return false;
    }
    this.#waiting.set(lease, resume);
    return true;
  }

  /** The frame needs no more memory now, or none at all. */
  leave(lease: FrameLease): void {
    this.#waiting.delete(lease);
    if (this.#turn === lease) this.#turn = undefined;
  }

  /** Gives room and turn to those that wait. Call when there may be some. */
  giveOut(): void {
    // One that is resumed may give back what it holds, which calls this again.
    if (this.#isGiving) return;
    this.#isGiving = true;
    for (const [lease, resume] of this.#waiting) {
      const { hasRoom } = this;
      if (!hasRoom && this.#turn !== undefined) break;
      this.#waiting.delete(lease);
      if (!hasRoom) this.#turn = lease;
      resume();
    }
    this.#isGiving = false;
  }
}

/** The unfinished frame of one connection, with what else it has sent and nobody has read yet. */
export class FrameLease {
  readonly #memory: FrameMemory;
  #heldBytes = 0;
  #isWaiting = false;

  constructor(memory: FrameMemory) {
    this.#memory = memory;
  }

  /** Sets the bytes that are held now. */
  hold(bytes: number): void {
    if (bytes === this.#heldBytes) return;
    const isLess = bytes < this.#heldBytes;
    this.#memory.add(bytes - this.#heldBytes);
    this.#heldBytes = bytes;
    if (!isLess) return;
    if (bytes <= LIMITS.frameFreeBytes) this.#memory.leave(this);
    this.#memory.giveOut();
  }

  /** Whether more bytes may arrive. Each connection may always have some, so that small messages never wait. */
  get mayGrow(): boolean {
    return this.#heldBytes <= LIMITS.frameFreeBytes || this.#memory.hasTurn(this) || this.#memory.hasRoom;
  }

  /**
   * Whether the frame must wait for memory before more of it is read. Call only if it is wanted now.
   *
   * @param resume called when there is memory
   */
  mustWait(resume: () => void): boolean {
    if (this.#isWaiting) return true;
    if (this.mayGrow) return false;
    this.#isWaiting = this.#memory.mustWait(this, () => {
      this.#isWaiting = false;
      resume();
    });
    return this.#isWaiting;
  }

  /** Nothing more is read now, for other reasons than memory: the others need not wait for this one. */
  yield(): void {
    if (!this.#isWaiting && !this.#memory.hasTurn(this)) return;
    this.#isWaiting = false;
    this.#memory.leave(this);
    this.#memory.giveOut();
  }

  /** Bytes that must arrive in LIMITS.frameStallMs, or the frame has stalled. It is more where others wait for it. */
  get neededBytes(): number {
    if (this.#memory.waiting === 0 || this.#heldBytes <= LIMITS.frameFreeBytes) return 1;
    return this.#memory.hasTurn(this) ? LIMITS.turnProgressBytes : LIMITS.heldProgressBytes;
  }

  /** The connection has ended. */
  release(): void {
    this.hold(0);
    this.yield();
  }
}
