import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine, emptyEngine, samplePeer } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

/** What an idle screen may write in a minute. */
const IDLE_BYTES_MAX = 200;

test('with nobody away an idle screen writes at most 200 bytes a minute', async (t) => {
  const data = emptyEngine();
  data.peers.push(samplePeer('client1'), samplePeer('client2'));
  const screen = await openScreen({ engine: new FakeEngine(data) });
  t.after(() => screen.close());
  for (let minute = 0; minute < 5; minute += 1) {
    const before = screen.bytesWritten;
    screen.clock.advance(60_000);
    await screen.settle();
    const written = screen.bytesWritten - before;
    assert.ok(written > 0 && written <= IDLE_BYTES_MAX, `${written} bytes`);
  }
});

test('nothing at all is written before the minute is over', async (t) => {
  const screen = await openScreen({ engine: new FakeEngine(busyEngine()) });
  t.after(() => screen.close());
  const before = screen.bytesWritten;
  screen.clock.advance(45_000);
  await screen.settle();
  assert.equal(screen.bytesWritten, before);
});

test('a flood of updates draws at most 20 frames a second, and a key is drawn in between', async (t) => {
  const engine = new FakeEngine(busyEngine());
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  for (let round = 0; round < 200; round += 1) engine.setStatus({ inRate: round });
  await screen.type('4x');
  assert.match(screen.text(), /› x/);
  assert.match(screen.text(), /▼ 199\/s/);
});

test('only the full paint at the start clears the screen', async (t) => {
  const engine = new FakeEngine(busyEngine());
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  await screen.press('alt-1', 'j', 'z', 'z', '?', 'escape', '2', '3', '4');
  engine.setStatus({ inRate: 5 });
  await screen.settle();
  assert.equal(screen.bytes.split('\x1b[2J').length - 1, 1);
});
