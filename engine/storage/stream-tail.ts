import { LIMITS } from '../base/limits.ts';
import type { StoredRecord } from './store.ts';

/** The last records of a stream, up to LIMITS.storeTailBytes. */
export class StreamTail {
  /** This tail has all records of the stream after this position. */
  #behind: number;
  #records: StoredRecord[] = [];
  /** Records before this index are deleted. They are removed now and then, not each time. */
  #first = 0;
  #bytes = 0;

  constructor(behind: number) {
    this.#behind = behind;
  }

  add(record: StoredRecord): void {
    this.#records.push(record);
    this.#bytes += record.payload.length;
    while (this.#bytes > LIMITS.storeTailBytes) this.#forgetFirst();
    this.#cut();
  }

  /** Deletes all records up to a position. */
  forget(upTo: number): void {
    while ((this.#records[this.#first]?.position ?? Number.POSITIVE_INFINITY) <= upTo) this.#forgetFirst();
    this.#cut();
  }

  /** As Store.read; undefined if this tail does not have all requested records. */
  read(after: number, maxBytes: number): readonly StoredRecord[] | undefined {
    if (after < this.#behind) return undefined;
    const found: StoredRecord[] = [];
    let bytes = 0;
    for (let index = this.#indexBehind(after); index < this.#records.length; index += 1) {
      const record = this.#records[index] as StoredRecord;
      bytes += record.payload.length;
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(record);
    }
    return found;
  }

  #forgetFirst(): void {
    const record = this.#records[this.#first] as StoredRecord;
    this.#first += 1;
    this.#bytes -= record.payload.length;
    this.#behind = record.position;
  }

  #cut(): void {
    if (this.#first * 2 <= this.#records.length) return;
    this.#records = this.#records.slice(this.#first);
    this.#first = 0;
  }

  #indexBehind(position: number): number {
    let low = this.#first;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#records[middle] as StoredRecord).position <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
