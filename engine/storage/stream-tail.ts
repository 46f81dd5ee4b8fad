import { LIMITS } from '../base/limits.ts';
import type { StoredRecord } from './store.ts';

/** The last records of a stream, as many as fit into LIMITS.storeTailBytes. */
export class StreamTail {
  /** All records of the stream behind this position are in here. */
  #behind: number;
  #records: StoredRecord[] = [];
  /** Those before it are forgotten; they are cut off now and then, not each time. */
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

  /** All up to that position are done with. */
  forget(upTo: number): void {
    while ((this.#records[this.#first]?.position ?? Number.POSITIVE_INFINITY) <= upTo) this.#forgetFirst();
    this.#cut();
  }

  /** As Store.read; undefined when some of what is asked for is not in here. */
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
