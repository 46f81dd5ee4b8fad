import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../helpers/wait-for.ts';

export interface Outcome {
  readonly confirmed: number;
  readonly heard: number;
  readonly lost: number;
  readonly twice: number;
  readonly late: number;
}

/** What is known of the numbers of one run of the sender. */
interface Run {
  /** For each number: whether it was confirmed (1), heard (2), or both (3). */
  known: Uint8Array;
  /** The highest number that was heard. */
  last: number;
}

const CONFIRMED = 1;
const HEARD = 2;

/** What the programs `send-numbers` and `hear-numbers` have noted. Each line is read once, however long they run. */
export class NotedNumbers {
  /** Numbers that were confirmed to be stored, a line each. */
  readonly sent: string;
  /** Numbers that have come, a line each with its cursor, in the order in which they came. */
  readonly heard: string;
  readonly #sentLines: NotedLines;
  readonly #heardLines: NotedLines;
  readonly #runs = new Map<string, Run>();
  #confirmedCount = 0;
  #heardCount = 0;
  /** Confirmed and not heard. */
  #missing = 0;
  #twice = 0;
  #late = 0;

  constructor(directory: string) {
    this.sent = join(directory, 'sent');
    this.heard = join(directory, 'heard');
    this.#sentLines = new NotedLines(this.sent);
    this.#heardLines = new NotedLines(this.heard);
  }

  get confirmedCount(): number {
    return this.outcome().confirmed;
  }

  get heardCount(): number {
    return this.outcome().heard;
  }

  /** So much more is heard, a line being some 40 bytes. */
  async heardMore(lines: number): Promise<void> {
    const from = sizeOf(this.heard);
    await waitFor(() => sizeOf(this.heard) - from >= 30 * lines, {
      what: `${lines} messages to be heard`,
      timeoutMs: 60_000,
    });
  }

  outcome(): Outcome {
    for (const line of this.#sentLines.more()) this.#note(line, CONFIRMED);
    for (const line of this.#heardLines.more()) this.#note(line, HEARD);
    return {
      confirmed: this.#confirmedCount,
      heard: this.#heardCount,
      lost: this.#missing,
      twice: this.#twice,
      late: this.#late,
    };
  }

  #note(line: string, what: typeof CONFIRMED | typeof HEARD): void {
    const [name = '', text = ''] = line.split(' ');
    const number = Number(text);
    const run = this.#runs.get(name) ?? { known: new Uint8Array(1_024), last: -1 };
    this.#runs.set(name, run);
    if (number >= run.known.length) run.known = enlarged(run.known, number);
    const before = run.known[number] as number;
    run.known[number] = before | what;
    if (what === CONFIRMED) {
      this.#confirmedCount += 1;
      if (before === 0) this.#missing += 1;
    } else if ((before & HEARD) !== 0) this.#twice += 1;
    else {
      this.#heardCount += 1;
      if (before === CONFIRMED) this.#missing -= 1;
      if (number < run.last) this.#late += 1;
      run.last = Math.max(run.last, number);
    }
  }
}

/** The lines of a file that others write to. A line that is being written has no end yet, and is none. */
class NotedLines {
  readonly #path: string;
  #at = 0;
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** Those that were not read yet. */
  *more(): Iterable<string> {
    if (!existsSync(this.#path)) return;
    const file = openSync(this.#path, 'r');
    try {
      const piece = Buffer.allocUnsafe(1024 ** 2);
      for (let read = readSync(file, piece, 0, piece.length, this.#at); read > 0; ) {
        this.#at += read;
        const lines = `${this.#rest}${piece.toString('latin1', 0, read)}`.split('\n');
        this.#rest = lines.pop() ?? '';
        yield* lines;
        read = readSync(file, piece, 0, piece.length, this.#at);
      }
    } finally {
      closeSync(file);
    }
  }
}

function enlarged(known: Uint8Array, number: number): Uint8Array {
  const larger = new Uint8Array(Math.max(2 * known.length, number + 1));
  larger.set(known);
  return larger;
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}
