import type { KeyEvent } from '../terminal/key-decoder.ts';

type KeyPress = Extract<KeyEvent, { kind: 'key' }>;

/**
 * The key as the table of bindings writes it: the character itself (`q`, `S`, `?`), or modifiers and a name
 * (`ctrl-c`, `alt-1`, `shift-tab`, `pageup`).
 */
export function chordOf(key: KeyPress): string {
  if (key.text === ' ' && !key.ctrl && !key.alt) return 'space';
  if (key.text !== undefined && key.text !== '' && !key.ctrl && !key.alt) return key.text;
  const isCharacter = [...key.name].length === 1;
  const modifiers = [
    key.ctrl ? 'ctrl-' : '',
    key.alt ? 'alt-' : '',
    key.shift && !isCharacter ? 'shift-' : '',
  ].join('');
  return modifiers + (isCharacter ? key.name.toLowerCase() : key.name);
}
