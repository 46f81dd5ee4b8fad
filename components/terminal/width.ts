/** The width of texts in columns. Ink uses the same package, so the two agree. */
import stringWidth from 'string-width';
import { LazySegmenter } from './lazy-segmenter.ts';
import type { SafeText } from './safe-text.ts';
import { isSimple, isUnitwise, unitwiseWidth } from './simple-text.ts';

const segmenter = new LazySegmenter(undefined, { granularity: 'grapheme' });
/** Code units that a sanitized grapheme can have at most, roughly: a base, eight marks, skin tones, flags. */
const GRAPHEME_UNITS = 32;

/** Texts of which the width is remembered: graphemes, and what a row shows, which is measured several times. */
const REMEMBERED_UNITS = 256;
const WIDTHS_MAX = 1024;
const widths = new Map<string, number>();

/** Node's segmenter takes time in the square of a text's length (a minute for 200 kB), so it gets this much at once. */
const PIECE_UNITS = 1024;

/** Columns that `text` takes on the screen. */
export function textWidth(text: string): number {
  if (isSimple(text)) return text.length;
  if (isUnitwise(text)) return unitwiseWidth(text);
  if (text.length <= REMEMBERED_UNITS) return shortWidth(text);
  if (text.length <= PIECE_UNITS) return stringWidth(text);
  let width = 0;
  for (const piece of pieces(text)) width += stringWidth(piece.join(''));
  return width;
}

/** A full cache is emptied. */
function shortWidth(text: string): number {
  const known = widths.get(text);
  if (known !== undefined) return known;
  const width = stringWidth(text);
  if (widths.size >= WIDTHS_MAX) widths.clear();
  widths.set(text, width);
  return width;
}

/** The characters as a reader sees them. */
export function graphemes(text: string): string[] {
  if (isSimple(text)) return text.split('');
  if (text.length <= PIECE_UNITS) return segments(text);
  const found: string[] = [];
  for (const piece of pieces(text)) for (const grapheme of piece) found.push(grapheme);
  return found;
}

/** The graphemes of `text`, some hundred at a time. */
function* pieces(text: string): Generator<string[]> {
  let from = 0;
  let units = PIECE_UNITS;
  while (from < text.length) {
    let end = from + units;
    // Do not split a surrogate pair.
    if (isHighSurrogate(text.charCodeAt(end - 1))) end += 1;
    const found = segments(text.slice(from, end));
    // The last grapheme can continue in the next piece; if it is the only one, it is longer than the piece.
    const isWhole = end >= text.length;
    if (!isWhole && found.length === 1) {
      units *= 2;
      continue;
    }
    from = isWhole ? text.length : end - (found.pop() ?? '').length;
    units = PIECE_UNITS;
    yield found;
  }
}

function segments(text: string): string[] {
  if (isUnitwise(text)) return text.split('');
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

/** The start of `text` in at most `width` columns; an ellipsis replaces the rest. */
export function clip<T extends string>(text: T, width: number, ellipsis = '…'): T {
  if (width <= 0) return '' as T;
  // No grapheme is wider than its code units, two at most for each.
  if (text.length * 2 <= width) return text;
  const room = width - textWidth(ellipsis);
  if (isSimple(text)) {
    if (text.length <= width) return text;
    return (room < 0 ? '' : text.slice(0, room) + ellipsis) as T;
  }
  let kept = '';
  let used = 0;
  let fitting = '';
  for (const piece of pieces(text)) {
    for (const grapheme of piece) {
      used += textWidth(grapheme);
      if (used > width) return (room < 0 ? '' : kept + ellipsis) as T;
      fitting += grapheme;
      if (used <= room) kept = fitting;
    }
  }
  return text;
}

/** The end of `text` in at most `width` columns; what was cut is replaced by the ellipsis. */
export function clipStart<T extends string>(text: T, width: number, ellipsis = '…'): T {
  if (width <= 0) return '' as T;
  const units = width * GRAPHEME_UNITS + GRAPHEME_UNITS;
  const isCut = text.length > units;
  const characters = graphemes(isCut ? text.slice(-units) : text);
  if (!isCut && textWidth(text) <= width) return text;
  // The cut may have gone through the first one.
  if (isCut) characters.shift();
  let used = textWidth(ellipsis);
  if (used > width) return '' as T;
  let kept = '';
  for (const character of characters.reverse()) {
    used += textWidth(character);
    if (used > width) break;
    kept = character + kept;
  }
  return (ellipsis + kept) as T;
}

/** `text` and as many spaces as it takes to fill `width` columns. A wider text is returned unchanged: clip it first. */
export function padEnd<T extends string>(text: T, width: number): T {
  return (text + ' '.repeat(Math.max(0, width - textWidth(text)))) as T;
}

/** Like padEnd, with the spaces before the text: for numbers. */
export function padStart<T extends string>(text: T, width: number): T {
  return (' '.repeat(Math.max(0, width - textWidth(text))) + text) as T;
}

/**
 * The text in lines of at most `width` columns, broken at spaces; a word longer than a line is broken anywhere.
 * Leading spaces stay, those at a break are dropped. Linear in the length of the text.
 */
export function wrap(text: SafeText, width: number): SafeText[] {
  if (width <= 0) return [];
  const lines: string[] = [];
  let line = '';
  let used = 0;
  const next = () => {
    lines.push(line.trimEnd());
    line = '';
    used = 0;
  };
  for (const [token] of text.matchAll(/ +|[^ ]+/g)) {
    const tokenWidth = textWidth(token);
    if (used + tokenWidth <= width) {
      line += token;
      used += tokenWidth;
    } else if (token.startsWith(' ')) {
      // Full: the next word starts a line.
      used = width;
    } else if (tokenWidth <= width) {
      next();
      line = token;
      used = tokenWidth;
    } else {
      for (const character of graphemes(token)) {
        // A character wider than the line cannot be shown.
        const shown = textWidth(character) <= width ? character : '·';
        const characterWidth = textWidth(shown);
        if (used + characterWidth > width) next();
        line += shown;
        used += characterWidth;
      }
    }
  }
  lines.push(line.trimEnd());
  return lines as SafeText[];
}
