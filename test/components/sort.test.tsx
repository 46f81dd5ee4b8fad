import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PEER_SORTS, QUEUE_SORTS } from '../../components/state/ui-state.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { FakeLocal } from '../helpers/fake-local.ts';
import { busyEngine } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

async function opened(t: { after(action: () => void): void }, local = new FakeLocal()): Promise<TestScreen> {
  const screen = await openScreen({ engine: new FakeEngine(busyEngine()), local });
  t.after(() => screen.close());
  return screen;
}

test('s, < and > go through every column', async (t) => {
  for (const [pane, sorts, first] of [
    ['alt-1', PEER_SORTS, 'name'],
    ['alt-2', QUEUE_SORTS, 'depth'],
  ] as const) {
    const at = (sorts as readonly string[]).indexOf(first) + 1;
    const screen = await opened(t);
    await screen.press(pane);
    for (const sort of [...sorts.slice(at), ...sorts.slice(0, at)]) {
      await screen.press(sort === 'name' ? 's' : '>');
      assert.match(screen.text(), new RegExp(`by ${sort} [▲▼]`));
    }
    await screen.press('<');
    assert.match(screen.text(), new RegExp(`by ${sorts.at(at - 2)} [▲▼]`));
  }
});

test(':sort takes every column by its name, both ways', async (t) => {
  const screen = await opened(t);
  for (const [pane, sorts] of [
    ['alt-1', PEER_SORTS],
    ['alt-2', QUEUE_SORTS],
  ] as const) {
    await screen.press(pane);
    for (const [index, sort] of sorts.entries()) {
      // One way each: typing is what takes the time.
      const [way, mark] = index % 2 === 0 ? ['down', '▼'] : ['up', '▲'];
      await screen.type(`:sort ${sort} ${way}\r`);
      assert.match(screen.text(), new RegExp(`by ${sort} ${mark}`));
    }
  }
});

test('the order is remembered by the next run', async (t) => {
  const local = new FakeLocal();
  const first = await opened(t, local);
  await first.press('alt-1', 's', 'S', 'alt-2', 's');
  const second = await opened(t, local);
  assert.match(second.text(), /by address ▼/);
  assert.match(second.text(), /by size ▼/);
});

test('preferences that make no sense change nothing', async (t) => {
  for (const preferences of [undefined, null, 7, [], { peers: { sort: 'nothing' }, commands: [1] }]) {
    const local = new FakeLocal();
    local.preferences = preferences;
    assert.match((await opened(t, local)).text(), /by name ▲/);
  }
});
