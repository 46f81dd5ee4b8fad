/** Which messages of one store a listener has dealt with, so that none is dealt with twice. */
export class Progress {
  /** Of the store: its positions mean nothing anywhere else. */
  readonly identity: string;
  #upTo: number;
  /** Behind `upTo`, what a handler was given, in order; most often one, and it is done before the next one comes. */
  readonly #given: number[] = [];
  /** Of those, which are done while an earlier one is not. */
  readonly #done = new Set<number>();

  constructor(identity: string, upTo = 0) {
    this.identity = identity;
    this.#upTo = upTo;
  }

  /** Everything up to here is done. */
  get upTo(): number {
    return this.#upTo;
  }

  /** Whether no handler has been given it. */
  isNew(position: number): boolean {
    return position > this.#upTo && !this.#given.includes(position);
  }

  begin(position: number): void {
    this.#given.push(position);
  }

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

/** Where a listener has got to, for a program that keeps it: `<identity>:<position>`. */
export function cursorOf(identity: string, position: number): string {
  return `${identity}:${position}`;
}

/** @returns the position in the store of that identity; undefined for the cursor of another one */
export function positionIn(cursor: string, identity: string): number | undefined {
  if (!cursor.startsWith(`${identity}:`)) return undefined;
  const position = Number(cursor.slice(identity.length + 1));
  return Number.isSafeInteger(position) ? position : undefined;
}
