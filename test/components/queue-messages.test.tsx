import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeekRow, QueuePeek } from '../../engine/contract/queue-peek.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine, NOW_MS } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

const QUEUE = 'q1';

function row(index: number, more: Partial<PeekRow> = {}): PeekRow {
  const text = `{"n": ${index}}`;
  return { place: `0:${index}`, atMs: NOW_MS - 60_000, sizeBytes: text.length, text, isSent: false, ...more };
}

function peekOf(count: number, more: Partial<QueuePeek> = {}): QueuePeek {
  const rows = Array.from({ length: count }, (_, index) => row(index + 1));
  return { depth: count, rows, hasMore: false, end: String(count), ...more };
}

async function opened(
  t: { after(action: () => void): void },
  size = { columns: 80, rows: 24 },
): Promise<{ readonly screen: TestScreen; readonly engine: FakeEngine }> {
  const engine = new FakeEngine(busyEngine());
  engine.peeks.set(QUEUE, peekOf(30, { depth: 12_480, hasMore: true, end: '12480' }));
  const screen = await openScreen({ engine, ...size });
  t.after(() => screen.close());
  await screen.press('alt-2');
  return { screen, engine };
}

test('p shows the first messages of the queue, and how many there are', async (t) => {
  const { screen, engine } = await opened(t);
  await screen.press('p');
  assert.match(screen.text(), /client3 · events ─+ the first 30 of 12,480/);
  assert.match(screen.text(), / 1 \d\d:\d\d:\d\d waits +8 B \{"n": 1\}/);
  assert.deepEqual(engine.peeked, [{ queue: QUEUE, rows: 100 }]);
  await screen.press('end');
  assert.match(screen.text(), / 30 .*\{"n": 30\}/);
});

test('the third message waiting opens with p, j, j, Enter; Esc leads back to the list', async (t) => {
  const { screen, engine } = await opened(t);
  await screen.press('p', 'j', 'j');
  const body = {
    ...{ headerLines: ['tag: "line-4"'], text: '{"n": 3}', base64: 'eyJuIjogM30=' },
    ...{ omittedBytes: 0, binaryBytes: 0 },
  };
  engine.peeks.set(QUEUE, peekOf(0, { rows: [row(3, { body, isSent: true })] }));
  await screen.press('enter');
  assert.deepEqual(engine.peeked.at(-1), { queue: QUEUE, rows: 1, bodies: 'beginning', after: '0:2' });
  assert.match(screen.text(), /client3 · events · 3/);
  assert.match(screen.text(), /tag: "line-4"/);
  assert.match(screen.text(), /"n": 3/);
  await screen.press('escape');
  assert.match(screen.text(), /the first 30 of 12,480/);
  await screen.press('escape');
  assert.doesNotMatch(screen.text(), /the first 30 of 12,480/);
});

test('a message that has left the queue meanwhile is not shown as another one', async (t) => {
  const { screen, engine } = await opened(t);
  await screen.press('p');
  engine.peeks.set(QUEUE, peekOf(0, { rows: [row(9)] }));
  await screen.press('enter');
  assert.match(screen.text(), /This message has left the queue\./);
});

test('e writes all messages that the queue has now into a file, page by page', async (t) => {
  const { screen, engine } = await opened(t);
  engine.peeks.set(QUEUE, peekOf(2));
  await screen.press('e');
  assert.match(
    screen.text(),
    /Exported 2 messages as \/home\/ann\/client3 · events\.ndjson; they stay queued/,
  );
  assert.deepEqual([...screen.local.exports.values()], [['{"n": 1}', '{"n": 2}']]);
  assert.deepEqual(engine.peeked, [{ queue: QUEUE, rows: 100, bodies: 'whole' }]);
});

test('x purges after five seconds, up to what the queue had when it was pressed; u takes that back', async (t) => {
  const { screen, engine } = await opened(t, { columns: 120, rows: 40 });
  await screen.press('x');
  assert.match(screen.text(), /Purge 12,480 messages of client3 · events in 5 s +u undo +Enter now/);
  await screen.press('u');
  await screen.press('x');
  assert.deepEqual(engine.commands('queue.purge'), []);
  await screen.press('enter');
  assert.deepEqual(engine.commands('queue.purge'), [{ kind: 'queue.purge', queue: QUEUE, upTo: '12480' }]);
  assert.match(screen.text(), /Purged client3 · events; what is on its way/);
});

test('an empty queue has nothing to look at, to export or to purge', async (t) => {
  const { screen, engine } = await opened(t);
  await screen.press('end', 'p');
  assert.match(screen.text(), /The queue is empty\./);
  assert.deepEqual(engine.peeked, []);
});
