import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine, emptyEngine, sampleLog } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

const TICKS = 100;

async function opened(t: { after(action: () => void): void }) {
  const engine = new FakeEngine({ ...busyEngine(), status: emptyEngine({ configured: true }).status });
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  return { engine, screen };
}

/** As the connector does: the updates of a tick one after the other, each a turn of its own. */
async function ticks(
  screen: TestScreen,
  { intervalMs, change }: { intervalMs: number; change: (tick: number) => void },
) {
  for (let tick = 0; tick < TICKS; tick += 1) {
    change(tick);
    for (let waited = 0; waited < intervalMs; waited += 5) {
      screen.clock.advance(5);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

test('numbers that change 20 times a second are drawn five times a second, and only their rows', async (t) => {
  const { engine, screen } = await opened(t);
  const before = screen.stats();
  await ticks(screen, { intervalMs: 50, change: (tick) => engine.setStatus({ inRate: tick + 1 }) });
  const { frames, rows } = screen.stats();
  assert.ok(frames - before.frames <= 27, `${frames - before.frames} frames in 5 s`);
  assert.ok(frames - before.frames >= 20, 'and not fewer than it says');
  const drawn = (rows.composed - before.rows.composed) / (frames - before.frames);
  assert.ok(drawn <= 10, `${drawn} rows a frame of 40: the first line, titles, heads and hints`);
});

test('a log row that stays is not drawn again when another one changes', async (t) => {
  const { engine, screen } = await opened(t);
  const before = screen.stats();
  await ticks(screen, {
    intervalMs: 200,
    change: (tick) =>
      engine.change((data) => {
        data.log = [...data.log.slice(0, 8), sampleLog(900, { text: `changed ${tick}` })];
      }),
  });
  const { frames, rows } = screen.stats();
  const drawn = (rows.composed - before.rows.composed) / (frames - before.frames);
  assert.ok(frames - before.frames >= 50);
  assert.ok(drawn <= 11, `${drawn} rows a frame of 40`);
});

test('a key is drawn at once, whatever the engine does', async (t) => {
  const { engine, screen } = await opened(t);
  engine.setStatus({ inRate: 1 });
  screen.clock.advance(10);
  await screen.press('3');
  assert.match(screen.text(), /Enter open/);
});

test('F12 shows what drawing costs, and hides it again', async (t) => {
  const { screen } = await opened(t);
  await screen.press('f12');
  assert.match(screen.text(), /frames +\d+/);
  assert.match(screen.text(), /bytes +[\d.]+ k?B/);
  assert.match(screen.text(), /frame, p99 +\d+\.\d ms/);
  assert.match(screen.text(), /rows kept +\d+/);
  assert.match(screen.text(), /updates skipped +\d+/);
  await screen.press('f12');
  assert.doesNotMatch(screen.text(), /frame, p99/);
});
