/** Texts from outside (arguments, files, peers) that a command writes to a terminal, without loading the screen. */

/** Control characters but line ends, invisible and reordering ones, and lone surrogates. */
const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** Of those that JSON leaves as they are. */
const UNESCAPED = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Lines in which a control character is `\x1b`-like text, and an invisible one `·`. */
export function harmless(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0xa0 ? `\\x${code.toString(16).padStart(2, '0')}` : '·';
  });
}

/** JSON in which the characters that control a terminal are escaped: it is the same for who parses it. */
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
