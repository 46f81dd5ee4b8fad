import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FakeEngine } from '../../helpers/fake-engine.ts';
import { openLines } from '../../helpers/lines.tsx';
import type { TestScreen } from '../../helpers/screen.tsx';
import { SCENES } from '../../screens/scenes/index.ts';

/** Borders, graphs and glyphs: what they say has words in the lines. */
const DRAWN = /[╭╮╰╯│─\u2581-\u2591●○⊘✕◂▸✓→▼▲⇡⇣›—·]/gu;

/** The words and numbers of a screen; of one that is cut, the part that is there. */
function factsOf(golden: string): string[] {
  return golden
    .split('\n')
    .flatMap((row) => row.replace(DRAWN, ' ').split(/\s+/))
    .map((word) => word.replace(/…/g, '').replace(/^[[(]+|[\])]+$/g, ''))
    .filter((word) => /[\p{L}\p{N}]/u.test(word));
}

for (const { name, engine, act, isAttached, isPlain, onlySizes } of SCENES) {
  if (isPlain || onlySizes !== undefined) continue;
  test(`${name}: all that is read has every word and number of the screen`, async (t) => {
    const lines = await openLines({
      engine: new FakeEngine(engine()),
      ...(isAttached && { attached: 'here' as const }),
    });
    t.after(() => lines.close());
    await act?.(lines as unknown as TestScreen);
    const said = await lines.after(() => lines.press('alt-w'));
    const golden = new URL(`../../screens/golden/${name}-120x40.golden`, import.meta.url);
    const missing = factsOf(readFileSync(golden, 'utf8')).filter((fact) => !said.includes(fact));
    assert.deepEqual(missing, [], said);
  });
}
