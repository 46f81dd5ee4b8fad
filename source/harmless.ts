/** Texts from outside (arguments, files, peers) that a command writes to a terminal, without loading the screen. */
import { UNSAFE, visible } from '../components/terminal/unsafe-characters.ts';

/** Of those that JSON leaves as they are. */
const UNESCAPED = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Lines in which a control character is `\x1b`-like text, and an invisible one `·`. */
export function harmless(text: string): string {
  return text.replace(UNSAFE, (character) => (character === '\n' ? character : visible(character)));
}

/** JSON in which the characters that control a terminal are escaped: a parser reads the same. */
export function harmlessJson(json: string): string {
  return json.replace(
    UNESCAPED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A value as JSON over several lines. */
export function jsonPage(value: unknown): string {
  return harmlessJson(JSON.stringify(value, undefined, 2));
}
