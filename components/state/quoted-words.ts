/** Words of a line, quoted as in a shell: for the arguments of our own commands, and for Tab. */

export type Quote = '' | "'" | '"';

export interface Word {
  /** Without its quotes and backslashes. */
  readonly text: string;
  /** Offset of its first character in the line. */
  readonly from: number;
  /** The quote that is still open at the end of the line. */
  readonly open: Quote;
}

/** Ends a word of a shell, or starts something else. */
const SPECIAL = /[\s\\'"$&;|<>()*?!`[\]{}#]/g;
/** Inside double quotes, a backslash protects only these. */
const PROTECTED = '"\\$`';

/** The words from `start` on. A backslash protects one character, single and double quotes protect those inside. */
export function splitWords(line: string, start = 0): readonly Word[] {
  const words: Word[] = [];
  let at = start;
  for (;;) {
    while (at < line.length && /\s/.test(line.charAt(at))) at += 1;
    if (at >= line.length) return words;
    const { word, end } = readWord(line, at);
    words.push(word);
    at = end;
  }
}

/** The word that ends where the line ends; an empty one after a blank. */
export function lastWord(line: string, start = 0): Word {
  const last = splitWords(line, start).at(-1);
  return last !== undefined && readWord(line, last.from).end === line.length
    ? last
    : { text: '', from: line.length, open: '' };
}

/** `text` as one word of a line, in a quote that is open already or with backslashes. The quote stays open. */
export function quoted(text: string, open: Quote = ''): string {
  if (open === "'") return `'${text.replaceAll("'", "'\\''")}`;
  if (open === '"') return `"${text.replace(/["\\$`]/g, '\\$&')}`;
  return text.replace(SPECIAL, '\\$&');
}

function readWord(line: string, from: number): { readonly word: Word; readonly end: number } {
  let text = '';
  let open: Quote = '';
  let at = from;
  for (; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (open === '' && /\s/.test(character)) break;
    if (character === open) open = '';
    else if (open === '' && (character === "'" || character === '"')) open = character;
    else if (isProtecting(line, at, open)) {
      at += 1;
      text += line.charAt(at);
    } else text += character;
  }
  return { word: { text, from, open }, end: at };
}

function isProtecting(line: string, at: number, open: Quote): boolean {
  if (line.charAt(at) !== '\\' || open === "'" || at + 1 >= line.length) return false;
  return open === '' || PROTECTED.includes(line.charAt(at + 1));
}
