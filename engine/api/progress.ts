/** Which messages of one store a listener has dealt with, so that none is dealt with twice. */
export class Progress {
  /** Of the store: its positions mean nothing anywhere else. */
  readonly identity: string;
  #upTo: number;
  /** Behind `upTo`, what a handler was given, in order: whether it is done. */
  readonly #given = new Map<number, boolean>();

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
    return position > this.#upTo && !this.#given.has(position);
  }

  begin(position: number): void {
    this.#given.set(position, false);
  }

  end(position: number): void {
    this.#given.set(position, true);
    for (const [first, isDone] of this.#given) {
      if (!isDone) return;
      this.#given.delete(first);
      this.#upTo = first;
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
