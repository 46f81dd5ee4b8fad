/**
 * Characters of which each is a grapheme of its own in one column, whatever stands beside it: Latin letters, dashes,
 * quotes, arrows, signs of mathematics, boxes and blocks. Nearly all of a screen is made of them, and Node takes 80 ms
 * for the first text whose graphemes and emoji it looks for.
 */
const SIMPLE =
  /^[\x20-\x7e\xa0-\xac\xae-\u024f\u2010-\u2027\u2030-\u203b\u2190-\u22ff\u23ce\u2500-\u25fc\u2713\u2715]*$/;

/** Whether `text` has as many columns, and as many graphemes, as code units. */
export function isSimple(text: string): boolean {
  return SIMPLE.test(text);
}
