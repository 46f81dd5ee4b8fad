import { LIMITS } from '../base/limits.ts';
import { lastPositionOf, type StoredBatch } from './store.ts';

/** The last batches of a stream, up to LIMITS.storeTailBytes. */
export class StreamTail {
  /** This tail has all messages of the stream after this position, up to `lastPosition`. */
  #behind: number;
  #lastPosition: number;
  #batches: StoredBatch[] = [];
  /** Batches before this index are deleted. They are removed now and then, not each time. */
  #first = 0;
  #bytes = 0;

  /** @param behind the last position of the stream before the first batch that is added */
  constructor(behind: number) {
    this.#behind = behind;
    this.#lastPosition = behind;
  }

  /** The position of the last message that was added. */
  get lastPosition(): number {
    return this.#lastPosition;
  }

  add(batch: StoredBatch): void {
    this.#batches.push(batch);
    this.#bytes += batch.records.length;
    this.#lastPosition = lastPositionOf(batch);
    while (this.#bytes > LIMITS.storeTailBytes) this.#forgetFirst();
    this.#cut();
  }

  /** Deletes the batches all of whose messages are at or before this position. */
  forget(upTo: number): void {
    for (;;) {
      const first = this.#batches[this.#first];
      if (first === undefined || lastPositionOf(first) > upTo) break;
      this.#forgetFirst();
    }
    this.#cut();
  }

  /** As Store.read; undefined if only the store can tell: this tail lacks some of the messages, or has none of them. */
  read(after: number, maxBytes: number): readonly StoredBatch[] | undefined {
    if (after < this.#behind) return undefined;
    const found: StoredBatch[] = [];
    let bytes = 0;
    for (let index = this.#indexBehind(after); index < this.#batches.length; index += 1) {
      const batch = this.#batches[index] as StoredBatch;
      bytes += batch.records.length;
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(batch);
    }
    return found.length === 0 ? undefined : found;
  }

  #forgetFirst(): void {
    const batch = this.#batches[this.#first] as StoredBatch;
    this.#first += 1;
    this.#bytes -= batch.records.length;
    this.#behind = lastPositionOf(batch);
  }

  #cut(): void {
    if (this.#first * 2 <= this.#batches.length) return;
    this.#batches = this.#batches.slice(this.#first);
    this.#first = 0;
  }

  #indexBehind(position: number): number {
    let low = this.#first;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (lastPositionOf(this.#batches[middle] as StoredBatch) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
