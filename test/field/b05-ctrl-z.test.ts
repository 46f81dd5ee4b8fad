import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

test('Ctrl-Z suspends from a pane, the chat line, a filter and a dialog', async (t) => {
  for (const keys of [['alt-1'], ['4'], ['alt-1', '/'], ['alt-1', '?'], ['alt-1', ':']]) {
    const engine = new FakeEngine(busyEngine());
    const screen = await openScreen({ engine });
    t.after(() => screen.close());
    await screen.press(...keys, 'ctrl-z');
    assert.equal(screen.suspensions, 1, keys.join(' '));
  }
});

test('what was typed is still there after fg', async (t) => {
  const screen = await openScreen({ engine: new FakeEngine(busyEngine()) });
  t.after(() => screen.close());
  await screen.type('4half a li');
  await screen.press('ctrl-z');
  await screen.type('ne');
  assert.match(screen.text(), /› half a line/);
});
