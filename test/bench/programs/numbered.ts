/** A message of exactly 100 bytes that says which one it is. */
export function numbered(number: number): string {
  return `{"number": "${String(number).padStart(8, '0')}", "filling": "${'x'.repeat(64)}"}`;
}

/** Milliseconds since 1970 with fractions, comparable between processes of one machine. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** What has come of the numbers from 0 to `expected` - 1. */
export interface Counted {
  readonly received: number;
  readonly lost: number;
  readonly duplicated: number;
  /** That came after one with a higher number. */
  readonly late: number;
  readonly lastAtMs: number;
}

/** Checks each message that comes against those before it. */
export class Counter {
  #seen = new Uint8Array(0);
  #received = 0;
  #distinct = 0;
  #duplicated = 0;
  #late = 0;
  #highest = -1;
  #lastAtMs = 0;
  #whenAll: (() => void) | undefined;

  expect(count: number): void {
    this.#seen = new Uint8Array(count);
    this.#received = 0;
    this.#distinct = 0;
    this.#duplicated = 0;
    this.#late = 0;
    this.#highest = -1;
  }

  add(text: string): void {
    const number = Number((JSON.parse(text) as { number: string }).number);
    this.#received += 1;
    if (this.#seen[number] === 1) this.#duplicated += 1;
    else this.#distinct += 1;
    this.#seen[number] = 1;
    if (number < this.#highest) this.#late += 1;
    else this.#highest = number;
    if (this.#distinct < this.#seen.length) return;
    this.#lastAtMs = nowMs();
    this.#whenAll?.();
  }

  /** Resolves when every number has come, or none has for `quietMs`. */
  async all(quietMs: number): Promise<Counted> {
    let before = -1;
    while (this.#distinct < this.#seen.length && before !== this.#received) {
      before = this.#received;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, quietMs);
        this.#whenAll = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return {
      received: this.#received,
      lost: this.#seen.length - this.#distinct,
      duplicated: this.#duplicated,
      late: this.#late,
      lastAtMs: this.#lastAtMs,
    };
  }
}
