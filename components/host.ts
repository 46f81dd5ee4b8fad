import type { ScreenStats } from './terminal/frame-times.ts';
import type { InputEvent } from './terminal/key-decoder.ts';
import type { ThemeName } from './themes/themes.ts';
import type { TonePalette } from './themes/tokens.ts';
import type { Line } from './widgets/line.ts';

/** The terminal's size in cells. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A cell of the screen; the top left one is row 0, column 0. */
export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** Lines one under the other, the first one from this cell on. */
export interface Region extends Cell {
  readonly lines: readonly Line[];
}

/** Everything on the screen but the prompt, which Ink draws. */
export interface ScreenFrame {
  /** Later ones cover earlier ones. */
  readonly regions: readonly Region[];
  /** The cells that the prompt covers, while one is open. */
  readonly prompt?: (Cell & { readonly width: number }) | undefined;
  /** Where the terminal's own cursor is shown. */
  readonly cursor?: Cell | undefined;
}

/** The terminal's abilities. */
export interface Appearance {
  /** False (NO_COLOR, a dumb terminal): only bold, faint and inverse are used. */
  readonly colour: boolean;
  /** False: everything, including text from peers, is drawn in ASCII. */
  readonly unicode: boolean;
  /** Nothing moves, and numbers change at most once a second. */
  readonly isStill?: boolean;
  /** How tones look; without it as the terminal’s sixteen colours, or in none. */
  readonly palette?: TonePalette;
}

export interface HostTimer {
  cancel(): void;
}

export interface HostClock {
  /** Milliseconds since 1970. */
  wallNow(): number;
  /** Calls `action` once, `delayMs` from now, unless cancelled first. */
  after(delayMs: number, action: () => void): HostTimer;
}

/** The terminal and the process, as a port: a test can replace both. */
export interface Host {
  readonly clock: HostClock;
  readonly appearance: Appearance;
  size(): Size;
  /** Both return a function that ends the subscription. */
  onResize(listener: () => void): () => void;
  onKey(listener: (event: InputEvent) => void): () => void;
  /** Passes one key on to the prompt that Ink draws, as the bytes that a terminal sends for it. */
  typeIntoPrompt(sequence: string): void;
  /** Notes that a frame begins, for the figures of `F12`. */
  beginFrame(): void;
  /** What drawing has cost so far. */
  stats(): ScreenStats;
  /** Shows a frame. Lines that are the same objects as before are not drawn again. */
  show(frame: ScreenFrame): void;
  /** Redraws the whole screen, whatever the terminal shows now. */
  repaint(): void;
  /** Sends a text to the terminal's clipboard (OSC 52); not every terminal takes it. */
  copy(text: string): void;
  /** Asks the terminal to report the wheel and clicks, or no longer. */
  setMouse(on: boolean): void;
  /** Draws everything in the colours of a theme. */
  setTheme(theme: ThemeName): void;
  /** Reads the pane with the focus, or all of it; only for a screen reader. */
  readOut?(what: 'pane' | 'all'): void;
  /** What the screen shows, one text a row, without the blanks at their ends. */
  shownRows(): readonly string[];
  /** Gives the terminal back and stops the process, as Ctrl-Z does; `fg` draws the screen again. */
  suspend(): void;
  /** Ends the program in an orderly way, without a question. */
  quit(exitCode: number): void;
}
