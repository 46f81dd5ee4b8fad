/** Sends one message after another and notes how long each takes to its listener. */
export class Probe {
  readonly name: string;
  readonly #send: (text: string) => Promise<unknown>;
  #arrived = (_text: string): void => undefined;

  constructor(name: string, send: (text: string) => Promise<unknown>) {
    this.name = name;
    this.#send = send;
  }

  take(text: string): void {
    this.#arrived(text);
  }

  async #once(text: string): Promise<number> {
    const arrived = new Promise<void>((resolve) => {
      this.#arrived = (heard) => {
        if (heard === text) resolve();
      };
    });
    const startedAt = performance.now();
    await this.#send(text);
    await arrived;
    return performance.now() - startedAt;
  }

  async median(count: number): Promise<number> {
    const tookMs: number[] = [];
    for (let index = 0; index < count; index += 1) tookMs.push(await this.#once(`${this.name} ${index}`));
    return medianOf(tookMs);
  }
}

export function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
