import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FakeEngine } from '../../helpers/fake-engine.ts';
import { openLines } from '../../helpers/lines.tsx';
import { busyEngine, sampleChat } from '../../helpers/sample-data.ts';
import type { TestScreen } from '../../helpers/screen.tsx';
import { SCENES } from '../../screens/scenes/index.ts';

const GOLDEN_DIRECTORY = new URL('../../screens/golden/', import.meta.url);
const GOLDENS = readdirSync(GOLDEN_DIRECTORY);

/** Borders, graphs and glyphs: what they say has words in the lines. */
const DRAWN = /[╭╮╰╯│─\u2581-\u2591●○⊘✕◂▸✓→▼▲⇡⇣›—·]/gu;

/**
 * What a small screen says for want of room: which lines of a text it shows, short numbers, and that nothing is selected
 * in a pane that it hides. Lines have room for all.
 */
const OF_A_SIZE = /^(?:\d+–\d+|PgDn:|more|\d[\d.]*k|selected\.)$/;

/** The words and numbers of a screen; of one that is cut, the part that is there. */
function factsOf(golden: string): string[] {
  return golden
    .split('\n')
    .flatMap((row) => row.replace(DRAWN, ' ').split(/\s+/))
    .map((word) => word.replace(/…/g, '').replace(/^[[(]+|[\])]+$/g, ''))
    .filter((word) => /[\p{L}\p{N}]/u.test(word) && !OF_A_SIZE.test(word));
}

for (const { name, engine, act, isAttached, isPlain, onlySizes } of SCENES) {
  if (isPlain || onlySizes !== undefined) continue;
  test(`${name}: all that is read has every word and number of the screen of each size`, async (t) => {
    const lines = await openLines({
      engine: new FakeEngine(engine()),
      ...(isAttached && { attached: 'here' as const }),
    });
    t.after(() => lines.close());
    await act?.(lines as unknown as TestScreen);
    const said = await lines.after(() => lines.press('alt-w'));
    for (const golden of GOLDENS.filter((file) => file.replace(/-\d+x\d+\.golden$/, '') === name)) {
      const screen = readFileSync(new URL(golden, GOLDEN_DIRECTORY), 'utf8');
      const missing = factsOf(screen).filter((fact) => !said.includes(fact));
      assert.deepEqual(missing, [], `${golden}\n${said}`);
    }
  });
}

test('a mark of the conversation is read once: its glyph is not read beside its word', async (t) => {
  const data = busyEngine();
  const mine = { from: 'me', author: 'server' } as const;
  data.chats['client1'] = [
    sampleChat(1, { ...mine, text: 'one', mark: 'failed' }),
    sampleChat(2, { ...mine, text: 'two', mark: 'dropped' }),
    sampleChat(3, { ...mine, text: 'three', mark: 'received' }),
    sampleChat(4, { from: 'here', text: 'there is no such file', tone: 'bad' }),
  ];
  const lines = await openLines({ engine: new FakeEngine(data) });
  t.after(() => lines.close());
  const said = await lines.after(() => lines.readOut('all'));
  assert.match(said, /^you \d\d:\d\d one failed$/m);
  assert.match(said, /^you \d\d:\d\d two dropped$/m);
  assert.match(said, /^you \d\d:\d\d three received$/m);
  assert.match(said, /^selected: failed there is no such file$/m);
});
