import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LayoutInput, layoutOf, roomiestLayoutOf } from '../../components/layout.ts';
import { initialUiState, PANES } from '../../components/state/ui-state.ts';
import { trusted } from '../../components/terminal/sanitize.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine, emptyEngine, samplePeer, sampleQueue } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

const rowCount = fc.integer({ min: 0, max: 10_000 });

const states: fc.Arbitrary<LayoutInput> = fc.record({
  size: fc.record({ columns: fc.integer({ min: 40, max: 200 }), rows: fc.integer({ min: 10, max: 60 }) }),
  focus: fc.constantFrom(...PANES),
  zoom: fc.boolean(),
  isConnector: fc.boolean(),
  chatOpen: fc.boolean(),
  content: fc.record({ peers: rowCount, queues: rowCount, isFirstRun: fc.boolean() }),
});

test('the panes cover the body at every size, and none overlaps another', () => {
  fc.assert(
    fc.property(states, (ui) => {
      const { columns, rows } = ui.size;
      const covered = new Uint8Array(columns * rows);
      for (const [name, box] of Object.entries(layoutOf(ui))) {
        assert.ok(box.height >= 3 && box.width >= 30, `${name} has room: ${JSON.stringify(box)}`);
        for (let row = box.row; row < box.row + box.height; row += 1)
          for (let column = box.column; column < box.column + box.width; column += 1)
            covered[row * columns + column] = (covered[row * columns + column] ?? 0) + 1;
      }
      const body = covered.subarray(columns, (rows - 1) * columns);
      assert.ok(
        body.every((times) => times === 1),
        'each cell of the body belongs to one pane',
      );
      assert.ok(covered.subarray(0, columns).every((times) => times === 0));
      assert.ok(covered.subarray((rows - 1) * columns).every((times) => times === 0));
    }),
  );
});

test('a list is never higher than in the roomiest layout', () => {
  fc.assert(
    fc.property(states, (ui) => {
      const [now, most] = [layoutOf(ui), roomiestLayoutOf(ui)];
      assert.ok((now.peers?.height ?? 0) <= (most.peers?.height ?? 0));
      // In the chat program, the queues have what the peers leave.
      if (ui.isConnector) assert.ok((now.queues?.height ?? 0) <= (most.queues?.height ?? 0));
    }),
  );
});

const ui = (changes: Partial<LayoutInput>): LayoutInput => ({
  ...initialUiState({
    size: { columns: 120, rows: 40 },
    nowMs: 0,
    isConnector: true,
    startCommand: trusted('aioc'),
  }),
  content: { peers: 4, queues: 6, isFirstRun: false },
  ...changes,
});

test('on a connector the lists are as high as the longer one, and the log has the full width', () => {
  const layout = layoutOf(ui({}));
  assert.equal(layout.peers?.height, 8);
  assert.equal(layout.queues?.height, 8);
  assert.deepEqual(layout.log, { row: 9, column: 0, width: 120, height: 30 });
  assert.equal(layout.chat, undefined);
});

test('on a connector the chat opens as a column beside the log, and in its place on 80 columns', () => {
  const wide = layoutOf(ui({ chatOpen: true, focus: 'chat', lastTail: 'chat' }));
  assert.deepEqual([wide.log?.width, wide.chat?.width], [76, 44]);
  const size = { columns: 80, rows: 24 };
  assert.deepEqual(Object.keys(layoutOf(ui({ size }))), ['peers', 'queues', 'log']);
  const open = layoutOf(ui({ size, chatOpen: true, lastTail: 'chat' }));
  assert.deepEqual(Object.keys(open), ['peers', 'queues', 'chat']);
});

test('in the chat program the chat is the main pane', () => {
  const { chat, log } = layoutOf(ui({ isConnector: false }));
  assert.deepEqual(chat, { row: 1, column: 51, width: 69, height: 38 });
  assert.equal(log?.width, 51);
});

const heightOf = (rows: readonly string[], pane: string): number => {
  const top = rows.findIndex((row) => row.includes(pane));
  return rows.findIndex((row, index) => index > top && row.startsWith('╰')) - top + 1;
};

test('a list grows at once, and shrinks after 5 s or on a key', async (t) => {
  const engine = new FakeEngine({ ...emptyEngine({ configured: true }), peers: [samplePeer('client1')] });
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  const setQueues = async (count: number): Promise<void> => {
    engine.change((data) => {
      data.queues = Array.from({ length: count }, (_, index) => sampleQueue(`q${index}`));
    });
    await screen.settle();
  };
  assert.equal(heightOf(screen.rows(), '2 Queues'), 5);
  await setQueues(6);
  assert.equal(heightOf(screen.rows(), '2 Queues'), 10);
  await setQueues(2);
  assert.equal(heightOf(screen.rows(), '2 Queues'), 10, 'nothing jumps');
  await screen.press('j');
  assert.equal(heightOf(screen.rows(), '2 Queues'), 6);
  await setQueues(6);
  await setQueues(1);
  screen.clock.advance(5_000);
  await screen.settle();
  assert.equal(heightOf(screen.rows(), '2 Queues'), 5);
});

test('on a connector 4 opens the chat, and Escape closes it', async (t) => {
  const engine = new FakeEngine({ ...busyEngine(), status: emptyEngine({ configured: true }).status });
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  assert.doesNotMatch(screen.text(), /4 Chat/);
  await screen.press('4');
  assert.match(screen.text(), /3 Log.*4 Chat/);
  await screen.press('escape');
  assert.match(screen.text(), /4 Chat/, 'the first one leaves the line');
  await screen.press('escape');
  assert.doesNotMatch(screen.text(), /4 Chat/);
  assert.equal(engine.commands('chat.say').length, 0);
});
