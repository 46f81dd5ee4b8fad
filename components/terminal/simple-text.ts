/**
 * Characters that are always one grapheme in one column: Latin letters, dashes, quotes, arrows, mathematical signs, boxes
 * and blocks, and the sign for bytes that are no text. Nearly all of a screen consists of them, and Node takes 80 ms for
 * the first text that it segments.
 */
const SIMPLE =
  /^[\x20-\x7e\xa0-\xac\xae-\u024f\u2010-\u2027\u2030-\u203b\u2190-\u22ff\u23ce\u2500-\u25fc\u2713\u2715\ufffd]*$/;

/**
 * Besides those: letters of more scripts, none of which joins a neighbour: each code unit is a grapheme. From U+3001 on they
 * are wide. Without this, the first line of Chinese or Russian would hold the screen for 70 ms: Node's segmenter, and the
 * pattern of all emoji.
 */
const UNITWISE =
  /^[\x20-\x7e\xa0-\xac\xae-\u02ff\u0370-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u0660-\u066f\u2010-\u2027\u2030-\u203b\u2190-\u22ff\u23ce\u2500-\u25fc\u2713\u2715\u3001-\u3029\u3041-\u3096\u30a1-\u30fa\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff60\ufffd]*$/;
const FIRST_WIDE = 0x3001;
/** The sign for bytes that are no text. */
const REPLACEMENT = 0xfffd;

/** Whether each code unit of `text` is a grapheme. */
export function isUnitwise(text: string): boolean {
  return UNITWISE.test(text);
}

/** The columns of a unitwise text. */
export function unitwiseWidth(text: string): number {
  let width = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= FIRST_WIDE && unit !== REPLACEMENT) width += 1;
  }
  return width;
}

/** Whether `text` has as many columns, and as many graphemes, as code units. */
export function isSimple(text: string): boolean {
  return SIMPLE.test(text);
}
