import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

async function opened(t: {
  after(action: () => void): void;
}): Promise<{ screen: TestScreen; engine: FakeEngine }> {
  const engine = new FakeEngine(busyEngine());
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  return { screen, engine };
}

const footer = (screen: TestScreen): string => screen.rows().at(-1) ?? '';

test('i drops nothing for five seconds, and u takes it back', async (t) => {
  const { screen, engine } = await opened(t);
  await screen.press('alt-1', 'i');
  assert.match(footer(screen), /Ignore client1 in [45] s +u undo +Enter now/);
  screen.clock.advance(2_000);
  await screen.settle();
  assert.match(footer(screen), /Ignore client1 in [23] s/);
  await screen.press('u');
  assert.match(footer(screen), /Cancelled: Ignore client1/);
  screen.clock.advance(10_000);
  await screen.settle();
  assert.deepEqual(engine.commands('peer.ignore'), []);
});

test('after five seconds it happens, and the footer says how to undo it', async (t) => {
  const { screen, engine } = await opened(t);
  await screen.press('alt-1', 'i');
  screen.clock.advance(6_000);
  await screen.settle();
  assert.deepEqual(engine.commands('peer.ignore'), [{ kind: 'peer.ignore', peer: 'client1', on: true }]);
  assert.match(footer(screen), /Ignoring client1.*i lets it in again/);
});

test('the footer of an ignored peer does not offer to ignore it', async (t) => {
  const { screen } = await opened(t);
  await screen.press('alt-1', 'j', 'j', 'j');
  assert.match(footer(screen), /i stop ignoring/);
  await screen.press('k');
  assert.match(footer(screen), /i ignore /);
});
