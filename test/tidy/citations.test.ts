import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { globSync } from '../helpers/glob.ts';
import { PAGES } from '../helpers/page-commands.ts';

const code = ['source', 'engine', 'components', 'test', 'media'].flatMap((top) => globSync(top, /\.tsx?$/));
const PROTOCOL = 'engine/protocol/PROTOCOL.md';

const text = (file: string): string => readFileSync(file, 'utf8');
/** A page without its blocks of code. */
const prose = (file: string): string => text(file).replace(/^```[\s\S]*?^```$/gm, '');
const headingsOf = (file: string): string[] =>
  [...prose(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
const anchorsOf = (file: string): string[] =>
  headingsOf(file).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );

test('each “PROTOCOL §n” leads to a heading of the protocol page', () => {
  const sections = new Set(headingsOf(PROTOCOL).map((heading) => /^(\d+(?:\.\d+)?)\.? /.exec(heading)?.[1]));
  const missing = [...code, ...PAGES].flatMap((file) =>
    [...text(file).matchAll(/PROTOCOL §(\d+(?:\.\d+)?)/g)]
      .filter(([, section]) => !sections.has(section))
      .map(([citation]) => `${file}: ${citation}`),
  );
  assert.deepEqual(missing, []);
});

test('nothing cites a document that is not in the repository', () => {
  const citations = [...code, ...PAGES].flatMap((file) =>
    [...text(file).matchAll(/\b(?!PROTOCOL|FORMAT)([A-Z]{4,}) §\d+/g)].map(
      ([citation]) => `${file}: ${citation}`,
    ),
  );
  assert.deepEqual(citations, []);
});

test('each path that a comment or a page names is there', () => {
  const named = /(?<![\w/.-])(?:engine|components|source|test|media)\/[\w./-]*\.(?:tsx?|mjs|md|svg|txt)\b/g;
  const missing = [...code, ...PAGES].flatMap((file) =>
    [...text(file).matchAll(named)]
      .map(([path]) => path)
      .filter((path) => !existsSync(path) && !path.includes('*'))
      .map((path) => `${file}: ${path}`),
  );
  assert.deepEqual(missing, []);
});

test('each source file that a page names by its path, from the root or from the page, is there', () => {
  const missing = PAGES.flatMap((page) =>
    [...prose(page).matchAll(/`((?:[\w-]+\/)+[\w.-]+\.tsx?)`/g)]
      .map(([, path = '']) => path)
      .filter((path) => !/\/NAME\./.test(path))
      .filter((path) => !existsSync(path) && !existsSync(join(dirname(page), path)))
      .map((path) => `${page}: ${path}`),
  );
  assert.deepEqual(missing, []);
});

test('each link of a page leads to a file and to a heading in it', () => {
  const dead = PAGES.flatMap((page) =>
    [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => {
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? page : normalize(join(dirname(page), path));
        return !existsSync(file) || (anchor !== undefined && !anchorsOf(file).includes(anchor));
      })
      .map((target) => `${page}: ${target}`),
  );
  assert.deepEqual(dead, []);
});

test('the README has at most 200 lines, and no page more than 300', () => {
  const long = PAGES.map((page) => ({ page, lines: text(page).trimEnd().split('\n').length })).filter(
    ({ page, lines }) => lines > (page === 'README.md' ? 200 : 300),
  );
  assert.deepEqual(long, []);
});
