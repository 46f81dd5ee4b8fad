import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

/** At the start there is only an empty queue; then one gets stuck and comes first. */
async function withStuckQueue(t: { after(action: () => void): void }): Promise<TestScreen> {
  const data = busyEngine();
  const [stuck, ...others] = data.queues;
  assert.ok(stuck?.blocked !== undefined);
  const engine = new FakeEngine({ ...data, queues: others });
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  engine.change((now) => {
    now.queues.unshift(stuck);
  });
  await screen.settle();
  return screen;
}

test('w without a chosen row explains the queue of the hint line', async (t) => {
  const screen = await withStuckQueue(t);
  await screen.press('2', 'w');
  assert.match(screen.text(), /Why\? client3 · events/);
});

test('w explains the row that was chosen by hand, wherever it moves', async (t) => {
  const screen = await withStuckQueue(t);
  await screen.press('2', 'j', 'w');
  assert.match(screen.text(), /Why\? client1 · any/);
});

test('the selection stays on the top row until it is moved', async (t) => {
  const screen = await withStuckQueue(t);
  await screen.press('2');
  assert.match(screen.text(), /›! client3 · events/);
});
