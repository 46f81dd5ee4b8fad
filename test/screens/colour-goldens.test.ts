import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { ColorDepth } from '../../components/terminal/capabilities.ts';
import type { ThemeName } from '../../components/themes/themes.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { assertGolden } from '../helpers/golden.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';
import { SCENES } from './scenes/index.ts';

const [COLUMNS, ROWS] = [120, 40];
const SHOWN = ['busy-peers', 'delete-certificate'];

interface Look {
  readonly name: string;
  readonly depth: ColorDepth;
  readonly theme: ThemeName;
  readonly unicode: boolean;
}

const LOOKS: readonly Look[] = [
  { name: '16', depth: '16', theme: 'auto', unicode: true },
  { name: '16-light', depth: '16', theme: 'light', unicode: true },
  { name: '16-high-contrast', depth: '16', theme: 'high-contrast', unicode: true },
  { name: 'mono', depth: 'none', theme: 'auto', unicode: true },
  { name: 'mono-ascii', depth: 'none', theme: 'auto', unicode: false },
];

async function opened(sceneName: string, { depth, theme, unicode }: Look): Promise<TestScreen> {
  const scene = SCENES.find(({ name }) => name === sceneName);
  assert.ok(scene !== undefined);
  const screen = await openScreen({
    engine: new FakeEngine(scene.engine()),
    ...{ columns: COLUMNS, rows: ROWS, depth, theme },
    appearance: { colour: depth !== 'none', unicode },
  });
  await scene.act?.(screen);
  return screen;
}

/** Each row, under it a letter for the look of each cell that does not look plain, and at the end what the letters mean. */
function withLooks(screen: TestScreen): string[] {
  const letters = new Map<string, string>();
  const rows = screen.rows().flatMap((text, row) => {
    const marks = Array.from({ length: COLUMNS }, (_, column) => {
      const look = lookOf(screen, row, column);
      if (look === '') return ' ';
      if (!letters.has(look)) letters.set(look, String.fromCharCode(97 + letters.size));
      return letters.get(look) ?? ' ';
    });
    return [text, marks.join('').trimEnd()];
  });
  return [...rows, '', ...[...letters].map(([look, letter]) => `${letter} = ${look}`)];
}

function lookOf(screen: TestScreen, row: number, column: number): string {
  const cell = screen.cell(row, column);
  if (cell === undefined) return '';
  return [
    cell.isBold() ? 'bold' : '',
    cell.isDim() ? 'faint' : '',
    cell.isInverse() ? 'inverse' : '',
    cell.isFgDefault() ? '' : `colour ${cell.getFgColor()}`,
    cell.isBgDefault() ? '' : `on ${cell.getBgColor()}`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

for (const look of LOOKS)
  test(`screens look as they should: ${look.name}`, async (t) => {
    for (const scene of SHOWN) {
      const screen = await opened(scene, look);
      t.after(() => screen.close());
      assertGolden(withLooks(screen), { from: import.meta.url, name: `colours/${scene}-${look.name}` });
    }
  });

test('without colours a screen has the same characters as with them, and no colour at all', async (t) => {
  for (const scene of SHOWN) {
    const golden = (name: string): string[] =>
      readFileSync(new URL(`golden/colours/${scene}-${name}.golden`, import.meta.url), 'utf8').split('\n');
    const texts = (name: string): string[] =>
      golden(name)
        .slice(0, 2 * ROWS)
        .filter((_, row) => row % 2 === 0);
    for (const look of LOOKS.filter(({ unicode }) => unicode))
      assert.deepEqual(texts(look.name), texts('mono'));
    for (const name of ['mono', 'mono-ascii'])
      for (const legend of golden(name).filter((line) => /^[a-z] = /.test(line)))
        assert.match(legend, /^[a-z] = (?:bold|faint|inverse)(?: inverse)?$/);
    const screen = await opened(scene, { name: '', depth: 'none', theme: 'dark', unicode: true });
    t.after(() => screen.close());
    assert.doesNotMatch(screen.bytes, /\x1b\[[0-9;]*(?:[349]\d|10\d)[0-9;]*m/);
  }
});
