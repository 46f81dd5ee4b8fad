/** Waits until the listener has taken messages of a batch. */
export interface UntakenBatch {
  /** How many of them, from the first, were taken. */
  taken: number;
  /** How many are not taken yet. */
  rest: number;
  /** @param kept how many of them, from the first, were not dropped */
  readonly resolve: (kept: number) => void;
  readonly reject: (error: unknown) => void;
}

/** The batches of an inbox that stores nothing, in order: they stay with their senders until they are taken. */
export class UntakenMessages {
  readonly #batches: UntakenBatch[] = [];

  add(batch: UntakenBatch): void {
    this.#batches.push(batch);
  }

  /** The oldest messages are taken, or dropped (`isKept`: false); dropped ones are the last of their batch. */
  left(count: number, isKept: boolean): void {
    let rest = count;
    let over = 0;
    for (const batch of this.#batches) {
      const part = Math.min(rest, batch.rest);
      batch.rest -= part;
      if (isKept) batch.taken += part;
      rest -= part;
      if (batch.rest > 0) break;
      batch.resolve(batch.taken);
      over += 1;
    }
    this.#batches.splice(0, over);
  }

  /** The connector stops: the senders keep them. */
  refuseAll(error: Error): void {
    for (const { reject } of this.#batches) reject(error);
  }
}
