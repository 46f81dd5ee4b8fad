import {
  type AnsiCode,
  ansiCodesToString,
  diffAnsiCodes,
  tokenize as measureTokens,
  reduceAnsiCodesIncremental,
  type StyledChar,
  type Token,
} from '@alcalzone/ansi-tokenize';
import measureWidth from 'string-width';
import { isSimple } from './simple-text.ts';

/**
 * Replaces `string-width` and `@alcalzone/ansi-tokenize` inside Ink (`esbuild.plugins.mjs`). Ink measures and tokenizes
 * every row of every frame, although nearly all rows are unchanged: this was half the cost of a frame. Both are pure
 * functions of a text, so their results are cached, up to these numbers. Neighbours with one style share one list of
 * styles, so that Ink can join them without comparing each cell with the next.
 */
const WIDTHS_MAX = 512;
const ROWS_MAX = 128;

/** SGR sequences take no columns. */
const LOOKS = /\x1b\[[\d;]*m/g;

const widths = new Map<string, number>();
const tokensOfRows = new Map<string, Token[]>();
const charsOfTokens = new WeakMap<readonly Token[], StyledChar[]>();

export * from '@alcalzone/ansi-tokenize';

/** Like `string-width`: the columns that a text takes. */
// biome-ignore lint/style/noDefaultExport: the package that it replaces has one.
export default function stringWidth(text: string, options?: Parameters<typeof measureWidth>[1]): number {
  if (options !== undefined) return measureWidth(text, options);
  if (isSimple(text)) return text.length;
  return remembered({ cache: widths, max: WIDTHS_MAX, key: text, make: () => widthOf(text) });
}

function widthOf(text: string): number {
  const plain = text.replace(LOOKS, '');
  return isSimple(plain) ? plain.length : measureWidth(text);
}

/** As in `@alcalzone/ansi-tokenize`. Callers share the result and do not change it. */
export function tokenize(text: string, endChar?: number): Token[] {
  if (endChar !== undefined) return measureTokens(text, endChar);
  return remembered({ cache: tokensOfRows, max: ROWS_MAX, key: text, make: () => measureTokens(text) });
}

/** As in `@alcalzone/ansi-tokenize`. Callers share the result and do not change it. */
export function styledCharsFromTokens(tokens: Token[]): StyledChar[] {
  const known = charsOfTokens.get(tokens);
  if (known !== undefined) return known;
  const chars: StyledChar[] = [];
  let styles: AnsiCode[] = [];
  for (const token of tokens) {
    if (token.type === 'ansi') styles = reduceAnsiCodesIncremental(styles, [token]);
    else if (token.type === 'char') chars.push({ ...token, styles });
  }
  charsOfTokens.set(tokens, chars);
  return chars;
}

/** As in `@alcalzone/ansi-tokenize`. */
export function styledCharsToString(chars: readonly StyledChar[]): string {
  let text = '';
  let styles: AnsiCode[] = [];
  for (const char of chars) {
    text += change(styles, char.styles) + char.value;
    styles = char.styles;
  }
  return text + change(styles, []);
}

function change(from: AnsiCode[], to: AnsiCode[]): string {
  if (from === to || (from.length === 0 && to.length === 0)) return '';
  return ansiCodesToString(diffAnsiCodes(from, to));
}

/** A full cache is emptied; the next frame fills it again. */
function remembered<Value>(options: {
  readonly cache: Map<string, Value>;
  readonly max: number;
  readonly key: string;
  readonly make: () => Value;
}): Value {
  const { cache, max, key, make } = options;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const value = make();
  if (cache.size >= max) cache.clear();
  cache.set(key, value);
  return value;
}
