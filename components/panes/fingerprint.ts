/** Fingerprints in words. Users compare them on two screens, so they are never cut and look the same everywhere. */
import { type SafeText, trusted } from '../terminal/sanitize.ts';
import { textWidth, wrap } from '../terminal/width.ts';
import { type Line, plain, span } from '../widgets/line.ts';

/** The longest word of the list has seven letters; with its hyphen it takes eight cells. */
const CELLS_A_WORD = 8;
const WORDS_A_LINE = 4;
/** Width for four words a line: every screen that is not too small for aioc has it. */
export const FINGERPRINT_WIDTH = CELLS_A_WORD * WORDS_A_LINE;
/** `words there: ` */
export const LABEL_WIDTH = 13;
/** `own ` */
const SHORT_LABEL_WIDTH = 4;

/** The words, four a line where they fit; all lines but the last end with a hyphen. Never cut. */
export function fingerprintLines(fingerprint: SafeText, width: number): readonly SafeText[] {
  const each = Math.max(1, Math.min(WORDS_A_LINE, Math.floor(width / CELLS_A_WORD)));
  const parts = fingerprint.split('-');
  const lines: string[] = [];
  for (let at = 0; at < parts.length; at += each) {
    const isLast = at + each >= parts.length;
    lines.push(parts.slice(at, at + each).join('-') + (isLast ? '' : '-'));
  }
  return lines.flatMap((line) => (textWidth(line) <= width ? [trusted(line)] : wrap(trusted(line), width)));
}

export interface WordsLook {
  readonly width: number;
  /** The text to show when there is no fingerprint. */
  readonly without: string;
  /** A label of three letters, for screens without a line for the long one. */
  readonly short?: string;
}

/** A label and the words after it, or under it where there is no room. */
export function labelledWords(
  long: string,
  fingerprint: SafeText | undefined,
  { width, without, short }: WordsLook,
): readonly Line[] {
  const [label, labelWidth] =
    short === undefined || width >= LABEL_WIDTH + FINGERPRINT_WIDTH
      ? [long, LABEL_WIDTH]
      : [short, SHORT_LABEL_WIDTH];
  const isBeside = width >= labelWidth + FINGERPRINT_WIDTH;
  const room = isBeside ? width - labelWidth : width;
  const lines =
    fingerprint === undefined
      ? wrap(trusted(without), room).map((text): Line => [span(text, 'warn')])
      : fingerprintLines(fingerprint, room).map((text): Line => [span(text, 'strong')]);
  if (!isBeside) return [[plain(label)], ...lines];
  return lines.map((line, index) => [plain((index === 0 ? label : '').padEnd(labelWidth)), ...line]);
}
