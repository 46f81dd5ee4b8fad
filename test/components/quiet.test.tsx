import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeDoor } from '../helpers/fake-door.ts';
import { busyEngine, emptyEngine, samplePeer } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

/** What an idle screen may write in a minute. */
const IDLE_BYTES_MAX = 200;

test('with nobody away an idle screen writes at most 200 bytes a minute', async (t) => {
  const data = emptyEngine();
  data.peers.push(samplePeer('client1'), samplePeer('client2'));
  const screen = await openScreen({ door: new FakeDoor(data) });
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
  const screen = await openScreen({ door: new FakeDoor(busyEngine()) });
  t.after(() => screen.close());
  const before = screen.bytesWritten;
  screen.clock.advance(45_000);
  await screen.settle();
  assert.equal(screen.bytesWritten, before);
});

test('a flood of updates draws at most 20 frames a second, and a key is drawn in between', async (t) => {
  const door = new FakeDoor(busyEngine());
  const screen = await openScreen({ door });
  t.after(() => screen.close());
  for (let round = 0; round < 200; round += 1) door.setStatus({ inRate: round });
  await screen.type('4x');
  assert.match(screen.text(), /› x/);
  assert.match(screen.text(), /▼ 199\/s/);
});

test('only the full paint at the start clears the screen', async (t) => {
  const door = new FakeDoor(busyEngine());
  const screen = await openScreen({ door });
  t.after(() => screen.close());
  await screen.press('alt-1', 'j', 'z', 'z', '?', 'escape', '2', '3', '4');
  door.setStatus({ inRate: 5 });
  await screen.settle();
  assert.equal(screen.bytes.split('\x1b[2J').length - 1, 1);
});
