/**
 * The boundary between outside text (from a peer, a file name, the output of a command) and the screen. Ink passes escape
 * sequences through, so a peer could otherwise set the clipboard, move the cursor or fake a line.
 */
import type { SafeText } from './safe-text.ts';
import { UNSAFE, visible } from './unsafe-characters.ts';
import { textWidth } from './width.ts';

export type { SafeText } from './safe-text.ts';

/** The emoji selector: it can be dropped, and terminals disagree about its width. */
const PICTURE_SELECTOR = /(?<=\p{Extended_Pictographic})\ufe0f/gu;
/** A skin tone without a hand: string-width and terminals disagree about it by two columns. */
const STRAY_SKIN_TONE = /(?<!\p{Emoji_Modifier_Base})\p{Emoji_Modifier}/gu;
/** A leading mark would join the cell at its left: a border, or another name. */
const LEADING_MARK = /^\p{M}/u;
/** More marks than any script stacks on one letter; without a bound one cell could hold megabytes. */
const MARK_PILE = /(\p{M}{8})\p{M}+/gu;
const PLAIN = /^[\x20-\x7e]*$/;
const TAB_COLUMNS = 8;

/**
 * One line that is safe to draw. A control character becomes `\x1b`-like text, an invisible one `·` (a selector behind a
 * pictograph is dropped); printable text is returned unchanged. Linear in the length of `text`, which may be anything.
 */
export function sanitize(text: string): SafeText {
  if (PLAIN.test(text)) return text as SafeText;
  return text
    .replace(PICTURE_SELECTOR, '')
    .replace(UNSAFE, visible)
    .replace(STRAY_SKIN_TONE, '·')
    .replace(LEADING_MARK, '◌$&')
    .replace(MARK_PILE, '$1·') as SafeText;
}

/** The lines of `text` (ended by CR LF, LF or CR), each safe to draw, with tabs expanded to stops of 8 columns. */
export function sanitizeLines(text: string): SafeText[] {
  return text.split(/\r\n|\n|\r/).map((line) => sanitize(line.includes('\t') ? expandTabs(line) : line));
}

/** Marks our own literal as safe. Never call it with outside text. */
export function trusted(text: string): SafeText {
  return text as SafeText;
}

/** A literal of our own with safe parts: safe\`hello ${sanitize(name)}\`. */
export function safe(words: TemplateStringsArray, ...parts: readonly (SafeText | number)[]): SafeText {
  return words.reduce((line, word, index) => `${line}${parts[index - 1] ?? ''}${word}`) as SafeText;
}

function expandTabs(line: string): string {
  let expanded = '';
  let column = 0;
  for (const [index, piece] of line.split('\t').entries()) {
    if (index > 0) {
      const spaces = TAB_COLUMNS - (column % TAB_COLUMNS);
      expanded += ' '.repeat(spaces);
      column += spaces;
    }
    expanded += piece;
    column += textWidth(sanitize(piece));
  }
  return expanded;
}
