/** Sends of which at most `SendWindow.size` are under way at once, alike for every system. */
export class SendWindow<Answer> {
  static readonly size = 1_000;
  readonly #sends: (Promise<Answer> | undefined)[];
  #next = 0;

  constructor(size = SendWindow.size) {
    this.#sends = new Array<Promise<Answer> | undefined>(size);
  }

  /** Resolves when the send has begun, which the one that had its place must have ended for. */
  async add(send: () => Promise<Answer>): Promise<void> {
    const place = this.#next % this.#sends.length;
    this.#next += 1;
    await this.#sends[place];
    this.#sends[place] = send();
  }

  async end(): Promise<void> {
    await Promise.all(this.#sends);
  }
}
