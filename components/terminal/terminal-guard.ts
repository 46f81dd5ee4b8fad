/**
 * Takes over the terminal and restores it, whatever happens in between. Restoring is synchronous: a dying process gets
 * no later turn.
 */
import { writeSync } from 'node:fs';
import type { TerminalClock } from './clock.ts';
import { sanitizeLines } from './sanitize.ts';

/** Alternate screen, cleared; cursor hidden; autowrap off; bracketed paste on. */
export const ENTER_BYTES = '\x1b[?1049h\x1b[2J\x1b[H\x1b[?25l\x1b[?7l\x1b[?2004h';
/** Ends a synchronized update; turns off styles, mouse and focus reports and bracketed paste; undoes ENTER_BYTES. */
export const RESTORE_BYTES =
  '\x1b[?2026l\x1b[m\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[?1049l\x1b[?7h\x1b[?25h';
/** For lines on the normal screen: only bracketed paste, which shows nothing. */
export const LINEAR_MODES = { enter: '\x1b[?2004h', restore: '\n\x1b[?2004l' };
/** sysexits.h: an internal software error. */
const EXIT_SOFTWARE = 70;
const STDERR = 2;
const WRITE_TRIES = 200;
/** If a stop has no effect (no shell to return to), the screen comes back after this time. */
const STOP_GRACE_MS = 100;

export type QuitSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';
const SIGNAL_NUMBERS: Readonly<Record<QuitSignal, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

// biome-ignore lint/suspicious/noExplicitAny: the arguments of an event depend on its name
type EventListener = (...given: any[]) => void;

/** The part of `process` that the guard uses. */
export interface GuardedProcess {
  on(event: string, listener: EventListener): unknown;
  off(event: string, listener: EventListener): unknown;
  kill(pid: number, signal: string): unknown;
  exit(code: number): unknown;
}

interface RawInput {
  readonly isTTY?: boolean | undefined;
  setRawMode?(raw: boolean): unknown;
}

export interface TerminalGuardOptions {
  readonly clock: TerminalClock;
  readonly process?: GuardedProcess;
  readonly input?: RawInput;
  /** What is written when the terminal is taken over and given back. Default: ENTER_BYTES and RESTORE_BYTES. */
  readonly modes?: { readonly enter: string; readonly restore: string };
  /** The terminal's file descriptor. Default 1. */
  readonly fd?: number;
  /** Writes all of `text` before it returns. Default: fs.writeSync. */
  readonly writeNow?: (fd: number, text: string) => void;
  /** Starts an orderly quit, which ends in process.exit. Without it a signal restores and exits at once. */
  readonly onSignal?: (signal: QuitSignal) => void;
  /** How long an orderly quit may take before the guard exits with 128 + the signal's number. Default 5 s. */
  readonly quitTimeoutMs?: number;
  /** Called before the terminal is restored: stop drawing. Not called for a suspension. */
  readonly onRestore?: () => void;
  /** Called after Ctrl-Z and fg: draw everything. */
  readonly onResume?: () => void;
}

export class TerminalGuard {
  readonly #options: TerminalGuardOptions;
  readonly #process: GuardedProcess;
  readonly #listeners: readonly (readonly [string, EventListener])[];
  readonly #onStop = () => this.suspend();
  #state: 'outside' | 'inside' | 'suspended' = 'outside';
  #quitting: QuitSignal | undefined;

  constructor(options: TerminalGuardOptions) {
    this.#options = options;
    this.#process = options.process ?? (process as unknown as GuardedProcess);
    const quit = (signal: QuitSignal) => () => this.#signalled(signal);
    this.#listeners = [
      ['exit', () => this.restore()],
      ['uncaughtException', (error: unknown) => this.crash(error)],
      ['unhandledRejection', (reason: unknown) => this.crash(reason)],
      ['SIGINT', quit('SIGINT')],
      ['SIGTERM', quit('SIGTERM')],
      ['SIGHUP', quit('SIGHUP')],
      ['SIGTSTP', this.#onStop],
      ['SIGCONT', () => this.#resume()],
    ];
  }

  /** Takes over the terminal: alternate screen, raw mode, and a guard on every exit. */
  enter(): void {
    if (this.#state !== 'outside') return;
    for (const [event, listener] of this.#listeners) this.#process.on(event, listener);
    this.#take();
  }

  /** Restores the terminal. Call it as often as you like, at any time. */
  restore(): void {
    if (this.#state === 'outside') return;
    this.#options.onRestore?.();
    for (const [event, listener] of this.#listeners) this.#process.off(event, listener);
    this.#giveBack();
    this.#state = 'outside';
  }

  /** Restores the terminal, prints the error to stderr and exits with code 70. */
  crash(error: unknown): void {
    this.restore();
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    // The message can quote a peer, and it goes to the terminal.
    this.#write(STDERR, `${sanitizeLines(text).join('\n')}\n`);
    this.#process.exit(EXIT_SOFTWARE);
  }

  /** Ctrl-Z: restores the terminal and stops; `fg` takes it over again. */
  suspend(): void {
    if (this.#state !== 'inside') return;
    this.#giveBack();
    this.#state = 'suspended';
    this.#process.off('SIGTSTP', this.#onStop);
    // Stop the whole group, as the terminal would: npm or a pipe must stop too.
    this.#process.kill(0, 'SIGTSTP');
    this.#process.on('SIGTSTP', this.#onStop);
    // The kernel ignores the signal if no process could continue the group.
    this.#options.clock.after(STOP_GRACE_MS, () => {
      if (this.#state === 'suspended') this.#resume();
    });
  }

  #resume(): void {
    if (this.#state === 'outside') return;
    // After an unannounced stop (kill -STOP) the shell has set its own modes, which the stream does not know.
    if (this.#state === 'inside') this.#setRawMode(false);
    this.#take();
    this.#options.onResume?.();
  }

  #signalled(signal: QuitSignal): void {
    const give = () => {
      this.restore();
      this.#process.exit(128 + SIGNAL_NUMBERS[signal]);
    };
    // The second signal quits at once.
    if (this.#options.onSignal === undefined || this.#quitting === signal) {
      give();
      return;
    }
    this.#quitting = signal;
    this.#options.clock.after(this.#options.quitTimeoutMs ?? 5_000, give);
    this.#options.onSignal(signal);
  }

  #take(): void {
    this.#state = 'inside';
    this.#write(this.#options.fd ?? 1, this.#options.modes?.enter ?? ENTER_BYTES);
    this.#setRawMode(true);
  }

  #giveBack(): void {
    this.#setRawMode(false);
    this.#write(this.#options.fd ?? 1, this.#options.modes?.restore ?? RESTORE_BYTES);
  }

  #setRawMode(raw: boolean): void {
    const input = this.#options.input ?? process.stdin;
    try {
      if (input.isTTY === true) input.setRawMode?.(raw);
    } catch {
      // The terminal is gone: there is nothing to restore.
    }
  }

  #write(fd: number, text: string): void {
    try {
      (this.#options.writeNow ?? writeNow)(fd, text);
    } catch {
      // The terminal is gone: there is nowhere to report this.
    }
  }
}

/** Writes all of the text; on a non-blocking descriptor it waits in small steps, at most two seconds. */
function writeNow(fd: number, text: string): void {
  let bytes = Buffer.from(text);
  for (let tries = 0; bytes.length > 0 && tries < WRITE_TRIES; tries += 1) {
    try {
      bytes = bytes.subarray(writeSync(fd, bytes));
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
