/**
 * Characters that are always one grapheme in one column: Latin letters, dashes, quotes, arrows, mathematical signs, boxes
 * and blocks, and the sign for bytes that are no text. Nearly all of a screen consists of them, and Node takes 80 ms for
 * the first text that it segments.
 */
const SIMPLE =
  /^[\x20-\x7e\xa0-\xac\xae-\u024f\u2010-\u2027\u2030-\u203b\u2190-\u22ff\u23ce\u2500-\u25fc\u2713\u2715\ufffd]*$/;

/** Whether `text` has as many columns, and as many graphemes, as code units. */
export function isSimple(text: string): boolean {
  return SIMPLE.test(text);
}
