/** A list with a maximum length: adding to a full list drops the oldest item. */
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

  /** How many items were dropped. */
  get dropped(): number {
    return this.#added - this.length;
  }

  /** Adds an item. Returns the item that it pushed out, if any. */
  push(item: T): T | undefined {
    const slot = this.#added % this.#capacity;
    const old = this.#items[slot];
    this.#items[slot] = item;
    this.#added += 1;
    return old;
  }

  /** The item at `index`; 0 is the oldest. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.length) return undefined;
    return this.#items[(this.dropped + index) % this.#capacity];
  }

  /** Replaces the item at `index`. */
  replace(index: number, item: T): void {
    if (index < 0 || index >= this.length) throw new RangeError(`index ${index} of ${this.length}`);
    this.#items[(this.dropped + index) % this.#capacity] = item;
  }
}
