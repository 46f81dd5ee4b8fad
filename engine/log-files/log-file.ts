import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { cutLine } from '../base/cut-line.ts';
import { LIMITS } from '../base/limits.ts';
import { outputTrouble } from '../base/output-trouble.ts';
import { LogEcho } from './log-echo.ts';
import { checkLog, RotatingFile } from './rotating-file.ts';

/** The same name as in Python. */
const NAME = 'aioconnectors.log';
const LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];
/** Interval between retries of a log that cannot be written, and between checks that its directory exists. */
const RETRY_MS = 5_000;
/** Bytes of lines that wait for the disk, at most; if the disk hangs, lines are lost instead of memory. */
const HELD_BYTES = 4 * 1024 * 1024;

export interface LogLine {
  readonly level: 'DEBUG' | 'INFO' | 'WARNING';
  readonly text: string;
  /** A longer line is cut in its middle, escapes included. Absent: LIMITS.logOwnLineCharacters. */
  readonly maxCharacters?: number;
}

export interface LogFileOptions {
  readonly directory: string;
  /** Less important lines are not written. */
  readonly level: string;
  /** Size at which a new file begins; undefined: never. */
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
 * The log of a connector: a file, with older ones beside it (`.1`, `.2`, …). If the file cannot be written, the connector
 * keeps running; aioc retries every few seconds and then logs how many lines are missing.
 */
export class LogFile {
  readonly #options: LogFileOptions;
  #level: string;
  #echo: LogEcho | undefined;
  #file: RotatingFile | undefined;
  #lost = 0;
  #lastTrouble = '';
  #checkedAtMs: number;

  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#level = options.level;
    this.#checkedAtMs = this.#options.now();
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

  /** Copies every later line to `output`. */
  echo(output: Writable): void {
    this.#echo = new LogEcho(output, (text) => this.write({ level: 'WARNING', text }));
  }

  write({ level, text, maxCharacters = LIMITS.logOwnLineCharacters }: LogLine): void {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(this.#level)) return;
    const line = this.#lineOf(level, text, maxCharacters);
    this.#retry();
    if (this.#file === undefined || this.#file.waitingBytes > HELD_BYTES) this.#lost += 1;
    else {
      this.#logMissingLines();
      this.#file.write(`${line}\n`);
    }
    this.#echo?.write(line);
  }

  /** Closes the file and opens it by its name again, for programs that rotate logs by moving them. */
  reopen(): void {
    this.#open(this.#file?.end());
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.end();
  }

  #lineOf(level: string, text: string, maxCharacters: number = LIMITS.logOwnLineCharacters): string {
    // Text from a peer must not start a new line, nor control a terminal that shows the file.
    const safe = cutLine(text, maxCharacters).replace(
      /[\x00-\x1f\x7f-\x9f]/g,
      (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
    return `${new Date(this.#options.wallNow()).toISOString()} - ${level} - ${cutLine(safe, maxCharacters)}`;
  }

  #logMissingLines(): void {
    if (this.#lost === 0) return;
    const text = `at least ${this.#lost} log lines are missing here: ${this.#lastTrouble}`;
    this.#lost = 0;
    this.#file?.write(`${this.#lineOf('WARNING', text)}\n`);
  }

  /** Every few seconds: retries after a failure, and reopens the file if its directory was removed. */
  #retry(): void {
    if (this.#options.now() - this.#checkedAtMs < RETRY_MS) return;
    this.#checkedAtMs = this.#options.now();
    if (this.#file === undefined) this.#open();
    else if (!existsSync(this.#options.directory)) this.reopen();
  }

  #failed(file: RotatingFile, error: unknown): void {
    if (file !== this.#file) return;
    this.#file = undefined;
    this.#lost += Math.max(1, file.lost);
    this.#checkedAtMs = this.#options.now();
    const trouble = outputTrouble(error);
    if (trouble === this.#lastTrouble) return;
    this.#lastTrouble = trouble;
    this.#options.onTrouble(
      `cannot write the log ${this.#options.directory}/${NAME}: ${trouble}; aioc retries every ${RETRY_MS / 1000} s`,
    );
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
