/** The escape sequences that terminals send for keys: CSI (ESC [ …) and SS3 (ESC O …), in the dialects in use. */
import { characterKey, type Key, key, type Modifiers, type MousePress } from './key-event.ts';

const BY_LETTER: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  F: 'end',
  H: 'home',
  P: 'f1',
  Q: 'f2',
  R: 'f3',
  S: 'f4',
};
const RXVT_ARROWS: Readonly<Record<string, string>> = { a: 'up', b: 'down', c: 'right', d: 'left' };
const LINUX_CONSOLE: Readonly<Record<string, string>> = { A: 'f1', B: 'f2', C: 'f3', D: 'f4', E: 'f5' };
const BY_NUMBER: Readonly<Record<number, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
  11: 'f1',
  12: 'f2',
  13: 'f3',
  14: 'f4',
  15: 'f5',
  17: 'f6',
  18: 'f7',
  19: 'f8',
  20: 'f9',
  21: 'f10',
  23: 'f11',
  24: 'f12',
};
const BY_CODE_POINT: Readonly<Record<number, string>> = {
  8: 'backspace',
  9: 'tab',
  13: 'enter',
  27: 'escape',
  127: 'backspace',
};

/** The key of ESC [ `parameters` `final`, or undefined for another sequence. */
export function csiKey(parameters: string, final: string): Key | undefined {
  if (parameters.startsWith('[')) return named(LINUX_CONSOLE[final]);
  // Mouse reports, private replies and anything else with a marker are not keys.
  if (!/^[0-9;:]*$/.test(parameters)) return undefined;
  const [first = 0, second = 1, third = 0] = parameters
    .split(';')
    .map((parameter) => Number.parseInt(parameter, 10) || 0);
  const modifiers = modifiersOf(second);
  if (final === 'Z') return key('tab', { ...modifiers, shift: true });
  if (final === '~' && first === 27) return coded(third, modifiers);
  if (final === 'u') return coded(first, modifiers);
  if (final === '~') return named(BY_NUMBER[first], modifiers);
  if (final === '^') return named(BY_NUMBER[first], { ctrl: true });
  if (RXVT_ARROWS[final] !== undefined) return named(RXVT_ARROWS[final], { shift: true });
  // ESC [ 12;40 R is a report of where the cursor is, not F3.
  if (first > 1) return undefined;
  return named(BY_LETTER[final], modifiers);
}

/** The key of ESC O `parameters` `final`. */
export function ss3Key(parameters: string, final: string): Key | undefined {
  if (final === 'M') return key('enter');
  if (RXVT_ARROWS[final] !== undefined) return named(RXVT_ARROWS[final], { ctrl: true });
  const modifier = parameters.split(';').at(-1) ?? '';
  return named(BY_LETTER[final], modifiersOf(Number.parseInt(modifier, 10) || 1));
}

/** The key of one character outside of any sequence, or undefined for one that no key sends. */
export function plainKey(character: string, alt: boolean): Key | undefined {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0x0d || code === 0x0a) return key('enter', { alt });
  if (code === 0x09) return key('tab', { alt });
  if (code === 0x7f || code === 0x08) return key('backspace', { alt });
  if (code === 0) return characterKey(' ', { ctrl: true, alt });
  // Ctrl clears three bits of the key's character: A to Z, then \ ] ^ _.
  if (code < 0x20) return characterKey(String.fromCharCode(code + 0x40), { ctrl: true, alt });
  // C1 controls, half characters, and the decoder's replacement for invalid UTF-8.
  if ((code >= 0x80 && code < 0xa0) || (code >= 0xd800 && code < 0xe000) || code === 0xfffd) return undefined;
  return characterKey(character, { alt });
}

const BUTTONS: Readonly<Record<string, MousePress['button']>> = {
  0: 'left',
  64: 'wheel-up',
  65: 'wheel-down',
};

/** A report of the mouse in SGR form, ESC [ < button ; column ; row M. Releases and other buttons mean nothing. */
export function mousePress(parameters: string, final: string): MousePress | undefined {
  const [, button = '', column = 0, row = 0] = /^<(\d+);(\d+);(\d+)$/.exec(parameters) ?? [];
  const pressed = BUTTONS[button];
  if (final !== 'M' || pressed === undefined) return undefined;
  return { kind: 'mouse', button: pressed, row: Number(row) - 1, column: Number(column) - 1 };
}

function named(name: string | undefined, modifiers: Modifiers = {}): Key | undefined {
  return name === undefined ? undefined : key(name, modifiers);
}

/** A key given by its code point, as kitty and xterm's modifyOtherKeys do. */
function coded(codePoint: number, modifiers: Modifiers): Key | undefined {
  const name = BY_CODE_POINT[codePoint];
  if (name !== undefined) return key(name, modifiers);
  // Kitty numbers its other keys in the private use area.
  const isCharacter =
    codePoint >= 0x20 && codePoint <= 0x10ffff && !(codePoint >= 0xd800 && codePoint < 0xf900);
  return isCharacter ? characterKey(String.fromCodePoint(codePoint), modifiers) : undefined;
}

function modifiersOf(parameter: number): Modifiers {
  const bits = Math.max(0, parameter - 1);
  return { shift: (bits & 1) !== 0, alt: (bits & 2) !== 0 || (bits & 8) !== 0, ctrl: (bits & 4) !== 0 };
}
