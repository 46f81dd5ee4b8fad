import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TransferRow } from '../../engine/contract/views.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine, NOW_MS } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

const ROWS: readonly TransferRow[] = [
  {
    ...{ id: 'aaaa', direction: 'out', peerName: 'client1', name: 'site.zip', phase: 'running' },
    ...{
      doneBytes: 92_000_000,
      totalBytes: 148_000_000,
      resumedBytes: 40_000_000,
      bytesPerSecond: 4_000_000,
    },
  },
  {
    ...{ id: 'bbbb', direction: 'in', peerName: 'client3', name: 'photos', phase: 'waiting' },
    ...{ doneBytes: 5_000_000, resumedBytes: 0, bytesPerSecond: 0, idleSinceMs: NOW_MS - 240_000 },
  },
];

async function opened(
  t: { after(action: () => void): void },
  transfers: readonly TransferRow[],
): Promise<{ readonly screen: TestScreen; readonly engine: FakeEngine }> {
  const engine = new FakeEngine(busyEngine());
  engine.transfers = transfers;
  const screen = await openScreen({ engine, columns: 120, rows: 40 });
  t.after(() => screen.close());
  await screen.press('alt-1');
  return { screen, engine };
}

test('5 shows the files on their way with rate, time left and what was resumed, as they go on', async (t) => {
  const { screen, engine } = await opened(t, ROWS);
  assert.ok(!engine.openViews.some(({ pane }) => pane === 'transfers'));
  await screen.press('5');
  assert.match(screen.text(), /Files on their way ─+ 2 files/);
  assert.match(
    screen.text(),
    /▸ client1 site\.zip +92 MB +148 MB +62 +4\.0 MB\/s +14 s running, resumed at 40 MB/,
  );
  assert.match(screen.text(), /◂ client3 photos +5\.0 MB +— +— +— +— waits, idle 4 m/);
  engine.change(() => {
    engine.transfers = [{ ...ROWS[0], doneBytes: 140_000_000 } as TransferRow];
  });
  await screen.settle();
  assert.match(screen.text(), /140 MB +148 MB +94 /);
  assert.match(screen.text(), / 1 file /);
  await screen.press('escape');
  assert.ok(!engine.openViews.some(({ pane }) => pane === 'transfers'));
});

test('c cancels the selected file after five seconds; u takes that back', async (t) => {
  const { screen, engine } = await opened(t, ROWS);
  await screen.press('5', 'j', 'c');
  assert.match(screen.text(), /Cancel photos from client3 in 5 s +u undo +Enter now/);
  await screen.press('u');
  assert.deepEqual(engine.commands('transfer.cancel'), []);
  await screen.press('5', 'j', 'c', 'enter');
  assert.deepEqual(engine.commands('transfer.cancel'), [{ kind: 'transfer.cancel', id: 'bbbb' }]);
});

test('without files it says so', async (t) => {
  const { screen } = await opened(t, []);
  await screen.press('5');
  assert.match(screen.text(), /No files are on their way, and none wait for their peers\./);
});
