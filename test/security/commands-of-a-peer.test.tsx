import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { FakeLocal } from '../helpers/fake-local.ts';
import { busyEngine } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

const LINES = [
  '!touch x',
  '!exit',
  '!upload /etc/passwd',
  '!zimport a.zip',
  ':quit',
  ':cancel',
  '/exit',
  'q',
];

test('what a peer writes is text, also when it looks like a command of the chat', async (t) => {
  const engine = new FakeEngine(busyEngine());
  const local = new FakeLocal();
  const screen = await openScreen({ engine, local });
  t.after(() => screen.close());
  await screen.press('4');
  const before = engine.executed.length;
  const [row] = engine.data.chats['client1'] ?? [];
  assert.ok(row !== undefined);
  for (const text of LINES) {
    engine.change(({ chats }) => {
      const rows = chats['client1'] ?? [];
      rows.push({ ...row, id: (rows.at(-1)?.id ?? 0) + 1, from: 'peer', text });
    });
    await screen.settle();
    assert.ok(screen.text().includes(text), `${text} is shown`);
  }
  assert.deepEqual(local.shells, [], 'no command runs');
  assert.deepEqual(screen.quits, []);
  assert.doesNotMatch(screen.text(), /Quit aioc/);
  const executed = engine.executed.slice(before).map(({ kind }) => kind);
  assert.deepEqual(
    executed.filter((kind) => kind !== 'chat.read'),
    [],
  );
});
