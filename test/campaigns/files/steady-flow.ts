const TICK_MS = 5;

/** Sends numbered messages at a steady rate, and notes of each how long it took to its listener, and its order. */
export class SteadyFlow {
  readonly #send: (text: string) => Promise<unknown>;
  readonly #perSecond: number;
  readonly #sentAtMs: number[] = [];
  /** Of each message, by its number. */
  readonly tookMs: number[] = [];
  isInOrder = true;
  refused = 0;

  constructor(perSecond: number, send: (text: string) => Promise<unknown>) {
    this.#perSecond = perSecond;
    this.#send = send;
  }

  /** Sends until `isEnough`, and resolves when all of them have arrived. */
  async run(isEnough: () => boolean, arrived: (isAll: () => boolean) => Promise<unknown>): Promise<void> {
    const startedAt = performance.now();
    const already = this.#sentAtMs.length;
    while (!isEnough()) {
      const due = already + ((performance.now() - startedAt) * this.#perSecond) / 1000;
      while (this.#sentAtMs.length < due) this.#sendNext();
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    await arrived(() => this.tookMs.length + this.refused >= this.#sentAtMs.length);
  }

  /** A message has arrived. */
  take(text: string): void {
    const number = Number(text);
    this.isInOrder &&= number === this.tookMs.length;
    this.tookMs.push(performance.now() - (this.#sentAtMs[number] ?? Number.NaN));
  }

  #sendNext(): void {
    const number = this.#sentAtMs.push(performance.now()) - 1;
    this.#send(`${number}`).catch(() => {
      this.refused += 1;
    });
  }
}
