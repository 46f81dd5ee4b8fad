/** Keeps the latest byte strings in one circular buffer. Adding one costs a copy and creates no garbage. */
export class RecentBytes {
  readonly #capacity: number;
  /** Grows until it has its maximum size. */
  #memory: Buffer = EMPTY;
  /** Total number of bytes added: the next offset. */
  #end = 0;

  constructor(capacityBytes: number) {
    this.#capacity = capacityBytes;
  }

  /** @returns the offset, which is never used again. A string that is longer than the buffer is not kept. */
  put(bytes: Buffer): number {
    const lengthBytes = bytes.length;
    const room = this.#capacity - (this.#end % this.#capacity);
    // An entry is contiguous, so that it can be returned as one slice.
    if (lengthBytes > room) this.#end += room;
    const at = this.#end;
    this.#end += lengthBytes;
    if (lengthBytes > this.#capacity) return at;
    const from = at % this.#capacity;
    if (from + lengthBytes > this.#memory.length) this.#grow(from + lengthBytes);
    this.#memory.set(bytes, from);
    return at;
  }

  /** Whether the entry at this offset, and all later ones, will still exist after `moreBytes` more bytes were added. */
  outlives(at: number, moreBytes: number): boolean {
    const room = this.#capacity - (this.#end % this.#capacity);
    const start = moreBytes > room ? this.#end + room : this.#end;
    return start + moreBytes - at <= this.#capacity;
  }

  /** The memory that `find` refers to, until the next `put`. */
  get memory(): Buffer {
    return this.#memory;
  }

  /** Where the entry is in `memory`; -1 if it was overwritten. */
  find(at: number, lengthBytes: number): number {
    return lengthBytes > this.#capacity || this.#end - at > this.#capacity ? -1 : at % this.#capacity;
  }

  #grow(neededBytes: number): void {
    const wanted = Math.max(neededBytes, 2 * this.#memory.length, FIRST_BYTES);
    const grown = Buffer.allocUnsafeSlow(Math.min(wanted, this.#capacity));
    this.#memory.copy(grown);
    this.#memory = grown;
  }
}

const FIRST_BYTES = 16 * 1024;
const EMPTY = Buffer.alloc(0);
