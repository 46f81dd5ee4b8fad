import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectCapabilities } from '../../components/terminal/capabilities.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

const TICK_MS = 50;

/** How often numbers that change all the time are drawn in four seconds. */
async function changesOf(t: { after(action: () => void): void }, isStill: boolean): Promise<number> {
  const engine = new FakeEngine(busyEngine());
  const appearance = { colour: false, unicode: true, isStill };
  const screen = await openScreen({ engine, columns: 160, rows: 45, appearance });
  t.after(() => screen.close());
  await screen.press('1');
  assert.equal(/[▁▂▃▄▅▆▇]/.test(screen.text()), !isStill);
  screen.clock.advance(2_000);
  let changes = 0;
  for (let ms = 0; ms < 4_000; ms += TICK_MS) {
    const before = screen.bytes.length;
    engine.change((data) => {
      data.peers = data.peers.map((peer) => ({ ...peer, rate: 100 + ms }));
    });
    for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    screen.clock.advance(TICK_MS);
    for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    if (screen.bytes.length > before) changes += 1;
  }
  return changes;
}

test('with reduced motion there are no graphs, and numbers change at most once a second', async (t) => {
  const changes = await changesOf(t, true);
  assert.ok(changes >= 3 && changes <= 5, `${changes} changes in four seconds`);
});

test('without reduced motion there are graphs, and numbers change several times a second', async (t) => {
  const changes = await changesOf(t, false);
  assert.ok(changes > 8, `${changes} changes in four seconds`);
});

test('AIOC_REDUCED_MOTION is on unless it is empty or 0', () => {
  const still = (AIOC_REDUCED_MOTION?: string) => detectCapabilities({ AIOC_REDUCED_MOTION }, true).isStill;
  assert.deepEqual([undefined, '', '0', '1', 'yes'].map(still), [false, false, false, true, true]);
});
