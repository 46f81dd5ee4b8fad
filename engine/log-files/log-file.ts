import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { LogEcho } from './log-echo.ts';
import { outputTrouble } from './output-trouble.ts';
import { checkLog, RotatingFile } from './rotating-file.ts';

/** The name that Python gives it. */
const NAME = 'aioconnectors.log';
const LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];
/** How soon a log that could not be written is tried again, and whether its directory is there is looked at. */
const LOOK_AGAIN_MS = 5_000;
/** Lines that the disk has not taken yet, in bytes of memory; a disk that hangs costs lines, not memory. */
const HELD_BYTES = 4 * 1024 * 1024;

export interface LogLine {
  readonly level: 'DEBUG' | 'INFO' | 'WARNING';
  readonly text: string;
}

export interface LogFileOptions {
  readonly directory: string;
  /** Lines below it are not written. */
  readonly level: string;
  /** Begins a new file beyond this; undefined: never. */
  readonly rotateBytes: number | undefined;
  /** How many older files are kept. */
  readonly backups: number;
  readonly wallNow: () => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Receives a sentence when the file cannot be written; not again while the reason stays the same. */
  readonly onTrouble: (text: string) => void;
}

/**
 * The log of a connector, in one file with older ones beside it (`.1`, `.2`, …). While it cannot be written the connector
 * goes on; it is tried again every few seconds, and then says how many lines are missing.
 */
export class LogFile {
  readonly #options: LogFileOptions;
  #level: string;
  #echo: LogEcho | undefined;
  #file: RotatingFile | undefined;
  #lost = 0;
  #lastTrouble = '';
  #lookedAtMs: number;

  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#level = options.level;
    this.#lookedAtMs = this.#options.now();
    this.#open();
  }

  /** @throws AiocError AIOC_DIRECTORY for a file that is a link or another user's, AIOC_CONFIG for one that cannot be opened */
  static async open(options: LogFileOptions): Promise<LogFile> {
    await checkLog(join(options.directory, NAME), 'default_logger_dirpath');
    return new LogFile(options);
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
    if (this.#file === undefined || this.#file.waitingBytes > HELD_BYTES) this.#lost += 1;
    else {
      this.#sayWhatIsMissing();
      this.#file.write(`${line}\n`);
    }
    this.#echo?.write(line);
  }

  /** Lets go of the file and begins it again by its name: what a program that has moved it away wants. */
  reopen(): void {
    this.#open(this.#file?.end());
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.end();
  }

  #lineOf(level: string, text: string): string {
    // A peer's text must neither begin a line of its own nor steer a terminal on which the file is looked at.
    const safe = text.replace(
      /[\x00-\x1f\x7f-\x9f]/g,
      (packet) => `\\x${packet.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
    return `${new Date(this.#options.wallNow()).toISOString()} - ${level} - ${safe}`;
  }

  #sayWhatIsMissing(): void {
    if (this.#lost === 0) return;
    const text = `${this.#lost} or more lines of the log are missing here: ${this.#lastTrouble}`;
    this.#lost = 0;
    this.#file?.write(`${this.#lineOf('WARNING', text)}\n`);
  }

  /** After a while: tries again what failed. What goes to a file in a directory that was removed, nobody finds. */
  #lookAgain(): void {
    if (this.#options.now() - this.#lookedAtMs < LOOK_AGAIN_MS) return;
    this.#lookedAtMs = this.#options.now();
    if (this.#file === undefined) this.#open();
    else if (!existsSync(this.#options.directory)) this.reopen();
  }

  #failed(file: RotatingFile, error: unknown): void {
    if (file !== this.#file) return;
    this.#file = undefined;
    this.#lost += Math.max(1, file.lost);
    this.#lookedAtMs = this.#options.now();
    const trouble = outputTrouble(error);
    if (trouble === this.#lastTrouble) return;
    this.#lastTrouble = trouble;
    this.#options.onTrouble(`the log ${this.#options.directory}/${NAME} cannot be written: ${trouble}`);
  }

  #open(after?: Promise<void>): void {
    const { directory, rotateBytes, backups } = this.#options;
    const path = join(directory, NAME);
    const file = new RotatingFile({ path, rotateBytes, backups, after }, (error) =>
      this.#failed(file, error),
    );
    this.#file = file;
  }
}
