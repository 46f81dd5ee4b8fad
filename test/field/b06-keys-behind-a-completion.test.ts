import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { FakeLocal } from '../helpers/fake-local.ts';
import { busyEngine } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

test('Tab and Enter in one read run the completed line', async (t) => {
  const local = new FakeLocal();
  local.paths = ['onlyone.txt'];
  const engine = new FakeEngine(busyEngine());
  const screen = await openScreen({ engine, local });
  t.after(() => screen.close());
  await screen.type('4!upload onlyo\t\r');
  assert.deepEqual(engine.commands('chat.upload'), [
    { kind: 'chat.upload', peer: 'client1', path: '/home/ann/onlyone.txt' },
  ]);
});

test('a letter typed right after Tab keeps the completion, also of a list from the connector', async (t) => {
  const engine = new FakeEngine(busyEngine());
  engine.answers.set('files.list', { ok: true, value: ['photo.jpg'] });
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  await screen.type('4!import photo.j\tX');
  assert.match(screen.text(), /› !import photo\.jpgX/);
});

test('a completion that never comes does not hold the keys for ever, and Ctrl-C goes past it', async (t) => {
  const local = new FakeLocal();
  local.completePath = () => new Promise(() => {});
  const screen = await openScreen({ engine: new FakeEngine(busyEngine()), local });
  t.after(() => screen.close());
  await screen.type('4!upload on\tly');
  screen.clock.advance(2_000);
  await screen.settle();
  assert.match(screen.text(), /› !upload only/);
  await screen.type('\t');
  await screen.press('ctrl-c');
  assert.match(screen.text(), /Quit aioc/);
});
