import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import type { LogLine } from '../engine/index.ts';

/** The name that Python gives it. */
const NAME = 'aioconnectors.log';
const LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];

export interface LogFileOptions {
  readonly directory: string;
  /** Lines below it are not written. */
  readonly level: string;
  /** Begins a new file beyond this; undefined: never. */
  readonly rotateBytes: number | undefined;
  /** How many older files are kept. */
  readonly backups: number;
  readonly wallNow: () => number;
}

/** The log of a connector, in one file with older ones beside it (`.1`, `.2`, …). */
export class LogFile {
  readonly #options: LogFileOptions;
  #level: string;
  #echo: ((line: string) => void) | undefined;
  #stream: RotatingFileStream;

  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#level = options.level;
    this.#stream = this.#open();
  }

  get level(): string {
    return this.#level;
  }

  set level(level: string) {
    if (LEVELS.includes(level)) this.#level = level;
  }

  /** From now on every line goes there, too: to a terminal, say. */
  echo(to: (line: string) => void): void {
    this.#echo = to;
  }

  write({ level, text }: LogLine): void {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(this.#level)) return;
    // A peer's text must neither begin a line of its own nor steer a terminal on which the file is looked at.
    const safe = text.replace(
      /[\x00-\x1f\x7f-\x9f]/g,
      (unit) => `\\x${unit.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
    const line = `${new Date(this.#options.wallNow()).toISOString()} - ${level} - ${safe}`;
    this.#stream.write(`${line}\n`);
    this.#echo?.(line);
  }

  /** Lets go of the file and begins it again by its name: what a program that has moved it away wants. */
  reopen(): void {
    this.#stream.end();
    this.#stream = this.#open();
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#stream.end(resolve));
  }

  #open(): RotatingFileStream {
    const { directory, rotateBytes, backups } = this.#options;
    const rotation =
      rotateBytes === undefined || backups === 0 ? {} : { size: `${rotateBytes}B`, rotate: backups };
    const stream = createStream(NAME, { path: directory, mode: 0o600, ...rotation });
    // A log that cannot be written (a full disk, say) must not end the connector.
    stream.on('error', () => undefined);
    return stream;
  }
}
