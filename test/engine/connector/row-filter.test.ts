import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FilteredRows, RowFilter } from '../../../engine/connector/row-filter.ts';

interface Row {
  readonly peer: string;
  readonly type: string;
  readonly text: string;
}
const ROWS: FilteredRows<Row> = {
  textOf: ({ peer, type, text }) => `${peer} ${type} ${text}`,
  fields: { peer: ({ peer }) => peer, type: ({ type }) => type },
};
const SAMPLES: readonly Row[] = [
  { peer: 'press-3', type: 'order', text: '{"temp": 20.8, "n": 7}' },
  { peer: 'press-30', type: 'event', text: 'the lid is open' },
  { peer: 'lab', type: 'order', text: '{"temp": -3, "n": 17}' },
];

function found(filter: string): readonly number[] {
  const compiled = new RowFilter(filter, ROWS);
  let results: readonly boolean[] = [];
  // On a busy machine a turn may be over before an expression was tested.
  while (results.length < SAMPLES.length) results = compiled.test(SAMPLES);
  return results.flatMap((isFound, index) => (isFound ? [index] : []));
}

const CASES: readonly (readonly [filter: string, rows: readonly number[]])[] = [
  ['', [0, 1, 2]],
  ['  ', [0, 1, 2]],
  ['PRESS', [0, 1]],
  ['!press', [2]],
  ['press !lid', [0]],
  ['peer:press-3', [0, 1]],
  ['peer:press-30,lab', [1, 2]],
  ['peer:"press-3"', [0]],
  ['peer:"press-3","LAB"', [0, 2]],
  ['peer:"press', []],
  ['!peer:lab', [0, 1]],
  ['type:order peer:lab', [2]],
  // A field must begin with the value: a word would be found anywhere.
  ['peer:3', []],
  ['"lid is"', [1]],
  ['"is lid"', []],
  ['!"lid is"', [0, 2]],
  ['"temp":', [0, 2]],
  ['"n": /n": 1[0-9]/', [2]],
  ['!/n": 1?7/', [1]],
  ['/LID|LAB/i', [1, 2]],
  ['/LID/', []],
  ['/the lid/', [1]],
  ['/lid', []],
  ['20.8', [0]],
  // What the user has not finished yet hides nothing.
  ['!', [0, 1, 2]],
  ['peer:', [0, 1, 2]],
  ['peer:lab,', [2]],
  ['"', [0, 1, 2]],
  ['"lid i', [1]],
  // A word with a colon that is no field.
  ['tipe:order', []],
];
for (const [filter, rows] of CASES) {
  test(`the filter ${JSON.stringify(filter)} finds its rows`, () => assert.deepEqual(found(filter), rows));
}

test('a filter that cannot work says why', () => {
  assert.match(new RowFilter('/(/', ROWS).fault ?? '', /Invalid regular expression/);
  assert.equal(new RowFilter('outcome:stored', ROWS).fault, 'Rows here have no outcome:, only peer: type:');
  assert.deepEqual(found('/(/'), []);
});

test('an expression that takes too long becomes a fault', () => {
  const filter = new RowFilter('/(a+)+$/', ROWS);
  const hostile = [{ peer: 'a', type: 'b', text: `${'a'.repeat(60)}!` }];
  for (let turn = 0; turn < 50 && filter.fault === undefined; turn += 1) filter.test(hostile);
  assert.match(filter.fault ?? '', /takes too long/);
});

test('what does not fit into one turn is continued in the next, until each row has its answer', () => {
  const filter = new RowFilter('/7$/', ROWS);
  const rows = Array.from({ length: 60_000 }, (_, index) => ({ peer: '', type: '', text: `row ${index}` }));
  let results = filter.test(rows);
  for (let turn = 0; results.length < rows.length && turn < 300; turn += 1) results = filter.test(rows);
  assert.deepEqual(
    results,
    rows.map((_, index) => index % 10 === 7),
  );
});

test('words and their inverses find what a plain search finds', () => {
  const word = fc.stringMatching(/^[a-c]{1,3}$/);
  const term = fc.record({ word, isInverse: fc.boolean() });
  fc.assert(
    fc.property(fc.array(term, { maxLength: 4 }), fc.array(word, { maxLength: 5 }), (terms, words) => {
      const text = words.join(' ');
      const filter = terms.map(({ word: one, isInverse }) => (isInverse ? `!${one}` : one)).join(' ');
      const row = { peer: '', type: '', text };
      const expected = terms.every(({ word: one, isInverse }) => text.includes(one) !== isInverse);
      assert.deepEqual(new RowFilter(filter, ROWS).test([row]), [expected]);
    }),
  );
});

test('no text makes the filter throw or hang', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
      const filter = new RowFilter(text, ROWS);
      assert.ok(filter.test(SAMPLES).length <= SAMPLES.length);
    }),
  );
});
