import * as pty from '@lydell/node-pty';
import type { Terminal } from '@xterm/headless';
import xterm from '@xterm/headless';
import { PtyInput } from './pty-input.ts';
import { keyBytes } from './pty-keys.ts';
import type { TerminalModes } from './pty-modes.ts';
import { followModes } from './pty-modes.ts';
import { makeHome, removeDir } from './temp-dir.ts';
import { deadline } from './wait-for.ts';

/** A condition is looked at after every output; this is for those that depend on something else too. */
const RECHECK_MS = 50;
const TIMEOUT_MS = 15_000;
const KILL_TIMEOUT_MS = 5000;
const SCROLLBACK_ROWS = 5000;

export interface PtyOptions {
  readonly command: string;
  readonly args?: readonly string[];
  /** Defaults to the session's own home directory. */
  readonly cwd?: string;
  /** Added to the session's own few variables; nothing else of the test's environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
}

export interface PtyExit {
  readonly exitCode: number;
  /** The number of the signal that ended the program, or 0. */
  readonly signal: number;
}

export type PtyCondition = string | RegExp | ((screen: string[]) => boolean);

export interface PtyWaitOptions {
  readonly timeoutMs?: number;
  /** Names a condition that is a function, for the error message. */
  readonly what?: string;
}

/** A program in a pseudo-terminal, with the screen that a person would see. Use it with `await using`. */
export class PtySession implements AsyncDisposable {
  /** The emulator, for what is not offered here (`media/svg.ts` draws it). */
  readonly terminal: Terminal;
  /** The program's HOME, made for it and removed with it. */
  readonly home: string;
  readonly #name: string;
  readonly #pty: pty.IPty;
  readonly #input: PtyInput;
  readonly #modes: () => TerminalModes;
  readonly #chunks: Buffer[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #exited: Promise<PtyExit>;
  #byteCount = 0;
  #unparsed = 0;
  #exit: PtyExit | undefined;
  #disposed = false;

  private constructor(options: PtyOptions) {
    const { command, args = [], columns = 80, rows = 24 } = options;
    this.#name = [command, ...args].join(' ');
    this.home = makeHome();
    this.terminal = new xterm.Terminal({
      cols: columns,
      rows,
      scrollback: SCROLLBACK_ROWS,
      allowProposedApi: true,
    });
    this.#modes = followModes(this.terminal);
    this.#pty = pty.spawn(command, [...args], {
      name: 'xterm-256color',
      cols: columns,
      rows,
      cwd: options.cwd ?? this.home,
      env: ptyEnvironment(this.home, options.env),
      // Bytes, not text: they are counted, and a character may be cut in two.
      encoding: null,
    });
    this.#input = new PtyInput(this.#pty);
    this.#pty.onData((data) => this.#onOutput(data as unknown as Buffer));
    // The emulator answers what the program asks of its terminal (where is the cursor? what are you?).
    this.terminal.onData((answer) => {
      if (this.#exit === undefined) this.#input.write(answer);
    });
    this.#exited = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal = 0 }) => {
        this.#exit = { exitCode, signal };
        this.#input.stop();
        running.delete(this);
        this.#look();
        resolve(this.#exit);
      });
    });
    running.add(this);
  }

  /** Starts a program. A command that doesn't exist shows on the screen and in the exit code, as in a shell. */
  static start(options: PtyOptions): PtySession {
    return new PtySession(options);
  }

  get pid(): number {
    return this.#pty.pid;
  }

  /** How the program ended, if it has. */
  get exit(): PtyExit | undefined {
    return this.#exit;
  }

  /** The rows of the screen as it is now, without the blanks at their ends. A wide character takes one place. */
  screen(): string[] {
    const buffer = this.terminal.buffer.active;
    return this.#rowsFrom(buffer.baseY, this.terminal.rows);
  }

  screenText(): string {
    return this.screen().join('\n');
  }

  /** The screen and what has scrolled off it, for programs that print line after line. */
  transcript(): string {
    const rows = this.#rowsFrom(0, this.terminal.buffer.active.length);
    return rows.join('\n').trimEnd();
  }

  /**
   * Waits until the screen contains a text, matches a pattern, or fulfils a condition. It is looked at after each
   * output, but not in the midst of a synchronized update, whose half a person doesn't see either.
   * @throws Error with the whole screen, after `timeoutMs` milliseconds or when the program has ended
   */
  async waitFor(
    condition: PtyCondition,
    { timeoutMs = TIMEOUT_MS, what }: PtyWaitOptions = {},
  ): Promise<void> {
    await this.#until(
      () => !this.modes().synchronizedUpdate && this.#fulfils(condition),
      timeoutMs,
      what ?? String(condition),
    );
  }

  /** Like `waitFor`, for a text or pattern anywhere in `transcript()`. */
  async waitForTranscript(
    pattern: string | RegExp,
    { timeoutMs = TIMEOUT_MS }: PtyWaitOptions = {},
  ): Promise<void> {
    await this.#until(() => contains(this.transcript(), pattern), timeoutMs, `${pattern} in the transcript`);
  }

  /** Waits until the program has ended and all that it wrote is on the screen. */
  async waitForExit({ timeoutMs = TIMEOUT_MS }: PtyWaitOptions = {}): Promise<PtyExit> {
    await this.#until(() => this.#exit !== undefined && this.#unparsed === 0, timeoutMs, 'its end');
    return this.#exited;
  }

  /** Types text as it is; a newline is not the Enter key. */
  type(text: string): void {
    this.#send(text);
  }

  /**
   * Presses keys by name (see `keyBytes`). Escape may only come last: a program that reads it together with the next
   * key takes the two for Alt and that key, so wait for its effect first.
   */
  press(...names: string[]): void {
    const early = names.slice(0, -1).includes('escape');
    if (early) throw new Error('Wait for the effect of escape before pressing another key');
    const { applicationCursor } = this.modes();
    for (const name of names) this.#send(keyBytes(name, applicationCursor));
  }

  /**
   * Pastes text as a terminal does, in brackets.
   * @throws Error if the program has not asked for bracketed paste
   */
  paste(text: string): void {
    if (!this.modes().bracketedPaste) throw this.#error('it has not switched on bracketed paste');
    this.#send(`\x1b[200~${text.replace(/\r?\n/g, '\r')}\x1b[201~`);
  }

  resize(columns: number, rows: number): void {
    this.terminal.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /** How many bytes the program has written so far; also a mark for `rawSince`. */
  bytesWritten(): number {
    return this.#byteCount;
  }

  /** What the program has written since `bytesWritten()` was `mark`, escape sequences and all. */
  rawSince(mark: number): string {
    return Buffer.concat(this.#chunks).subarray(mark).toString('utf8');
  }

  modes(): TerminalModes {
    return this.#modes();
  }

  /** Sends a signal to the program alone, not to its children. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    if (this.#exit === undefined) this.#pty.kill(signal);
  }

  /** Kills the program and its children, and removes its home. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.killAtOnce();
    try {
      await deadline(this.#exited, KILL_TIMEOUT_MS, `the end of ${this.#name} after SIGKILL`);
    } finally {
      this.terminal.dispose();
      removeDir(this.home);
    }
  }

  /** Kills the program and the children in its process group, without waiting. */
  killAtOnce(): void {
    try {
      // A pseudo-terminal's program leads a group of its own. The group may outlive its leader.
      process.kill(-this.#pty.pid, 'SIGKILL');
    } catch {
      // Nobody is left.
    }
  }

  #onOutput(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#byteCount += chunk.length;
    if (this.#disposed) return;
    this.#unparsed += 1;
    // The grid is complete only when xterm calls back.
    this.terminal.write(chunk, () => {
      this.#unparsed -= 1;
      this.#look();
    });
  }

  #look(): void {
    for (const observer of this.#watchers) observer();
  }

  #send(bytes: string): void {
    if (this.#exit !== undefined) throw this.#error('it has ended and takes no more input');
    this.#input.write(bytes);
  }

  #rowsFrom(first: number, count: number): string[] {
    const buffer = this.terminal.buffer.active;
    return Array.from(
      { length: count },
      (_, index) =>
        buffer
          .getLine(first + index)
          ?.translateToString(true)
          .trimEnd() ?? '',
    );
  }

  #fulfils(condition: PtyCondition): boolean {
    return typeof condition === 'function'
      ? condition(this.screen())
      : contains(this.screenText(), condition);
  }

  #until(isTrue: () => boolean, timeoutMs: number, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        this.#watchers.delete(look);
        clearInterval(recheck);
        clearTimeout(timeout);
        if (error === undefined) resolve();
        else reject(error);
      };
      const look = (): void => {
        try {
          if (isTrue()) settle();
          else if (this.#exit !== undefined && this.#unparsed === 0)
            settle(this.#error(`it ended while a test waited for ${what}`));
        } catch (error) {
          settle(this.#error(`the condition threw: ${String(error)}`, error));
        }
      };
      const recheck = setInterval(look, RECHECK_MS);
      const timeout = setTimeout(() => settle(this.#error(`waited ${timeoutMs} ms for ${what}`)), timeoutMs);
      this.#watchers.add(look);
      look();
    });
  }

  #error(message: string, cause?: unknown): Error {
    const { cols, rows } = this.terminal;
    const rule = '-'.repeat(cols);
    const state =
      this.#exit === undefined
        ? `running, pid ${this.pid}`
        : `ended with ${this.#exit.exitCode}, signal ${this.#exit.signal}`;
    const modes = Object.entries(this.modes())
      .map(([name, value]) => `${name}=${value}`)
      .join(' ');
    return new Error(
      [
        `${this.#name}: ${message}`,
        `(${state}; ${cols}x${rows}; ${modes})`,
        rule,
        ...this.screen(),
        rule,
      ].join('\n'),
      { cause },
    );
  }
}

/** Programs that outlive their test file would keep ports; this is for tests that end by throwing or by a signal. */
const running = new Set<PtySession>();
process.on('exit', () => {
  for (const session of running) session.killAtOnce();
});

function contains(text: string, wanted: string | RegExp): boolean {
  // Not `test`: it remembers where it stopped when the pattern is global.
  return typeof wanted === 'string' ? text.includes(wanted) : text.search(wanted) >= 0;
}

/** Only what a program needs, so that a screen doesn't depend on who runs the test (CI, NO_COLOR, the test runner's own). */
function ptyEnvironment(home: string, extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: home,
    SHELL: '/bin/sh',
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    TERM: 'xterm-256color',
    ...extra,
  };
}
