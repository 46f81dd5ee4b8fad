import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { FakeLocal } from '../helpers/fake-local.ts';
import { busyEngine } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

async function opened(
  t: { after(action: () => void): void },
  local = new FakeLocal(),
): Promise<{ screen: TestScreen; engine: FakeEngine }> {
  const engine = new FakeEngine(busyEngine());
  const screen = await openScreen({ engine, local });
  t.after(() => screen.close());
  await screen.press('alt-1');
  return { screen, engine };
}

test('a command takes the name of a peer, which Tab completes', async (t) => {
  const { screen, engine } = await opened(t);
  await screen.press(':');
  await screen.type('ping cl');
  await screen.press('tab');
  assert.match(screen.text(), /› ping client/);
  assert.match(screen.rows().at(-1) ?? '', /client1 +client2 +client3/);
  await screen.type('2\r');
  assert.deepEqual(engine.commands('peer.ping'), [{ kind: 'peer.ping', peer: 'client2' }]);
});

test('a name that is not there does nothing and is told', async (t) => {
  const { screen, engine } = await opened(t);
  await screen.type(':ignore nobody\r');
  assert.match(screen.text(), /No peer “nobody” is shown/);
  assert.deepEqual(engine.commands('peer.ignore'), []);
  await screen.type(':ping client3\r');
  assert.match(screen.text(), /not connected/);
});

test(':filter names a pane and its filter', async (t) => {
  const { screen } = await opened(t);
  await screen.type(':filter queues client3\r');
  assert.match(screen.text(), /2 Queues \/ client3/);
  await screen.type(':filter client1\r');
  assert.match(screen.text(), /2 Queues \/ client1/);
});

test('Up brings earlier commands back, also those of an earlier run, and never the code of an invitation', async (t) => {
  const local = new FakeLocal();
  const { screen } = await opened(t, local);
  await screen.type(':zoom\r:join c0de\r:ping client1\r');
  const next = await opened(t, local);
  await next.screen.press(':', 'up');
  assert.match(next.screen.text(), /› ping client1/);
  await next.screen.press('up');
  assert.match(next.screen.text(), /› zoom/);
  await next.screen.press('down', 'enter');
  assert.deepEqual(next.engine.commands('peer.ping'), [{ kind: 'peer.ping', peer: 'client1' }]);
  assert.doesNotMatch(JSON.stringify(local.preferences), /c0de/);
});
