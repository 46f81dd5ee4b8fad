/** Bytes as they arrived, taken off in other portions than they came in; copies only what spans two chunks. */
export class ByteQueue {
  #chunks: Buffer[] = [];
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** Exactly `count` bytes; the caller has checked that they are here. */
  take(count: number): Buffer {
    if (count > this.#length) throw new RangeError(`${count} of ${this.#length} bytes`);
    if (count === 0) return EMPTY;
    const head = this.#chunks[this.#first] as Buffer;
    if (head.length >= count) return this.#takeFromHead(head, count);
    const joined = Buffer.allocUnsafe(count);
    for (let filled = 0; filled < count; ) {
      filled += this.takeSome(count - filled).copy(joined, filled);
    }
    return joined;
  }

  /** The first byte, left in its place; undefined when there is none. */
  peek(): number | undefined {
    return this.#chunks[this.#first]?.[0];
  }

  /** Puts bytes back in front of the others. */
  unread(bytes: Buffer): void {
    this.#chunks = [bytes, ...this.#chunks.slice(this.#first)];
    this.#first = 0;
    this.#length += bytes.length;
  }

  /** At least one and at most `maxBytes` bytes, without copying; empty only when nothing is here. */
  takeSome(maxBytes: number): Buffer {
    const head = this.#chunks[this.#first];
    if (head === undefined || maxBytes === 0) return EMPTY;
    return this.#takeFromHead(head, Math.min(maxBytes, head.length));
  }

  #takeFromHead(head: Buffer, count: number): Buffer {
    this.#length -= count;
    if (count === head.length) {
      this.#dropHead();
      return head;
    }
    this.#chunks[this.#first] = head.subarray(count);
    return head.subarray(0, count);
  }

  #dropHead(): void {
    this.#first += 1;
    // Compacting only now and then keeps taking many small chunks linear.
    if (this.#first === this.#chunks.length || this.#first > 1024) {
      this.#chunks = this.#chunks.slice(this.#first);
      this.#first = 0;
    }
  }
}

const EMPTY = Buffer.alloc(0);
