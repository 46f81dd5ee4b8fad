import { existsSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import type { LogLine } from '../engine/index.ts';
import { LogEcho } from './log-echo.ts';
import { outputTrouble } from './standard-output.ts';

/** The name that Python gives it. */
const NAME = 'aioconnectors.log';
const LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];
/** How soon a log that could not be written is tried again, and whether its directory is there is looked at. */
const LOOK_AGAIN_MS = 5_000;
/** Lines that the disk has not taken yet, in bytes of memory; a disk that hangs costs lines, not memory. */
const HELD_BYTES = 4 * 1024 * 1024;

export interface LogFileOptions {
  readonly directory: string;
  /** Lines below it are not written. */
  readonly level: string;
  /** Begins a new file beyond this; undefined: never. */
  readonly rotateBytes: number | undefined;
  /** How many older files are kept. */
  readonly backups: number;
  readonly wallNow: () => number;
  /** Milliseconds that only ever grow. Default: performance.now. */
  readonly now?: () => number;
  /** Told once, in a sentence, when the file can't be written. Default: written to the standard error. */
  readonly onTrouble?: (text: string) => void;
}

/**
 * The log of a connector, in one file with older ones beside it (`.1`, `.2`, …). While it cannot be written the connector
 * goes on; it is tried again every few seconds, and then says how many lines are missing.
 */
export class LogFile {
  readonly #options: LogFileOptions;
  readonly #now: () => number;
  #level: string;
  #echo: LogEcho | undefined;
  #stream: RotatingFileStream | undefined;
  #lost = 0;
  #lastTrouble = '';
  #lookedAtMs: number;

  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#level = options.level;
    this.#now = options.now ?? (() => performance.now());
    this.#lookedAtMs = this.#now();
    this.#open();
  }

  get level(): string {
    return this.#level;
  }

  set level(level: string) {
    if (LEVELS.includes(level)) this.#level = level;
  }

  /** From now on every line goes there, too, for as long as it can be written. */
  echo(output: Writable): void {
    this.#echo = new LogEcho(output, (text) => this.write({ level: 'WARNING', text }));
  }

  write({ level, text }: LogLine): void {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(this.#level)) return;
    const line = this.#lineOf(level, text);
    this.#lookAgain();
    if (this.#stream === undefined || this.#stream.writableLength > HELD_BYTES) this.#lost += 1;
    else {
      this.#sayWhatIsMissing();
      this.#stream.write(`${line}\n`);
    }
    this.#echo?.write(line);
  }

  /** Lets go of the file and begins it again by its name: what a program that has moved it away wants. */
  reopen(): void {
    this.#stream?.end();
    this.#open();
  }

  async close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream !== undefined) await new Promise<void>((resolve) => stream.end(resolve));
  }

  #lineOf(level: string, text: string): string {
    // A peer's text must neither begin a line of its own nor steer a terminal on which the file is looked at.
    const safe = text.replace(
      /[\x00-\x1f\x7f-\x9f]/g,
      (unit) => `\\x${unit.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
    return `${new Date(this.#options.wallNow()).toISOString()} - ${level} - ${safe}`;
  }

  #sayWhatIsMissing(): void {
    if (this.#lost === 0) return;
    const text = `${this.#lost} or more lines of the log are missing here: ${this.#lastTrouble}`;
    this.#lost = 0;
    this.#stream?.write(`${this.#lineOf('WARNING', text)}\n`);
  }

  /** After a while: tries again what failed. What goes to a file in a directory that was removed, nobody finds. */
  #lookAgain(): void {
    if (this.#now() - this.#lookedAtMs < LOOK_AGAIN_MS) return;
    this.#lookedAtMs = this.#now();
    if (this.#stream === undefined) this.#open();
    else if (!existsSync(this.#options.directory)) this.reopen();
  }

  #failed(stream: RotatingFileStream, error: unknown): void {
    if (stream !== this.#stream) return;
    this.#stream = undefined;
    this.#lost += 1;
    this.#lookedAtMs = this.#now();
    const trouble = outputTrouble(error);
    if (trouble === this.#lastTrouble) return;
    this.#lastTrouble = trouble;
    const text = `the log ${this.#options.directory}/${NAME} cannot be written: ${trouble}`;
    const { onTrouble = (said) => process.stderr.write(`aioc: warning: ${said}\n`) } = this.#options;
    onTrouble(text);
  }

  #open(): void {
    const { directory, rotateBytes, backups } = this.#options;
    const rotation =
      rotateBytes === undefined || backups === 0 ? {} : { size: `${rotateBytes}B`, rotate: backups };
    const stream = createStream(NAME, { path: directory, mode: 0o600, ...rotation });
    // A log that cannot be written (a full disk, say) must not end the connector.
    stream.on('error', (error) => this.#failed(stream, error));
    this.#stream = stream;
  }
}
