const DIGITS = 8;
/** Where a message says when it was sent. */
const SENT_AT = DIGITS;
const ZERO = 48;
const templates = new Map<number, Buffer>();

/** A message of so many bytes, at least 16, that begins with its number in 8 digits. */
export function numbered(number: number, bytes: number, sentAtMs?: number): Buffer {
  let template = templates.get(bytes);
  if (template === undefined) {
    template = Buffer.alloc(bytes, 'x');
    templates.set(bytes, template);
  }
  const data = Buffer.from(template);
  let rest = number;
  for (let at = DIGITS - 1; at >= 0; at -= 1) {
    data[at] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  if (sentAtMs !== undefined) data.writeDoubleLE(sentAtMs, SENT_AT);
  return data;
}

function numberIn(data: Buffer): number {
  let number = 0;
  for (let at = 0; at < DIGITS; at += 1) number = number * 10 + (data[at] as number) - ZERO;
  return number;
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
  /** With another length, or a number that nobody sent. */
  readonly wrong: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /** Milliseconds from the send to the handler of each message, if they say when they were sent. */
  readonly tookMs?: readonly number[];
}

export interface Expected {
  readonly count: number;
  readonly bytes: number;
  readonly timed?: boolean;
}

/** Checks each message that comes against those before it. */
export class Counter {
  #bytes = 0;
  #seen = new Uint8Array(0);
  #received = 0;
  #distinct = 0;
  #late = 0;
  #wrong = 0;
  #highest = -1;
  #firstAtMs = Number.NaN;
  #lastAtMs = Number.NaN;
  #tookMs: number[] | undefined;
  #whenFirst: (() => void) | undefined;
  #whenAll: (() => void) | undefined;

  expect({ count, bytes, timed = false }: Expected): void {
    this.#bytes = bytes;
    this.#seen = new Uint8Array(count);
    this.#received = 0;
    this.#distinct = 0;
    this.#late = 0;
    this.#wrong = 0;
    this.#highest = -1;
    this.#firstAtMs = Number.NaN;
    this.#tookMs = timed ? [] : undefined;
  }

  take(data: Buffer): void {
    const number = numberIn(data);
    if (data.length !== this.#bytes || !(number < this.#seen.length)) {
      this.#wrong += 1;
      return;
    }
    if (this.#received === 0) {
      this.#firstAtMs = nowMs();
      this.#whenFirst?.();
    }
    this.#received += 1;
    if (this.#seen[number] === 0) this.#distinct += 1;
    this.#seen[number] = 1;
    if (number < this.#highest) this.#late += 1;
    else this.#highest = number;
    this.#tookMs?.push(nowMs() - data.readDoubleLE(SENT_AT));
    if (this.#distinct < this.#seen.length) return;
    this.#lastAtMs = nowMs();
    this.#whenAll?.();
  }

  /** Resolves when one has come. */
  async first(): Promise<void> {
    if (this.#received > 0) return;
    await new Promise<void>((resolve) => {
      this.#whenFirst = resolve;
    });
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
    const isComplete = this.#distinct === this.#seen.length;
    return {
      received: this.#received,
      lost: this.#seen.length - this.#distinct,
      duplicated: this.#received - this.#distinct,
      late: this.#late,
      wrong: this.#wrong,
      firstAtMs: this.#firstAtMs,
      // Where some are lost, nobody has looked when the last one came.
      lastAtMs: isComplete ? this.#lastAtMs : nowMs() - quietMs,
      ...(this.#tookMs && { tookMs: this.#tookMs }),
    };
  }
}
