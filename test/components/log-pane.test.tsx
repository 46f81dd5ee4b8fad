import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogRow, Outcome } from '../../engine/contract/views.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { emptyEngine, sampleLog } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

const OUTCOMES: readonly Outcome[] = [
  ...(['queued', 'sent', 'peer has it', 'received by Python', 'arrived', 'stored', 'in memory'] as const),
  ...(['taken', 'handed over', 'dropped', 'refused', 'failed'] as const),
];

async function logOf(
  t: { after(action: () => void): void },
  rows: LogRow[],
  size = { columns: 120, rows: 40 },
): Promise<TestScreen> {
  const screen = await openScreen({ engine: new FakeEngine({ ...emptyEngine(), log: rows }), ...size });
  t.after(() => screen.close());
  await screen.press('3');
  return screen;
}

for (const direction of ['in', 'out'] as const) {
  for (const outcome of OUTCOMES) {
    test(`a message that went ${direction} and is "${outcome}" has its columns, zoomed or not`, async (t) => {
      const row = sampleLog(1, { direction, outcome, type: 'door', text: 'open', sizeBytes: 480 });
      const screen = await logOf(t, [row]);
      const arrow = direction === 'in' ? '◂' : '▸';
      // The log is narrow beside the chat.
      assert.match(screen.text(), new RegExp(`14:01 ${arrow} client1 open +${outcome} +│`));
      await screen.press('z');
      assert.match(screen.text(), new RegExp(`14:01:11 ${arrow} client1 +door +open +480 B ${outcome} `));
      assert.match(screen.text(), /time +peer +type +text +size +outcome/);
    });
  }
}

test('a file is told from a message, and an event has the peer that it is about', async (t) => {
  const { direction: _none, sizeBytes: _size, ...event } = sampleLog(2, { kind: 'event', outcome: 'info' });
  const screen = await logOf(t, [
    sampleLog(1, { kind: 'file', text: 'site.zip', sizeBytes: 148_000_000 }),
    { ...event, text: 'connected from 10.0.0.7', type: '' },
  ]);
  assert.match(screen.text(), /client1 file site\.zip +stored/);
  assert.match(screen.text(), /\+ client1 connected from 10\.0\.0\.7/);
});

test('at 40 columns the text and the outcome are still there', async (t) => {
  const screen = await logOf(t, [sampleLog(1, { text: 'hello', outcome: 'dropped' })], {
    columns: 40,
    rows: 12,
  });
  assert.match(screen.text(), /14:01 ◂ client1 hello +dropped/);
});

test('sizes and outcomes stand in columns that do not move with the text', async (t) => {
  const screen = await logOf(t, [
    sampleLog(1, { text: 'a' }),
    sampleLog(2, { text: 'b'.repeat(500), sizeBytes: 148_000_000, outcome: 'queued' }),
  ]);
  const [first, second] = screen.rows().filter((row) => row.includes('14:01'));
  assert.equal(first?.indexOf('stored '), second?.indexOf('queued'));
});

test('a warning that came seven times is one row that says so, and its opened row says when last', async (t) => {
  const {
    direction: _none,
    sizeBytes: _size,
    ...event
  } = sampleLog(1, {
    ...{ kind: 'event', outcome: 'warning', type: '', hasBody: false, repeats: 7 },
    ...{ text: 'it is slow', lastAtMs: Date.UTC(2026, 10, 23, 14, 2, 31) },
  });
  const screen = await logOf(t, [event]);
  assert.match(screen.text(), /! client1 +×7 it is slow/);
  await screen.press('enter');
  assert.match(screen.text(), /7 times, the last at 14:02:31/);
});
