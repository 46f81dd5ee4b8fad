import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { emptyEngine, samplePeer } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

async function opened(
  t: { after(action: () => void): void },
  status: Parameters<typeof emptyEngine>[0] = {},
): Promise<TestScreen> {
  const engine = new FakeEngine({ ...emptyEngine(status), peers: [samplePeer('client1')] });
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  return screen;
}

test('q and Ctrl-C quit at once when nothing is lost', async (t) => {
  for (const key of ['q', 'ctrl-c']) {
    const screen = await opened(t, { peersConnected: 1 });
    await screen.press('alt-1', key);
    assert.deepEqual(screen.quits, [0], key);
    assert.doesNotMatch(screen.text(), /Quit aioc/);
  }
});

test('each thing that would be lost is asked about', async (t) => {
  for (const [status, says] of [
    [{ transfersInFlight: 1 }, /1 transfer will be aborted/],
    [{ waitingCount: 3, storedCount: 1 }, /2 messages have no ack yet and may be lost/],
    [{ configured: true, peersConnected: 2 }, /This disconnects 2 peers/],
  ] as const) {
    const screen = await opened(t, status);
    await screen.press('alt-1', 'q');
    assert.deepEqual(screen.quits, []);
    assert.match(screen.text(), says);
  }
  const screen = await opened(t);
  await screen.type('4half a line');
  await screen.press('escape', 'q');
  assert.match(screen.text(), /The line that you have begun is lost/);
  await screen.press('escape', '4', 'ctrl-u');
  await screen.type('!sleep 9\r');
  await screen.press('alt-1', 'q');
  assert.match(screen.text(), /A command runs; it is stopped/);
});
