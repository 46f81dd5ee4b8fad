import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  CHECKLIST,
  type ChecklistRow,
  checklistRows,
  FEATURES,
  featureRows,
  missingTests,
  notPassed,
} from '../helpers/checklist.ts';

const IDS = [
  ...Array.from({ length: 32 }, (_, index) => `${index + 1}`),
  ...Array.from({ length: 13 }, (_, index) => `S${index + 1}`),
];
/** How the result of a row begins. */
const RESULT = /^(refused|later \((files|chat)\))/;

const rows = checklistRows(readFileSync(CHECKLIST, 'utf8'));
const sourceOf = (file: string): string | undefined =>
  existsSync(file) ? readFileSync(file, 'utf8') : undefined;

test('the checklist has every row and finding once, with a result, Python’s result, and a test', () => {
  assert.deepEqual(
    rows.map(({ id }) => id),
    IDS,
  );
  for (const { id, attack, result, pythonResult, tests } of rows) {
    assert.match(result, RESULT, `row ${id}`);
    assert.ok(attack !== '' && pythonResult !== '', `row ${id}`);
    assert.ok(tests.length > 0, `row ${id} names no test`);
  }
});

test('each test that the checklist names is there', () => {
  assert.deepEqual(missingTests(rows, sourceOf), []);
});

test('the page of the screen’s features has every point once, with tests that are there', () => {
  const features = featureRows(readFileSync(FEATURES, 'utf8'));
  const points = Array.from({ length: 27 }, (_, index) => `${index + 1}`);
  assert.deepEqual(
    features.map(({ id }) => id),
    [...points, 'E1', 'E2', 'E3', 'E4', 'E5', 'E6'],
  );
  for (const { id, feature, tests } of features)
    assert.ok(feature !== '' && tests.length > 0, `point ${id} names no test`);
  assert.deepEqual(missingTests(features, sourceOf), []);
});

const row = (file: string, name: string): ChecklistRow => ({
  id: '1',
  attack: 'a',
  result: 'refused',
  pythonResult: 'b',
  tests: [{ file, name }],
});

test('a named test that is not in its file is found', () => {
  const source =
    "test('one, it’s \\'there\\'', () => {});\n" +
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    "test(`${mode}: two ${a === 'b' ? 'c' : ''} of it`, () => {});";
  const missing = (name: string): readonly string[] => missingTests([row('a.test.ts', name)], () => source);
  for (const name of ["one, it’s 'there'", 'plain: two c of it', '…: two … of it', 'plain: two … of it'])
    assert.deepEqual(missing(name), [], name);
  for (const name of ['one', '… three', 'plain: two']) assert.equal(missing(name).length, 1, name);
  assert.match(missingTests([row('b.test.ts', 'one')], () => undefined)[0] ?? '', /there is no b\.test\.ts/);
});

test('a named test that was not run, failed, or was skipped is told', () => {
  const file = 'a.test.ts';
  const faults = (name: string, files = [file]) =>
    notPassed([row(file, name)], files, [
      { file, name: 'plain: x', outcome: 'passed' },
      { file, name: 'mutual: x', outcome: 'failed' },
      { file, name: 'y', outcome: 'skipped' },
      { file: 'b.test.ts', name: 'z', outcome: 'passed' },
    ]);
  assert.deepEqual(faults('plain: x'), { faults: [], skipped: [] });
  assert.match(faults('…: x').faults.join(), /“…: x” failed/);
  assert.match(faults('y').skipped.join(), /“y” was skipped/);
  assert.match(faults('z').faults.join(), /“z” did not run/);
  assert.deepEqual(faults('z', ['b.test.ts']).faults, [], 'its file was not asked for');
});
