/**
 * The stand-in stdout that Ink renders to. With `debug: true` every write of Ink is a whole frame; the writer compares
 * it with what is on the screen and sends the difference, so that an idle screen costs nothing, and no frame
 * flickers, scrolls or depends on where the cursor was.
 *
 *   render(app, { stdout: writer.asInkStdout(), debug: true, patchConsole: false, exitOnCtrlC: false })
 */
import { EventEmitter } from 'node:events';
import type { TerminalClock } from './clock.ts';
import { diffRow } from './screen-diff.ts';
import { blankRow, parseRow, type ScreenRow, withoutEscapes } from './screen-row.ts';

/** The output: the real stdout, or a test's. */
export interface ScreenOutput {
  /** False means: wait for `drain`. */
  write(text: string): boolean;
  once(event: 'drain', listener: () => void): unknown;
  on?(event: 'resize', listener: () => void): unknown;
  off?(event: 'resize', listener: () => void): unknown;
  readonly columns: number | undefined;
  readonly rows: number | undefined;
}

/** Counted from 0 at the top left. */
export interface CursorPosition {
  readonly row: number;
  readonly column: number;
}

export interface ScreenWriterOptions {
  readonly output: ScreenOutput;
  readonly clock: TerminalClock;
  /** False (NO_COLOR) drops colours and keeps bold, inverse and the like. Default true. */
  readonly color?: boolean;
}

/** Fast enough for the eye, slow enough that many changes cost little. */
const PAINT_INTERVAL_MS = 33;
const BEGIN_SYNC = '\x1b[?2026h';
const END_SYNC = '\x1b[?2026l';
/** Autowrap off, so that the last column never scrolls; default look; clear. */
const CLEAR = '\x1b[?7l\x1b[m\x1b[2J';

interface KnownRow {
  readonly line: string;
  readonly cells: ScreenRow;
}

export class ScreenWriter extends EventEmitter {
  readonly isTTY = true;
  readonly #output: ScreenOutput;
  readonly #clock: TerminalClock;
  readonly #color: boolean;
  /** What the screen shows; undefined when unknown. */
  #shown: KnownRow[] | undefined;
  #shownColumns = 0;
  #shownCursor: CursorPosition | undefined;
  #frame: string | undefined;
  #cursor: CursorPosition | undefined;
  #isDirty = false;
  #isScheduled = false;
  #isBlocked = false;
  #isStopped = false;
  #paintedAtMs = Number.NEGATIVE_INFINITY;
  #timer: { cancel(): void } | undefined;
  #bytesWritten = 0;
  readonly #onResize = () => this.resized();

  constructor(options: ScreenWriterOptions) {
    super();
    this.#output = options.output;
    this.#clock = options.clock;
    this.#color = options.color ?? true;
    this.#output.on?.('resize', this.#onResize);
  }

  get columns(): number {
    return this.#output.columns || 80;
  }

  get rows(): number {
    return this.#output.rows || 24;
  }

  /** Bytes sent to the terminal so far, for the budget of bytes a minute. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  asInkStdout(): NodeJS.WriteStream {
    return this as unknown as NodeJS.WriteStream;
  }

  /**
   * Takes a whole frame. It is painted at the end of this turn of the event loop, together with a cursor set in the
   * same turn, or 33 ms after the last paint. A write without visible text is none of our frames (Ink also writes
   * cursor modes, and a bare newline at its end) and is ignored. Always true: a slow terminal costs frames, not memory.
   */
  write(frame: string | Uint8Array, ...rest: readonly unknown[]): boolean {
    const text = typeof frame === 'string' ? frame : Buffer.from(frame).toString();
    if (!this.#isStopped && text !== this.#frame && !isInkHousekeeping(text)) {
      this.#frame = text;
      this.#request();
    }
    const written = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined;
    if (written !== undefined) queueMicrotask(written);
    return true;
  }

  /** Shows the terminal's own cursor at a place, or hides it. */
  setCursor(position: CursorPosition | undefined): void {
    this.#cursor = position;
    if (!sameCursor(position, this.#shownCursor)) this.#request();
  }

  /** Redraws everything, for a screen that something else has written on. */
  repaint(): void {
    this.#shown = undefined;
    this.#request();
  }

  /** Handles the output's `resize`: forgets the screen, lets Ink lay out again, and redraws everything. */
  resized(): void {
    this.#shown = undefined;
    this.emit('resize');
    this.#request();
  }

  /** What the screen shows, one text a row, without the blanks at their ends. */
  shownRows(): readonly string[] {
    return (this.#shown ?? []).map(({ cells }) => cells.texts.join('').trimEnd());
  }

  /** Sends a text to the terminal's clipboard: OSC 52, which leaves the screen as it is. */
  copy(text: string): void {
    const sequence = `\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`;
    this.#bytesWritten += sequence.length;
    this.#output.write(sequence);
  }

  /** Paints a pending frame at once, without the pace; back-pressure still delays it. */
  flush(): void {
    if (this.#isDirty) this.#paint();
  }

  /** Stops writing, before the terminal is restored. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#output.off?.('resize', this.#onResize);
  }

  #request(): void {
    this.#isDirty = true;
    if (this.#isScheduled || this.#timer !== undefined || this.#isBlocked || this.#isStopped) return;
    const waitMs = this.#paintedAtMs + PAINT_INTERVAL_MS - this.#clock.now();
    if (waitMs > 0) {
      this.#timer = this.#clock.after(waitMs, () => this.flush());
      return;
    }
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  #paint(): void {
    if (this.#isStopped || this.#isBlocked) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#isDirty = false;
    const bytes = this.#difference();
    if (bytes === '') return;
    this.#paintedAtMs = this.#clock.now();
    this.#bytesWritten += Buffer.byteLength(bytes);
    if (this.#output.write(bytes)) return;
    this.#isBlocked = true;
    this.#output.once('drain', () => {
      this.#isBlocked = false;
      if (this.#isDirty) this.#request();
    });
  }

  /** The bytes that make the screen show the newest frame and cursor. */
  #difference(): string {
    // The size can change before its event arrives.
    if (this.#shownColumns !== this.columns) this.#shown = undefined;
    const isFull = this.#shown === undefined;
    const cells = this.#cellsDifference();
    const cursor = this.#cursorDifference({ isMoved: cells.length > 0 || isFull, isUnknown: isFull });
    if (isFull) return `${BEGIN_SYNC}${CLEAR}${cells}${cursor}${END_SYNC}`;
    return cells === '' ? cursor : `${BEGIN_SYNC}${cells}${cursor}${END_SYNC}`;
  }

  #cellsDifference(): string {
    const columns = this.columns;
    const lines = this.#frame?.split('\n') ?? [];
    const blank: KnownRow = { line: '', cells: blankRow(columns) };
    const shown = this.#shown ?? [];
    const out: string[] = [];
    const now: KnownRow[] = [];
    for (let row = 0; row < this.rows; row += 1) {
      const previous = shown[row] ?? blank;
      const line = lines[row] ?? '';
      if (line === previous.line) {
        now.push(previous);
        continue;
      }
      const next = { line, cells: parseRow(line, { columns, color: this.#color }) };
      diffRow(out, { row, previous: previous.cells, next: next.cells });
      now.push(next);
    }
    this.#shown = now;
    this.#shownColumns = columns;
    return out.join('');
  }

  #cursorDifference(screen: { isMoved: boolean; isUnknown: boolean }): string {
    const wanted = this.#clamped(this.#cursor);
    const before = this.#shownCursor;
    this.#shownCursor = wanted;
    if (wanted === undefined) return before !== undefined || screen.isUnknown ? '\x1b[?25l' : '';
    const place =
      screen.isMoved || !sameCursor(wanted, before) ? `\x1b[${wanted.row + 1};${wanted.column + 1}H` : '';
    return before === undefined || screen.isUnknown ? `${place}\x1b[?25h` : place;
  }

  #clamped(position: CursorPosition | undefined): CursorPosition | undefined {
    if (position === undefined) return undefined;
    return {
      row: Math.max(0, Math.min(position.row, this.rows - 1)),
      column: Math.max(0, Math.min(position.column, this.columns - 1)),
    };
  }
}

function isInkHousekeeping(text: string): boolean {
  if (text.length > 64) return false;
  const visible = withoutEscapes(text);
  return visible === '' || visible === '\n';
}

function sameCursor(one: CursorPosition | undefined, other: CursorPosition | undefined): boolean {
  return one?.row === other?.row && one?.column === other?.column;
}
