interface Base {
  /** Peers that are called so, or so with a number. */
  count: number;
  /** No smaller number is free. */
  firstFree: number;
}

/**
 * The display names of peers, which are unique. What a name costs does not depend on how many peers want the same one:
 * in the chat, anybody can ask for any name.
 */
export class DisplayNames {
  readonly #taken = new Map<string, { readonly base: string; readonly number: number }>();
  readonly #bases = new Map<string, Base>();

  /** @returns `name`, or `name (2)` and so on if that is taken. No name on the wire contains brackets. */
  take(name: string): string {
    const base = this.#bases.get(name) ?? { count: 0, firstFree: 1 };
    this.#bases.set(name, base);
    let number = base.firstFree;
    // A peer may ask for a name with a number.
    while (this.#taken.has(numbered(name, number))) number += 1;
    base.count += 1;
    base.firstFree = number + 1;
    const free = numbered(name, number);
    this.#taken.set(free, { base: name, number });
    return free;
  }

  /** The name is free again. */
  free(taken: string): void {
    const { base: name, number } = this.#taken.get(taken) ?? { base: '', number: 0 };
    const base = this.#bases.get(name);
    if (base === undefined) return;
    this.#taken.delete(taken);
    base.count -= 1;
    base.firstFree = Math.min(base.firstFree, number);
    if (base.count === 0) this.#bases.delete(name);
  }

  /** Whether a peer that is called `taken` may keep that, if it asks for `name`. */
  isFor(taken: string, name: string): boolean {
    return this.#taken.get(taken)?.base === name;
  }
}

function numbered(name: string, number: number): string {
  return number === 1 ? name : `${name} (${number})`;
}
