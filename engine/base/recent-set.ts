/** A set that forgets what was added longest ago. */
export class RecentSet<Item> {
  readonly #maxSize: number;
  readonly #items = new Set<Item>();

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  has(item: Item): boolean {
    return this.#items.has(item);
  }

  add(item: Item): void {
    this.#items.delete(item);
    this.#items.add(item);
    const [oldest] = this.#items;
    if (this.#items.size > this.#maxSize) this.#items.delete(oldest as Item);
  }
}
