/** What the keyboard sent, decoded. */
export interface Key {
  readonly kind: 'key';
  /**
   * `enter`, `tab`, `backspace`, `delete`, `escape`, `up`, `down`, `left`, `right`, `home`, `end`, `pageup`,
   * `pagedown`, `insert`, `f1` to `f12`, or the character itself (for ctrl: the lower-case letter).
   */
  readonly name: string;
  readonly ctrl: boolean;
  readonly alt: boolean;
  /** Only for named keys; for a character, the character shows it. */
  readonly shift: boolean;
  /** The text that the key types, if any. */
  readonly text?: string;
}

export interface Paste {
  /** The terminal has not marked it: much text came at once. */
  readonly isUnmarked?: true;
  readonly kind: 'paste';
  /** Raw text with `\n` as line end; it can contain control characters. */
  readonly text: string;
  /** The paste was longer than PASTE_MAX_BYTES. */
  readonly truncated: boolean;
}

/** A press of the mouse, while it is on (`--mouse`). */
export interface MousePress {
  readonly kind: 'mouse';
  readonly button: 'left' | 'wheel-up' | 'wheel-down';
  /** The cell; the top left one is row 0, column 0. */
  readonly row: number;
  readonly column: number;
}

export type KeyEvent = Key | Paste;

/** All that a terminal sends while a screen is open. */
export type InputEvent = KeyEvent | MousePress;

export interface Modifiers {
  readonly ctrl?: boolean;
  readonly alt?: boolean;
  readonly shift?: boolean;
}

export function key(name: string, modifiers: Modifiers = {}): Key {
  const { ctrl = false, alt = false, shift = false } = modifiers;
  return { kind: 'key', name, ctrl, alt, shift };
}

/** A printable character; with ctrl or alt it types nothing. */
export function characterKey(character: string, modifiers: Modifiers = {}): Key {
  const { ctrl = false, alt = false } = modifiers;
  const bare = key(ctrl ? character.toLowerCase() : character, { ctrl, alt });
  return ctrl || alt ? bare : { ...bare, text: character };
}
