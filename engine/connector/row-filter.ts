import { TimedExpression } from '../base/timed-expression.ts';

/** The fields that rows of some list have. */
const FIELDS = ['peer', 'type', 'dir', 'outcome', 'level', 'kind', 'state', 'address', 'name'] as const;
type FilterField = (typeof FIELDS)[number];

/** What a filter sees of the rows of a list. */
export interface FilteredRows<Row> {
  /** What words and expressions are looked for in. */
  readonly textOf: (row: Row) => string;
  readonly fields: Readonly<Partial<Record<FilterField, (row: Row) => string>>>;
}

/** What a field begins with or, in quotation marks, what it is. */
interface FieldValue {
  readonly text: string;
  readonly isWhole: boolean;
}

interface Term {
  readonly isInverse: boolean;
  readonly what:
    | { readonly kind: 'word'; readonly word: string }
    | { readonly kind: 'field'; readonly field: FilterField; readonly values: readonly FieldValue[] }
    | { readonly kind: 'expression'; readonly source: string; readonly flags: string };
}

interface TimedTerm {
  readonly isInverse: boolean;
  readonly expression: TimedExpression;
  /** Of texts that were tested while the time did not suffice for all: the next turn goes on with the others. */
  readonly tested: Map<string, boolean>;
}

/**
 * Finds rows. All terms of the text must be true of a row; blanks are between them:
 *
 * - `word`, `"some words"`: occurs, ignoring case
 * - `peer:press`, `outcome:stored,taken`: the field begins with this, or with one of these, ignoring case;
 *   `peer:"press-3"`: it is this
 * - `/expression/`, `/expression/i`: a regular expression of JavaScript finds something
 * - `!term`: the term is not true
 */
export class RowFilter<Row> {
  readonly #rows: FilteredRows<Row>;
  readonly #terms: readonly Term[];
  readonly #expressions: readonly TimedTerm[];
  readonly #fault: string | undefined;

  constructor(text: string, rows: FilteredRows<Row>) {
    this.#rows = rows;
    const terms = termsOf(text);
    this.#terms = terms.filter(({ what }) => what.kind !== 'expression');
    const expressions: TimedTerm[] = [];
    let fault = faultOfFields(terms, rows);
    for (const { isInverse, what } of terms) {
      if (what.kind !== 'expression') continue;
      try {
        expressions.push({
          isInverse,
          expression: new TimedExpression(what.source, what.flags),
          tested: new Map(),
        });
      } catch (error) {
        // `Invalid regular expression: /(/: Unterminated group`
        fault ??= String((error as Error).message).slice(0, FAULT_CHARACTERS);
      }
    }
    this.#expressions = expressions;
    this.#fault = fault;
  }

  /** Why nothing is found, for the user: the filter is faulty. */
  get fault(): string | undefined {
    if (this.#fault !== undefined) return this.#fault;
    return this.#expressions.some(({ expression }) => expression.isTooSlow) ? TOO_SLOW : undefined;
  }

  /**
   * Tests rows.
   *
   * @returns for each whether it matches; for fewer, from the first, if an expression needs more time than a turn has.
   *   Call it again then: it continues
   */
  test(rows: readonly Row[]): readonly boolean[] {
    if (this.fault !== undefined) return rows.map(() => false);
    if (this.#terms.length === 0 && this.#expressions.length === 0) return rows.map(() => true);
    const passed: number[] = [];
    const texts: string[] = [];
    const results = rows.map((row, index) => {
      const text = this.#rows.textOf(row);
      if (!this.#passes(row, text.toLowerCase())) return false;
      passed.push(index);
      texts.push(text);
      return true;
    });
    let known = rows.length;
    for (const term of this.#expressions) {
      const { isInverse } = term;
      const found = testedTexts(term, texts);
      for (const [at, index] of passed.entries()) {
        const isFound = found[at];
        if (isFound === undefined) known = Math.min(known, index);
        else if (isFound === isInverse) results[index] = false;
      }
    }
    return this.fault === undefined ? results.slice(0, known) : rows.map(() => false);
  }

  #passes(row: Row, lower: string): boolean {
    return this.#terms.every(({ isInverse, what }) => this.#isTrue(what, row, lower) !== isInverse);
  }

  #isTrue(what: Term['what'], row: Row, lower: string): boolean {
    if (what.kind === 'word') return lower.includes(what.word);
    if (what.kind === 'expression') return true;
    const value = this.#rows.fields[what.field]?.(row).toLowerCase() ?? '';
    return what.values.some(({ text, isWhole }) => (isWhole ? value === text : value.startsWith(text)));
  }
}

/** @returns for each text whether the expression is found in it; undefined for those that are left for the next turn */
function testedTexts(
  { expression, tested }: TimedTerm,
  texts: readonly string[],
): readonly (boolean | undefined)[] {
  const untested = tested.size === 0 ? texts : texts.filter((text) => !tested.has(text));
  const found = expression.test(untested);
  const isWhole = found.length === untested.length;
  if (isWhole && tested.size === 0) return found;
  for (const [at, isFound] of found.entries()) tested.set(untested[at] as string, isFound);
  const all = texts.map((text) => tested.get(text));
  if (isWhole) tested.clear();
  return all;
}

const TOO_SLOW = 'This expression takes too long: write a simpler one.';
const FAULT_CHARACTERS = 200;

const EXPRESSION = /^\/((?:[^/\\]|\\.)+)\/(i?)(?=\s|$)/;
/** Quotation marks that do not stand around a term belong to the word: people look for `"temp":`. */
const QUOTED = /^"([^"]*)(?:"(?=\s|$)|$)/;
const VALUE = '(?:"[^"]*"|[^\\s,"]*)';
const FIELD = new RegExp(`^(${FIELDS.join('|')}):(${VALUE}(?:,${VALUE})*)(?=\\s|$)`);
const WORD = /^\S+/;

function termsOf(text: string): readonly Term[] {
  const terms: Term[] = [];
  let rest = text.trimStart();
  while (rest !== '') {
    const isInverse = rest.startsWith('!');
    if (isInverse) rest = rest.slice(1);
    const { length, what } = firstTerm(rest);
    if (what !== undefined) terms.push({ isInverse, what });
    rest = rest.slice(length).trimStart();
  }
  return terms;
}

/** The term that a text begins with; without `what` the user has not finished it, and it is true of every row. */
function firstTerm(text: string): { readonly length: number; readonly what: Term['what'] | undefined } {
  const [expression, source, flags = ''] = EXPRESSION.exec(text) ?? [];
  if (expression !== undefined && source !== undefined)
    return { length: expression.length, what: { kind: 'expression', source, flags } };
  const [written, name, values = ''] = FIELD.exec(text) ?? [];
  const field = FIELDS.find((one) => one === name);
  if (written !== undefined && field !== undefined) {
    const all = values.split(',').map(fieldValue);
    const wanted = all.filter(({ text }) => text !== '');
    return {
      length: written.length,
      what: wanted.length === 0 ? undefined : { kind: 'field', field, values: wanted },
    };
  }
  const [whole = '', word = whole] = QUOTED.exec(text) ?? WORD.exec(text) ?? [];
  return { length: whole.length, what: word === '' ? undefined : { kind: 'word', word: word.toLowerCase() } };
}

function fieldValue(written: string): FieldValue {
  const [, inside] = /^"([^"]*)"$/.exec(written) ?? [];
  return { text: (inside ?? written).toLowerCase(), isWhole: inside !== undefined };
}

function faultOfFields<Row>(terms: readonly Term[], { fields }: FilteredRows<Row>): string | undefined {
  for (const { what } of terms) {
    if (what.kind !== 'field' || fields[what.field] !== undefined) continue;
    const there = FIELDS.filter((field) => fields[field] !== undefined).map((field) => `${field}:`);
    return `Rows here have no ${what.field}:, only ${there.join(' ')}`;
  }
  return undefined;
}
