/**
 * Compares each frame with what is on the screen and sends the difference, so that an idle screen costs nothing, and no
 * frame flickers, scrolls or depends on where the cursor was. Frames come as lines of the panes; Ink draws the prompt
 * only, and has the writer as its stdout. With `debug: true` every write of Ink is a whole frame.
 *
 *   render(app, { stdout: writer.asInkStdout(), debug: true, patchConsole: false, exitOnCtrlC: false })
 */
import { EventEmitter } from 'node:events';
import type { Appearance, ScreenFrame } from '../host.ts';
import type { TonePalette } from '../themes/tokens.ts';
import { type MutableRow, paletteOf, putCells } from './cells.ts';
import type { TerminalClock } from './clock.ts';
import { FrameBuffer } from './frame-buffer.ts';
import { FrameTimes, type ScreenStats } from './frame-times.ts';
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
  /** Default: colours and Unicode. */
  readonly appearance?: Appearance;
}

/**
 * Between two paints, so that many changes cost little. Numbers change at most five times a second anyway; a key must not
 * wait long behind them, nor what the engine answers to it.
 */
const PAINT_INTERVAL_MS = 10;
const BEGIN_SYNC = '\x1b[?2026h';
const END_SYNC = '\x1b[?2026l';
/** Autowrap off, so that the last column never scrolls; default look; clear. */
const CLEAR = '\x1b[?7l\x1b[m\x1b[2J';

const MOUSE_ON_BYTES = '\x1b[?1000h\x1b[?1006h';
const MOUSE_OFF_BYTES = '\x1b[?1000l\x1b[?1006l';

export class ScreenWriter extends EventEmitter {
  readonly isTTY = true;
  readonly #output: ScreenOutput;
  readonly #clock: TerminalClock;
  readonly #buffer: FrameBuffer;
  readonly #color: boolean;
  #palette: TonePalette;
  /** What the screen shows; undefined when unknown. */
  #shown: readonly ScreenRow[] | undefined;
  #shownColumns = 0;
  #shownCursor: CursorPosition | undefined;
  #frame: ScreenFrame | undefined;
  #cursor: CursorPosition | undefined;
  /** What Ink has drawn: the prompt, or all of it as long as no frame has been shown. */
  #inkFrame: string | undefined;
  #begunAtMs: number | undefined;
  #isDirty = false;
  #isScheduled = false;
  #isBlocked = false;
  #isStopped = false;
  #paintedAtMs = Number.NEGATIVE_INFINITY;
  #timer: { cancel(): void } | undefined;
  #bytesWritten = 0;
  readonly #stats = new FrameTimes();
  readonly #onResize = () => this.resized();

  constructor(options: ScreenWriterOptions) {
    super();
    this.#output = options.output;
    this.#clock = options.clock;
    const appearance = options.appearance ?? { colour: true, unicode: true };
    this.#buffer = new FrameBuffer(appearance);
    this.#color = appearance.colour;
    this.#palette = paletteOf(appearance);
    this.#output.on?.('resize', this.#onResize);
  }

  get columns(): number {
    return this.#output.columns || 80;
  }

  get rows(): number {
    return this.#output.rows || 24;
  }

  /** For `F12` and the bench. */
  get stats(): ScreenStats {
    const { bytesWritten } = this;
    return { ...this.#stats.summary, bytesWritten, rows: this.#buffer.counts };
  }

  /** Bytes sent to the terminal so far, for the budget of bytes a minute. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  asInkStdout(): NodeJS.WriteStream {
    return this as unknown as NodeJS.WriteStream;
  }

  /** A frame begins to be made. */
  beginFrame(): void {
    this.#begunAtMs ??= this.#clock.now();
  }

  /** Takes a whole frame. It is painted at the end of this turn of the event loop, or 10 ms after the last paint. */
  show(frame: ScreenFrame): void {
    this.#frame = frame;
    this.#cursor = frame.cursor;
    this.#request();
  }

  /** Shows the terminal's own cursor at a place, or hides it. */
  setCursor(position: CursorPosition | undefined): void {
    this.#cursor = position;
    if (!sameCursor(position, this.#shownCursor)) this.#request();
  }

  /**
   * Takes a whole frame of Ink, of which only the prompt is shown once there is a frame of our own. A write without visible text is none of its frames
   * (Ink also writes cursor modes, and a bare newline at its end) and is ignored. Always true: a slow terminal costs
   * frames, not memory.
   */
  write(frame: string | Uint8Array, ...rest: readonly unknown[]): boolean {
    const text = typeof frame === 'string' ? frame : Buffer.from(frame).toString();
    if (!this.#isStopped && text !== this.#inkFrame && !isInkHousekeeping(text)) {
      this.#inkFrame = text;
      this.#request();
    }
    const written = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined;
    if (written !== undefined) queueMicrotask(written);
    return true;
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
    return (this.#shown ?? []).map(({ texts }) => texts.join('').trimEnd());
  }

  /** Sends a text to the terminal's clipboard: OSC 52, which leaves the screen as it is. */
  copy(text: string): void {
    const sequence = `\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`;
    this.#bytesWritten += sequence.length;
    this.#output.write(sequence);
  }

  /** Draws everything in other colours. */
  setPalette(palette: TonePalette): void {
    if (palette === this.#palette) return;
    this.#palette = palette;
    this.#buffer.restyle(palette);
    this.#request();
  }

  /** Reports of buttons and the wheel, with coordinates of any size (SGR). */
  setMouse(on: boolean): void {
    const sequence = on ? MOUSE_ON_BYTES : MOUSE_OFF_BYTES;
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
    const startedAtMs = this.#begunAtMs ?? this.#clock.now();
    this.#begunAtMs = undefined;
    const bytes = this.#difference();
    if (bytes === '') return;
    this.#paintedAtMs = this.#clock.now();
    this.#stats.add(this.#paintedAtMs - startedAtMs);
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
    const blank = blankRow(columns);
    const shown = this.#shown ?? [];
    const out: string[] = [];
    const now = this.#rowsOfFrame();
    for (const [row, next] of now.entries()) {
      const previous = shown[row] ?? blank;
      if (next !== previous) diffRow(out, { row, previous, next });
    }
    this.#shown = now;
    this.#shownColumns = columns;
    return out.join('');
  }

  /** The rows of the newest frame, with the prompt that Ink has drawn over them. */
  #rowsOfFrame(): readonly ScreenRow[] {
    const { columns, rows } = this;
    const frame = this.#frame;
    const look = { columns, color: this.#color };
    const inkLines = (): readonly string[] => this.#inkFrame?.split('\n') ?? [];
    if (frame === undefined) {
      const lines = inkLines();
      return Array.from({ length: rows }, (_, row) => parseRow(lines[row] ?? '', look));
    }
    const composed = this.#buffer.compose(frame, { columns, rows });
    const { prompt } = frame;
    const below = prompt && composed[prompt.row];
    if (prompt === undefined || below === undefined) return composed;
    const drawn = parseRow(inkLines()[prompt.row] ?? '', look);
    const row: MutableRow = { texts: [...below.texts], styles: [...below.styles] };
    const end = prompt.column + prompt.width;
    const part = (cells: readonly string[]): readonly string[] => cells.slice(prompt.column, end);
    const styles = part(drawn.styles).map((style) => style || this.#palette.tones.plain);
    putCells(row, prompt.column, { texts: part(drawn.texts), styles });
    return composed.with(prompt.row, row);
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
