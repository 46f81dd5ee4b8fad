import type { KeyEvent } from './terminal/key-decoder.ts';

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

/** The terminal's abilities. */
export interface Appearance {
  /** False (NO_COLOR, a dumb terminal): only bold, faint and inverse are used. */
  readonly colour: boolean;
  /** False: everything, including text from peers, is drawn in ASCII. */
  readonly unicode: boolean;
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
  onKey(listener: (event: KeyEvent) => void): () => void;
  /** Passes one key on to the prompt that Ink draws, as the bytes that a terminal sends for it. */
  typeIntoPrompt(sequence: string): void;
  /** Shows the terminal's own cursor at a cell, or hides it. */
  setCursor(cell: Cell | undefined): void;
  /** Redraws the whole screen, whatever the terminal shows now. */
  repaint(): void;
  /** Sends a text to the terminal's clipboard (OSC 52); not every terminal takes it. */
  copy(text: string): void;
  /** What the screen shows, one text a row, without the blanks at their ends. */
  shownRows(): readonly string[];
  /** Gives the terminal back and stops the process, as Ctrl-Z does; `fg` draws the screen again. */
  suspend(): void;
  /** Ends the program in an orderly way, without a question. */
  quit(exitCode: number): void;
}
