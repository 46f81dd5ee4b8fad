/** A place in a text, both counted from 1. */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
  readonly expected: string;
  readonly found: string;
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
  'the end': 'nothing more',
};
const SPACE = /[ \t\n\r]*/y;
const SCALAR =
  /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const NAME = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

/**
 * Where a text stops being JSON, which Node's own message does not always tell. Nothing when it is JSON.
 */
export function findJsonFault(text: string): JsonFault | undefined {
  const scan = new Scan(text);
  while (scan.step());
  return scan.fault;
}

/** Reads a text token by token and remembers what may come next; nesting is a list, so that depth does not matter. */
class Scan {
  readonly #text: string;
  readonly #open: ('{' | '[')[] = [];
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
        if (this.#match(NAME)) return this.#next(':');
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

  #takeValue(letter: string): boolean {
    if (letter === ']' && this.#want === 'value or ]') return this.#close();
    if (letter !== '{' && letter !== '[') return this.#match(SCALAR) && this.#afterValue();
    this.#open.push(letter);
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
    return this.#next(inside === '{' ? ', or }' : ', or ]');
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
  if (word === '"') return 'a text that does not end on its line or has a wrong escape';
  if (/^(\/[/*]|#)/.test(rest)) return 'a comment, which JSON does not have';
  if (word === "'") return 'a single quote';
  return JSON.stringify(word);
}
