import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogRow } from '../../engine/contract/views.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { emptyEngine, sampleLog } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

const rowsUpTo = (count: number): LogRow[] =>
  Array.from({ length: count }, (_, index) => sampleLog(index + 1, { text: `message ${index + 1}.` }));

async function busyLog(
  t: { after(action: () => void): void },
  count = 60,
): Promise<{ readonly screen: TestScreen; readonly engine: FakeEngine }> {
  const engine = new FakeEngine({ ...emptyEngine({ logLastId: count }), log: rowsUpTo(count) });
  const screen = await openScreen({ engine, columns: 80, rows: 24 });
  t.after(() => screen.close());
  await screen.press('3');
  return { screen, engine };
}

/** The log of a busy connector, some time later: the old rows have been forgotten. */
async function muchLater(
  { screen, engine }: Awaited<ReturnType<typeof busyLog>>,
  lastId: number,
): Promise<void> {
  engine.change((data) => {
    data.log = Array.from({ length: 10 }, (_, index) => sampleLog(lastId - 9 + index, { text: 'new.' }));
    data.status = { ...data.status, logLastId: lastId };
  });
  await screen.settle();
}

test('f freezes the log: its rows stay, however much comes, and the border counts what is new', async (t) => {
  const world = await busyLog(t);
  const { screen, engine } = world;
  await screen.press('f');
  assert.match(screen.text(), /3 Log ─+ frozen ─/);
  assert.ok(!engine.openViews.some(({ pane }) => pane === 'log'), 'nothing is asked of the connector');
  await muchLater(world, 20_060);
  assert.match(screen.text(), /frozen · ▼ 20,000 new below/);
  assert.match(screen.text(), /message 60\./);
  assert.doesNotMatch(screen.text(), /new\./);
});

test('the rows of a frozen log can be scrolled, up to the first one that was kept', async (t) => {
  const world = await busyLog(t);
  const { screen } = world;
  await screen.press('f');
  await muchLater(world, 20_060);
  await screen.press('home');
  assert.match(screen.text(), /message 1\./);
  assert.doesNotMatch(screen.text(), /message 60\./);
  await screen.press('end');
  assert.match(screen.text(), /message 60\./);
  assert.match(screen.text(), /frozen/);
});

for (const [key, what] of [
  ['f', 'f'],
  ['escape', 'Esc'],
] as const) {
  test(`${what} lets a frozen log go on`, async (t) => {
    const world = await busyLog(t);
    const { screen } = world;
    await screen.press('f');
    await muchLater(world, 20_060);
    await screen.press(key);
    assert.match(screen.text(), /following/);
    assert.match(screen.text(), /new\./);
    assert.doesNotMatch(screen.text(), /message 60\./);
  });
}

test('a filter ends the freeze: it is looked for in what is there now', async (t) => {
  const world = await busyLog(t);
  const { screen } = world;
  await screen.press('f');
  await muchLater(world, 20_060);
  await screen.type('/new\r');
  assert.match(screen.text(), /10 of 10/);
  assert.match(screen.text(), /new\./);
});
