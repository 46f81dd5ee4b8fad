/** A list with an upper bound: adding to a full one drops the oldest. */
export class Ring<T> {
  readonly #items: (T | undefined)[];
  readonly #capacity: number;
  #added = 0;

  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`capacity ${capacity}`);
    this.#capacity = capacity;
    this.#items = [];
  }

  get length(): number {
    return Math.min(this.#added, this.#capacity);
  }

  /** How many were pushed out by newer ones. */
  get dropped(): number {
    return this.#added - this.length;
  }

  /** Adds an item and returns the one it pushed out, if any. */
  push(item: T): T | undefined {
    const slot = this.#added % this.#capacity;
    const old = this.#items[slot];
    this.#items[slot] = item;
    this.#added += 1;
    return old;
  }

  /** The item at `index`, 0 being the oldest that is still here. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.length) return undefined;
    return this.#items[(this.dropped + index) % this.#capacity];
  }

  /** Puts another item in the place of the one at `index`. */
  replace(index: number, item: T): void {
    if (index < 0 || index >= this.length) throw new RangeError(`index ${index} of ${this.length}`);
    this.#items[(this.dropped + index) % this.#capacity] = item;
  }
}
