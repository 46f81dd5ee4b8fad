/**
 * The latest of many byte strings, in one piece of memory that is written in a circle. To keep one more costs a copy and
 * leaves nothing behind for the garbage collector.
 */
export class RecentBytes {
  readonly #capacity: number;
  /** Grows as it is filled, until it is as large as it may be. */
  #memory: Buffer = EMPTY;
  /** How many bytes have ever been put: where the next ones will lie. */
  #end = 0;

  constructor(capacityBytes: number) {
    this.#capacity = capacityBytes;
  }

  /**
   * Keeps `first`, and behind it as much of `second` as `secondBytes` says.
   *
   * @returns where they lie; never the same again. Of what is longer than the whole memory nothing is kept.
   */
  put(first: Buffer, second: Buffer, secondBytes: number): number {
    const lengthBytes = first.length + secondBytes;
    const room = this.#capacity - (this.#end % this.#capacity);
    // What is kept lies in one piece, so that it can be given out in one.
    if (lengthBytes > room) this.#end += room;
    const at = this.#end;
    this.#end += lengthBytes;
    if (lengthBytes > this.#capacity) return at;
    const from = at % this.#capacity;
    if (from + lengthBytes > this.#memory.length) this.#grow(from + lengthBytes);
    first.copy(this.#memory, from);
    second.copy(this.#memory, from + first.length, 0, secondBytes);
    return at;
  }

  /** Whether what lies there is still there when so many more bytes are put, and with it all that was put later. */
  outlives(at: number, moreBytes: number): boolean {
    const room = this.#capacity - (this.#end % this.#capacity);
    const start = moreBytes > room ? this.#end + room : this.#end;
    return start + moreBytes - at <= this.#capacity;
  }

  /** What was put there, until something else is put; undefined when it has been written over. */
  get(at: number, lengthBytes: number): Buffer | undefined {
    if (lengthBytes > this.#capacity || this.#end - at > this.#capacity) return undefined;
    const from = at % this.#capacity;
    return this.#memory.subarray(from, from + lengthBytes);
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
