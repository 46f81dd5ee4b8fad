/** Sends of which at most `SendWindow.size` are without an answer at once, alike for every system. */
export class SendWindow {
  static readonly size = 1_000;
  readonly #size: number;
  #outstanding = 0;
  #room: (() => void) | undefined;
  #ended: { resolve(): void; reject(error: unknown): void } | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(size = SendWindow.size) {
    this.#size = size;
  }

  /** A promise where the next send must wait, until half of them have been answered. */
  add(sent: Promise<unknown>): Promise<void> | undefined {
    this.#outstanding += 1;
    sent.then(this.#onAnswer, this.#onError);
    if (this.#outstanding < this.#size) return undefined;
    return new Promise((resolve) => {
      this.#room = resolve;
    });
  }

  /** Resolves when all have been answered. @throws the error of the first that was refused */
  end(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#ended = { resolve, reject };
      this.#outstanding += 1;
      this.#onAnswer();
    });
  }

  readonly #onAnswer = (): void => {
    this.#outstanding -= 1;
    if (this.#room !== undefined && this.#outstanding <= this.#size / 2) {
      const room = this.#room;
      this.#room = undefined;
      room();
    }
    if (this.#outstanding > 0) return;
    if (this.#failure === undefined) this.#ended?.resolve();
    else this.#ended?.reject(this.#failure.error);
  };

  readonly #onError = (error: unknown): void => {
    this.#failure ??= { error };
    this.#onAnswer();
  };
}
