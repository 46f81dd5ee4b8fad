import { LIMITS } from './limits.ts';

/** The common budget: see MemoryBudget. */
interface Budget {
  readonly bytes: number;
  heldBytes: number;
}

/**
 * The memory for the bytes of unfinished frames, of all connections together: at most half of the common budget, so that
 * whole messages always find the other half. A frame that finds no room waits, without being read. One frame at a time,
 * in the order in which they began to wait, has the turn: it may grow to its end whatever the others hold, and takes no
 * room from them. So each of them is finished some time, and no more than one is held beside the half. A frame that is
 * larger than the half needs the turn in any case, so it takes no memory before it has it.
 */
export class FrameMemory {
  readonly #budget: Budget;
  readonly #maxBytes: number;
  readonly #waitingForRoom = new Map<FrameLease, WaitingFrame>();
  readonly #waitingForTurn = new Map<FrameLease, WaitingFrame>();
  #asked = 0;
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

  /** Frames that wait for the memory of this one. */
  waitingFor(lease: FrameLease): number {
    return this.#waitingForRoom.size + (this.#turn === lease ? this.#waitingForTurn.size : 0);
  }

  hasTurn(lease: FrameLease): boolean {
    return this.#turn === lease;
  }

  /** Whether a frame that will have this many bytes may take more of them now, without the turn. */
  hasRoomFor(wholeBytes: number): boolean {
    return wholeBytes <= this.#maxBytes && this.#hasRoom;
  }

  get #hasRoom(): boolean {
    const heldBytes = this.#heldBytes - (this.#turn?.heldBytes ?? 0);
    return heldBytes < this.#maxBytes && this.#budget.heldBytes < this.#budget.bytes;
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
    if (this.#turn === undefined && this.#waiting === 0) {
      this.#turn = lease;
      return false;
    }
    const waiting = lease.wholeBytes > this.#maxBytes ? this.#waitingForTurn : this.#waitingForRoom;
    this.#asked += 1;
    waiting.set(lease, { lease, resume, place: this.#asked });
    return true;
  }

  /** The frame needs no more memory now, or none at all. */
  leave(lease: FrameLease): void {
    this.#waitingForRoom.delete(lease);
    this.#waitingForTurn.delete(lease);
    if (this.#turn === lease) this.#turn = undefined;
  }

  /** Gives room and turn to those that wait. Call when there may be some. */
  giveOut(): void {
    // One that is resumed may give back what it holds, which calls this again.
    if (this.#waiting === 0 || this.#isGiving) return;
    this.#isGiving = true;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { lease, resume } = next;
      if (!this.hasRoomFor(lease.wholeBytes)) this.#turn ??= lease;
      this.#waitingForRoom.delete(lease);
      this.#waitingForTurn.delete(lease);
      resume();
    }
    this.#isGiving = false;
  }

  get #waiting(): number {
    return this.#waitingForRoom.size + this.#waitingForTurn.size;
  }

  /** Which one may be read on now. */
  #next(): WaitingFrame | undefined {
    const [forRoom] = this.#waitingForRoom.values();
    if (forRoom !== undefined && this.#hasRoom) return forRoom;
    if (this.#turn !== undefined) return undefined;
    const [forTurn] = this.#waitingForTurn.values();
    if (forRoom === undefined || forTurn === undefined) return forRoom ?? forTurn;
    return forRoom.place < forTurn.place ? forRoom : forTurn;
  }
}

/** A frame that waits for memory. */
interface WaitingFrame {
  readonly lease: FrameLease;
  readonly resume: () => void;
  /** In the order in which they began to wait. */
  readonly place: number;
}

/** The unfinished frame of one connection, with what else it has sent and nobody has read yet. */
export class FrameLease {
  readonly #memory: FrameMemory;
  #heldBytes = 0;
  #wholeBytes = 0;
  #isWaiting = false;

  constructor(memory: FrameMemory) {
    this.#memory = memory;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get wholeBytes(): number {
    return this.#wholeBytes;
  }

  /** Sets the bytes that are held now, and those that will be when the frame is finished, as far as it is known. */
  hold(bytes: number, wholeBytes: number): void {
    this.#wholeBytes = wholeBytes;
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
    if (this.#heldBytes <= LIMITS.frameFreeBytes) return true;
    return this.#memory.hasTurn(this) || this.#memory.hasRoomFor(this.#wholeBytes);
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
    if (this.#heldBytes <= LIMITS.frameFreeBytes || this.#memory.waitingFor(this) === 0) return 1;
    return this.#memory.hasTurn(this) ? LIMITS.turnProgressBytes : LIMITS.heldProgressBytes;
  }

  /** The connection has ended. */
  release(): void {
    this.hold(0, 0);
    this.yield();
  }
}
