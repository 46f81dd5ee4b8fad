import { isSimple } from './simple-text.ts';

/** SGR sequences: a control character, which joins nothing, and simple characters. */
const ESCAPES = /\x1b/g;

/**
 * Stands in for `Intl.Segmenter` in the bundles (`esbuild.plugins.mjs`). The packages that measure text make one when
 * they are loaded and ask it about every text, and Node takes 40 ms for the first; most screens have nothing to ask.
 */
export class LazySegmenter {
  readonly #given: ConstructorParameters<typeof Intl.Segmenter>;
  #real: Intl.Segmenter | undefined;

  constructor(...given: ConstructorParameters<typeof Intl.Segmenter>) {
    this.#given = given;
  }

  segment(text: string): Pick<Intl.Segments, 'containing' | typeof Symbol.iterator> {
    const [, { granularity = 'grapheme' } = {}] = this.#given;
    if (granularity === 'grapheme' && isSimple(text.replace(ESCAPES, ''))) return new CodeUnits(text);
    this.#real ??= new globalThis.Intl.Segmenter(...this.#given);
    return this.#real.segment(text);
  }
}

/** The graphemes of a text of which each code unit is one. */
class CodeUnits {
  readonly #input: string;

  constructor(input: string) {
    this.#input = input;
  }

  containing(index = 0): Intl.SegmentData {
    // Like the real one, which returns undefined beyond the text, against its type.
    return (
      index >= 0 && index < this.#input.length ? this.#at(Math.trunc(index)) : undefined
    ) as Intl.SegmentData;
  }

  *[Symbol.iterator](): Generator<Intl.SegmentData> {
    for (let index = 0; index < this.#input.length; index += 1) yield this.#at(index);
  }

  #at(index: number): Intl.SegmentData {
    return { segment: this.#input.charAt(index), index, input: this.#input };
  }
}

export { LazySegmenter as 'Intl.Segmenter' };
