/** Which messages of a store a listener has processed, so that it processes none twice. */
export class Progress {
  /** Of the store; positions are valid only within it. */
  readonly identity: string;
  #upTo: number;
  #begun: number;
  /** Positions after `upTo` that a handler has received, in order; of messages received together, the last. */
  readonly #given: number[] = [];
  /** Those that are processed while an earlier one is not. */
  readonly #done = new Set<number>();

  constructor(identity: string, upTo = 0) {
    this.identity = identity;
    this.#upTo = upTo;
    this.#begun = upTo;
  }

  /** Everything up to this position is processed. */
  get upTo(): number {
    return this.#upTo;
  }

  /** A handler has received, or has processed, everything up to this position. */
  get begun(): number {
    return this.#begun;
  }

  /** A handler receives the messages up to this position. */
  begin(position: number): void {
    this.#begun = position;
    this.#given.push(position);
  }

  /** The messages that `begin` named with this position are processed. */
  end(position: number): void {
    if (position !== this.#given[0]) {
      this.#done.add(position);
      return;
    }
    this.#given.shift();
    this.#upTo = position;
    for (let next = this.#given[0]; next !== undefined && this.#done.delete(next); next = this.#given[0]) {
      this.#given.shift();
      this.#upTo = next;
    }
  }
}

/** A position for programs to save: `<identity>:<position>`. */
export function cursorOf(identity: string, position: number): string {
  return `${identity}:${position}`;
}

/** @returns the position in the store with that identity; undefined for the cursor of another store */
export function positionIn(cursor: string, identity: string): number | undefined {
  if (!cursor.startsWith(`${identity}:`)) return undefined;
  const position = Number(cursor.slice(identity.length + 1));
  return Number.isSafeInteger(position) ? position : undefined;
}
