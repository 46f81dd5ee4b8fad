/** A queue of received chunks that returns bytes in other portions; it copies only what spans two chunks. */
export class ByteQueue {
  #chunks: Buffer[] = [];
  #first = 0;
  /** Bytes of the first chunk that have already been taken. */
  #taken = 0;
  #length = 0;
  /** The last chunk, if small ones are collected in it, and its bytes in use. */
  #block: Buffer | undefined;
  #blockBytes = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#length += chunk.length;
    if (chunk.length < SMALL_BYTES && this.#first < this.#chunks.length) this.#collect(chunk);
    else this.#chunks.push(chunk);
  }

  /** Copies a small chunk behind others, because each chunk costs some 200 bytes besides its own. */
  #collect(chunk: Buffer): void {
    const last = this.#chunks.length - 1;
    const end = this.#chunks[last] as Buffer;
    const from = end.byteOffset - (this.#block?.byteOffset ?? 0);
    const isInBlock = end.buffer === this.#block?.buffer;
    if (this.#block === undefined || this.#blockBytes + chunk.length > BLOCK_BYTES) {
      this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      this.#blockBytes = chunk.copy(this.#block);
      this.#chunks.push(this.#block.subarray(0, chunk.length));
      return;
    }
    const start = isInBlock ? from : this.#blockBytes;
    this.#blockBytes += chunk.copy(this.#block, this.#blockBytes);
    const joined = this.#block.subarray(start, this.#blockBytes);
    if (isInBlock) this.#chunks[last] = joined;
    else this.#chunks.push(joined);
  }

  /** Takes exactly `count` bytes; the caller has checked that they are available. */
  take(count: number): Buffer {
    if (count > this.#length) throw new RangeError(`${count} of ${this.#length} bytes`);
    if (count === 0) return EMPTY;
    const head = this.#chunks[this.#first] as Buffer;
    if (head.length - this.#taken >= count) return this.#takeFromHead(head, count);
    const joined = Buffer.allocUnsafe(count);
    this.takeInto(joined);
    return joined;
  }

  /** Takes as many bytes as there are and fit. @returns how many */
  takeInto(target: Buffer): number {
    let filled = 0;
    while (filled < target.length && this.#length > 0)
      filled += this.takeSome(target.length - filled).copy(target, filled);
    return filled;
  }

  /** Takes an unsigned little-endian integer of 1, 2 or 4 bytes; the caller has checked that they are available. */
  takeNumber(bytes: 1 | 2 | 4): number {
    const head = this.#chunks[this.#first];
    if (head === undefined || head.length - this.#taken <= bytes)
      return this.take(bytes).readUIntLE(0, bytes);
    const at = this.#taken;
    this.#taken += bytes;
    this.#length -= bytes;
    let value = 0;
    // By hand, because it runs several times per frame.
    for (let index = bytes - 1; index >= 0; index -= 1) value = value * 256 + (head[at + index] as number);
    return value;
  }

  /** The first byte, without taking it; undefined if there is none. */
  peek(): number | undefined {
    return this.#chunks[this.#first]?.[this.#taken];
  }

  /** Puts bytes back at the front. */
  unread(bytes: Buffer): void {
    const [head, ...others] = this.#chunks.slice(this.#first);
    this.#chunks = head === undefined ? [bytes] : [bytes, head.subarray(this.#taken), ...others];
    this.#first = 0;
    this.#taken = 0;
    this.#length += bytes.length;
  }

  /** Takes between one and `maxBytes` bytes without copying; empty only if the queue is empty. */
  takeSome(maxBytes: number): Buffer {
    const head = this.#chunks[this.#first];
    if (head === undefined || maxBytes === 0) return EMPTY;
    return this.#takeFromHead(head, Math.min(maxBytes, head.length - this.#taken));
  }

  #takeFromHead(head: Buffer, count: number): Buffer {
    this.#length -= count;
    const at = this.#taken;
    if (at + count === head.length) this.#dropHead();
    else this.#taken += count;
    return at === 0 && count === head.length ? head : head.subarray(at, at + count);
  }

  #dropHead(): void {
    this.#taken = 0;
    this.#first += 1;
    // Compacting only occasionally keeps many small takes linear.
    if (this.#first === this.#chunks.length || this.#first > 1024) {
      this.#chunks = this.#chunks.slice(this.#first);
      this.#first = 0;
    }
  }
}

const EMPTY = Buffer.alloc(0);
/** Chunks below this size are collected, if others are waiting. */
const SMALL_BYTES = 512;
const BLOCK_BYTES = 16 * 1024;
