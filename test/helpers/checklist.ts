import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
export const CHECKLIST = 'test/security/checklist.md';
/** What the screen can do, with its tests. */
export const FEATURES = 'test/screens/features.md';

/** A test that a row names. */
interface NamedTest {
  /** From the root of the checkout. */
  readonly file: string;
  /** As the test runner says it; `…` stands for any text, so that one name is all tests of a loop. */
  readonly name: string;
}

/** A row of a page that names tests. */
interface TestedRow {
  readonly id: string;
  readonly tests: readonly NamedTest[];
}

/** Its id: `1` to `32`, or `S1` to `S13`. */
export interface ChecklistRow extends TestedRow {
  readonly attack: string;
  readonly result: string;
  readonly pythonResult: string;
}

export interface FeatureRow extends TestedRow {
  readonly feature: string;
}

/** A test that has ended, as `test/helpers/ran-tests.mjs` writes it. */
export interface RanTest {
  readonly file: string;
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
}

/** The rows of the tables of the page. */
export function checklistRows(page: string): readonly ChecklistRow[] {
  return [...page.matchAll(/^\| (S?\d+) \| (.*) \|$/gm)].map(([, id = '', line = '']) => {
    const [attack = '', result = '', pythonResult = '', named = ''] = line.split(/(?<!\\) \| /);
    return { id, attack, result, pythonResult, tests: testsIn(named) };
  });
}

/** As `checklistRows`, of the page of features: `1` to `27`, and `E1` to `E6`. */
export function featureRows(page: string): readonly FeatureRow[] {
  return [...page.matchAll(/^\| (E?\d+) \| (.*) \|$/gm)].map(([, id = '', line = '']) => {
    const [feature = '', named = ''] = line.split(/(?<!\\) \| /);
    return { id, feature, tests: testsIn(named) };
  });
}

function testsIn(cell: string): readonly NamedTest[] {
  return [...cell.matchAll(/`([^`]+)`: (.+?)(?=<br>|$)/g)].map(([, file = '', name = '']) => ({
    file,
    name: name.trim().replaceAll('\\|', '|'),
  }));
}

function matches(pattern: string, name: string): boolean {
  const escaped = pattern.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`, 's').test(name);
}

/** The names of the tests of a file as its source has them; what a loop fills in is `…`. */
function testNamesIn(source: string): readonly string[] {
  return [...source.matchAll(/\btest\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs)].map(([, quote, name = '']) =>
    (quote === '`' ? name.replace(/\$\{[^}]*\}/g, '…') : name).replace(/\\(.)/g, '$1'),
  );
}

/** Named tests that their file does not have. */
export function missingTests(
  rows: readonly TestedRow[],
  sourceOf: (file: string) => string | undefined,
): readonly string[] {
  return rows.flatMap(({ id, tests }) =>
    tests.flatMap(({ file, name }) => {
      const source = sourceOf(file);
      if (source === undefined) return [`row ${id}: there is no ${file}`];
      const isThere = testNamesIn(source).some((known) => matches(known, name) || matches(name, known));
      return isThere ? [] : [`row ${id}: ${file} has no test “${name}”`];
    }),
  );
}

/**
 * Named tests of files that were run, which have nevertheless not passed. Those that the machine cannot run are skipped by
 * name, with a reason, and are in the second list.
 *
 * @param files those that were run, from the root of the checkout
 */
export function notPassed(
  rows: readonly TestedRow[],
  files: readonly string[],
  ran: readonly RanTest[],
): { readonly faults: readonly string[]; readonly skipped: readonly string[] } {
  const faults: string[] = [];
  const skipped: string[] = [];
  for (const { id, tests } of rows) {
    for (const { file, name } of tests.filter((test) => files.includes(test.file))) {
      const found = ran.filter((test) => test.file === file && matches(name, test.name));
      const row = `row ${id}: ${file}: “${name}”`;
      if (found.length === 0) faults.push(`${row} did not run`);
      else if (found.some(({ outcome }) => outcome === 'failed')) faults.push(`${row} failed`);
      else if (found.some(({ outcome }) => outcome === 'skipped')) skipped.push(`${row} was skipped`);
    }
  }
  return { faults, skipped };
}

/** What the reporter has written in a run. */
function readRanTests(path: string): readonly RanTest[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const test = JSON.parse(line) as RanTest;
      // A test's own place, or that of its bundle (`test/helpers/bundle-tests.ts`).
      const file = relative(ROOT, test.file)
        .replace(/^\.tests-\w+\//, '')
        .replace(/\.mjs$/, '.ts');
      return { ...test, file };
    });
}

/** Says for the tests that were run whether those that the pages name have passed. @returns whether they have */
export function reportChecklist(files: readonly string[], ranTestsPath: string): boolean {
  const ran = readRanTests(ranTestsPath);
  const page = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
  const pages = [
    [CHECKLIST, checklistRows(page(CHECKLIST))],
    [FEATURES, featureRows(page(FEATURES))],
  ] as const;
  const areGood = pages.map(([path, rows]) => {
    const { faults, skipped } = notPassed(rows, files, ran);
    for (const line of [...skipped, ...faults]) console.log(`${path}: ${line}`);
    return faults.length === 0;
  });
  return areGood.every(Boolean);
}
