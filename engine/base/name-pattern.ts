import { AiocError } from './errors.ts';
import { LIMITS } from './limits.ts';

/** Whether a pattern matches a client's name. */
export type NamePattern = (name: string) => boolean;

/**
 * Compiles a pattern for client names, a subset of regular expressions. Letters, digits and `_ - :` match themselves;
 * `.`, `[a-z]`, `[^0-9]`, `\d`, `\w` and `\` before a punctuation character match one character; `*`, `+`, `?` repeat;
 * `|` and `( )` choose. A match starts at the beginning of the name, as in Python: `edge` also matches `edge-7`,
 * `edge$` only matches `edge`.
 *
 * Matching follows all alternatives at once, in time proportional to pattern length times name length. No pattern is
 * slow.
 *
 * @throws AiocError AIOC_CONFIG for any other syntax, which could mean something unexpected
 */
export function namePattern(pattern: string): NamePattern {
  if (pattern === '' || pattern.length > LIMITS.namePatternCharacters) {
    throw new AiocError(
      'AIOC_CONFIG',
      `a pattern for names must have 1 to ${LIMITS.namePatternCharacters} characters, not ${pattern.length}`,
    );
  }
  const start = new PatternReader(pattern).read();
  return (name) => matches(start, name);
}

type CharacterTest = (character: string) => boolean;

/** A state of the automaton, with its successors. */
type PatternState =
  | { readonly kind: 'end-of-pattern' }
  | { readonly kind: 'end-of-name'; next: PatternState }
  | { readonly kind: 'character'; readonly test: CharacterTest; next: PatternState }
  | { readonly kind: 'fork'; ways: readonly PatternState[] };

/** Builds a piece of the pattern, given the state that follows it. */
type PatternPiece = (next: PatternState) => PatternState;

function matches(start: PatternState, name: string): boolean {
  let places = reachable([start], name.length === 0);
  for (let at = 0; at < name.length && !places.has(END); at += 1) {
    const character = name[at] as string;
    const next = [...places].flatMap((place) =>
      place.kind === 'character' && place.test(character) ? [place.next] : [],
    );
    places = reachable(next, at === name.length - 1);
  }
  return places.has(END);
}

const END: PatternState = { kind: 'end-of-pattern' };

/** The states that are reachable without another character. */
function reachable(from: readonly PatternState[], nameIsOver: boolean): ReadonlySet<PatternState> {
  const found = new Set<PatternState>();
  const left = [...from];
  for (let place = left.pop(); place !== undefined; place = left.pop()) {
    if (found.has(place)) continue;
    found.add(place);
    if (place.kind === 'fork') left.push(...place.ways);
    else if (place.kind === 'end-of-name' && nameIsOver) left.push(place.next);
  }
  return found;
}

const LITERAL = /^[0-9A-Za-z_:\-@ ]$/;
const CLASSES: Readonly<Record<string, CharacterTest>> = {
  d: (character) => /^[0-9]$/.test(character),
  w: (character) => /^[0-9A-Za-z_]$/.test(character),
};

class PatternReader {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  read(): PatternState {
    // A match always starts at the beginning.
    if (this.#next === '^') this.#at += 1;
    const piece = this.#choice(0);
    if (this.#next !== undefined) throw this.#fault();
    return piece(END);
  }

  get #next(): string | undefined {
    return this.#pattern[this.#at];
  }

  #choice(depth: number): PatternPiece {
    const choices = [this.#sequence(depth)];
    while (this.#next === '|') {
      this.#at += 1;
      choices.push(this.#sequence(depth));
    }
    const [only] = choices;
    if (choices.length === 1 && only !== undefined) return only;
    return (next) => ({ kind: 'fork', ways: choices.map((choice) => choice(next)) });
  }

  #sequence(depth: number): PatternPiece {
    const pieces: PatternPiece[] = [];
    while (this.#next !== undefined && this.#next !== '|' && this.#next !== ')')
      pieces.push(this.#repeated(this.#one(depth)));
    return (next) => pieces.reduceRight((after, piece) => piece(after), next);
  }

  #repeated(piece: PatternPiece): PatternPiece {
    const sign = this.#next;
    if (sign !== '*' && sign !== '+' && sign !== '?') return piece;
    this.#at += 1;
    if (sign === '?') return (next) => ({ kind: 'fork', ways: [piece(next), next] });
    return (next) => {
      const again: PatternState = { kind: 'fork', ways: [next] };
      const once = piece(again);
      again.ways = [once, next];
      return sign === '+' ? once : again;
    };
  }

  #one(depth: number): PatternPiece {
    const sign = this.#take();
    if (sign === '(') {
      if (depth >= LIMITS.namePatternDepth || this.#next === '?') throw this.#fault();
      const inner = this.#choice(depth + 1);
      if (this.#take() !== ')') throw this.#fault();
      return inner;
    }
    if (sign === '$') return (next) => ({ kind: 'end-of-name', next });
    const test = this.#test(sign);
    return (next) => ({ kind: 'character', test, next });
  }

  #test(sign: string): CharacterTest {
    if (sign === '.') return () => true;
    if (sign === '[') return this.#oneOf();
    if (sign === '\\') return this.#escaped();
    if (!LITERAL.test(sign)) throw this.#fault();
    return (character) => character === sign;
  }

  #escaped(): CharacterTest {
    const sign = this.#take();
    const known = Object.hasOwn(CLASSES, sign) ? CLASSES[sign] : undefined;
    if (known !== undefined) return known;
    if (/[0-9A-Za-z]/.test(sign)) throw this.#fault();
    return (character) => character === sign;
  }

  #oneOf(): CharacterTest {
    const inverted = this.#next === '^';
    if (inverted) this.#at += 1;
    const tests: CharacterTest[] = [];
    while (this.#next !== ']' || tests.length === 0) tests.push(this.#member());
    this.#at += 1;
    return (character) => tests.some((test) => test(character)) !== inverted;
  }

  #member(): CharacterTest {
    const from = this.#take();
    if (from === '\\') return this.#escaped();
    const until = this.#pattern[this.#at + 1];
    if (this.#next !== '-' || until === ']' || until === undefined) return (character) => character === from;
    this.#at += 2;
    if (until === '\\' || until < from) throw this.#fault();
    return (character) => character >= from && character <= until;
  }

  #take(): string {
    const sign = this.#next;
    if (sign === undefined) throw this.#fault();
    this.#at += 1;
    return sign;
  }

  #fault(): AiocError {
    const where = `at character ${Math.min(this.#at + 1, this.#pattern.length)}`;
    return new AiocError(
      'AIOC_CONFIG',
      `the pattern ${JSON.stringify(this.#pattern)} is not valid ${where}: it can have letters, digits, _ - : . [ ] ( ) | * + ? $ \\d \\w`,
    );
  }
}
