import type { Terminal } from '@xterm/headless';

/** What a program has switched on in its terminal. A program that leaves should leave `RESTORED`. */
export interface TerminalModes {
  readonly alternateScreen: boolean;
  readonly cursorHidden: boolean;
  readonly autowrap: boolean;
  readonly bracketedPaste: boolean;
  readonly applicationCursor: boolean;
  readonly mouse: 'none' | 'x10' | 'vt200' | 'drag' | 'any';
  readonly focusReports: boolean;
  /** Inside a synchronized update: what is on the grid is not to be shown yet. */
  readonly synchronizedUpdate: boolean;
}

/** The modes of a terminal that nobody has changed, which is also how it must be left. */
export const RESTORED: TerminalModes = {
  alternateScreen: false,
  cursorHidden: false,
  autowrap: true,
  bracketedPaste: false,
  applicationCursor: false,
  mouse: 'none',
  focusReports: false,
  synchronizedUpdate: false,
};

const SHOW_CURSOR = 25;

/** Follows the modes of `terminal` from now on. The cursor's visibility is read off the stream: xterm keeps it to itself. */
export function followModes(terminal: Terminal): () => TerminalModes {
  let cursorHidden = false;
  const setCursor =
    (hidden: boolean) =>
    (parameters: readonly (number | number[])[]): boolean => {
      if (parameters.includes(SHOW_CURSOR)) cursorHidden = hidden;
      return false; // xterm handles the sequence too.
    };
  const reset = (): boolean => {
    cursorHidden = false;
    return false;
  };
  terminal.parser.registerCsiHandler({ prefix: '?', final: 'l' }, setCursor(true));
  terminal.parser.registerCsiHandler({ prefix: '?', final: 'h' }, setCursor(false));
  terminal.parser.registerCsiHandler({ intermediates: '!', final: 'p' }, reset);
  terminal.parser.registerEscHandler({ final: 'c' }, reset);
  return () => ({
    alternateScreen: terminal.buffer.active.type === 'alternate',
    cursorHidden,
    autowrap: terminal.modes.wraparoundMode,
    bracketedPaste: terminal.modes.bracketedPasteMode,
    applicationCursor: terminal.modes.applicationCursorKeysMode,
    mouse: terminal.modes.mouseTrackingMode,
    focusReports: terminal.modes.sendFocusMode,
    synchronizedUpdate: terminal.modes.synchronizedOutputMode,
  });
}
