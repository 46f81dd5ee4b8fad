/** A syntax error. Line and column are counted from 1. */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
  readonly expected: string;
  readonly found: string;
}

/** A name that occurs more than once in one object. */
export interface DoubleName {
  /** The names on the path to it; the last is its own. */
  readonly path: readonly string[];
  /** The lines on which it occurs, in order. */
  readonly lines: readonly number[];
}

type Want = 'value' | 'value or ]' | 'name' | 'name or }' | ':' | ', or }' | ', or ]' | 'the end';

const WORDS: Readonly<Record<Want, string>> = {
  value: 'a value',
  'value or ]': 'a value or ]',
  name: 'a name in double quotes',
  'name or }': 'a name in double quotes or }',
  ':': '":"',
  ', or }': '"," or }',
  ', or ]': '"," or ]',
  'the end': 'the end of the file',
};
const SPACE = /[ \t\n\r]*/y;
const SCALAR =
  /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const NAME = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

/** The first syntax error, with its position (Node's message does not always have one); undefined for valid JSON. */
export function findJsonFault(text: string): JsonFault | undefined {
  const scan = new Scan(text);
  while (scan.step());
  return scan.fault;
}

/** At most this many duplicate names, and lines of each, are reported. */
const SHOWN_NAMES = 20;
const SHOWN_LINES = 10;

/** The names that occur more than once in an object. JSON.parse silently keeps the last value. */
export function findDoubleNames(text: string): DoubleName[] {
  const scan = new Scan(text);
  while (scan.step());
  return scan.doubleNames();
}

/** An object or list that is not closed yet. */
interface Open {
  readonly kind: '{' | '[';
  /** The offsets at which each name occurs. */
  readonly names: Map<string, number[]>;
  /** The current member: the last name, or the index in a list. */
  at: string | number;
}

/** Reads a text token by token and tracks what may follow. It does not recurse, so that depth does not matter. */
class Scan {
  readonly #text: string;
  readonly #open: Open[] = [];
  readonly #double: { readonly path: readonly string[]; readonly starts: readonly number[] }[] = [];
  #at = 0;
  #want: Want = 'value';
  fault: JsonFault | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** Reads one token; false at the end or at the fault. */
  step(): boolean {
    this.#match(SPACE);
    if (this.#want === 'the end' && this.#at === this.#text.length) return false;
    if (this.#take(this.#text[this.#at] ?? '')) return true;
    this.fault = this.#faultHere();
    return false;
  }

  #take(letter: string): boolean {
    switch (this.#want) {
      case 'name':
      case 'name or }':
        if (this.#takeName()) return this.#next(':');
        return letter === '}' && this.#want === 'name or }' && this.#close();
      case ':':
        return this.#punctuation(letter, ':') && this.#next('value');
      case ', or }':
        return this.#punctuation(letter, ',') ? this.#next('name') : letter === '}' && this.#close();
      case ', or ]':
        return this.#punctuation(letter, ',') ? this.#next('value') : letter === ']' && this.#close();
      case 'the end':
        return false;
      default:
        return this.#takeValue(letter);
    }
  }

  #takeName(): boolean {
    const start = this.#at;
    if (!this.#match(NAME)) return false;
    const name = JSON.parse(this.#text.slice(start, this.#at)) as string;
    const inside = this.#open.at(-1) as Open;
    inside.at = name;
    const starts = inside.names.get(name) ?? [];
    if (starts.push(start) === 2) {
      // People count list entries from 1.
      const path = this.#open.map(({ at }) => (typeof at === 'number' ? String(at + 1) : at));
      this.#double.push({ path, starts });
    }
    inside.names.set(name, starts);
    return true;
  }

  doubleNames(): DoubleName[] {
    const double = this.#double.slice(0, SHOWN_NAMES);
    if (double.length === 0) return [];
    const ends = [...this.#text.matchAll(/\r\n|\n|\r/g)].map(({ index }) => index);
    const lineOf = (start: number): number => ends.filter((end) => end < start).length + 1;
    return double.map(({ path, starts }) => ({ path, lines: starts.slice(0, SHOWN_LINES).map(lineOf) }));
  }

  #takeValue(letter: string): boolean {
    if (letter === ']' && this.#want === 'value or ]') return this.#close();
    if (letter !== '{' && letter !== '[') return this.#match(SCALAR) && this.#afterValue();
    this.#open.push({ kind: letter, names: new Map(), at: 0 });
    this.#at += 1;
    return this.#next(letter === '{' ? 'name or }' : 'value or ]');
  }

  #close(): boolean {
    this.#open.pop();
    this.#at += 1;
    return this.#afterValue();
  }

  #afterValue(): boolean {
    const inside = this.#open.at(-1);
    if (inside === undefined) return this.#next('the end');
    if (typeof inside.at === 'number') inside.at += 1;
    return this.#next(inside.kind === '{' ? ', or }' : ', or ]');
  }

  #punctuation(letter: string, wanted: string): boolean {
    if (letter !== wanted) return false;
    this.#at += 1;
    return true;
  }

  #next(want: Want): true {
    this.#want = want;
    return true;
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  #faultHere(): JsonFault {
    const before = this.#text.slice(0, this.#at).split(/\r\n|\n|\r/);
    const rest = this.#text.slice(this.#at);
    const word = /^(?:[\w.+-]{1,20}|.)/su.exec(rest)?.[0];
    return {
      line: before.length,
      column: (before.at(-1) ?? '').length + 1,
      expected: WORDS[this.#want],
      found: foundWords(rest, word),
    };
  }
}

function foundWords(rest: string, word: string | undefined): string {
  if (word === undefined) return 'the end of the file';
  if (word === '"') return 'a string that is unterminated or has an invalid escape';
  if (/^(\/[/*]|#)/.test(rest)) return 'a comment (JSON has no comments)';
  if (word === "'") return 'a single quote';
  return JSON.stringify(word);
}
