import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sanitize, trusted } from '../../../components/terminal/sanitize.ts';
import { textWidth } from '../../../components/terminal/width.ts';
import { type Column, fitColumns, headLine, rowLine } from '../../../components/widgets/columns.ts';
import { cellLeft, cellRight, lineWidth } from '../../../components/widgets/line.ts';
import { FakeEngine } from '../../helpers/fake-engine.ts';
import { busyEngine, samplePeer, sampleQueue } from '../../helpers/sample-data.ts';
import { openScreen } from '../../helpers/screen.tsx';

interface Item {
  readonly name: string;
  readonly count: number;
}

const COLUMNS: readonly Column<Item>[] = [
  {
    ...{ head: 'name', min: 4, max: 40, rank: 0, isName: true, sort: 'name' },
    needs: ({ name }) => textWidth(name),
    cell: ({ name }, width) => [cellLeft(sanitize(name), width)],
  },
  { head: 'place', min: 5, max: 20, rank: 3, cell: (_row, width) => [cellLeft(trusted('here'), width)] },
  {
    ...{ head: 'count', min: 6, max: 8, rank: 1, align: 'right', sort: 'count' },
    cell: ({ count }, width) => [cellRight(trusted(String(count)), width)],
  },
  { head: 'more', min: 4, max: 4, rank: 2, cell: (_row, width) => [cellLeft(trusted('yes'), width)] },
];

const textOf = (line: readonly { readonly text: string }[]): string => line.map(({ text }) => text).join('');

test('heads and rows fill any width exactly, and each column that is shown has its whole head', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 11, max: 200 }),
      fc.array(fc.record({ name: fc.string({ maxLength: 60 }), count: fc.nat(99_999) }), { maxLength: 8 }),
      (width, rows) => {
        const fitted = fitColumns(COLUMNS, width, rows);
        assert.equal(lineWidth(headLine(fitted)), width);
        for (const row of rows) assert.equal(lineWidth(rowLine(fitted, row)), width);
        const heads = textOf(headLine(fitted)).trim().split(/ +/);
        assert.deepEqual(
          heads,
          fitted.map(({ column }) => column.head),
        );
      },
    ),
  );
});

test('a name is whole up to 16 cells before any other column is shown', () => {
  const rows = [{ name: 'sixteen-cells-16', count: 1 }];
  const shown = (width: number): string => textOf(rowLine(fitColumns(COLUMNS, width, rows), rows[0] as Item));
  assert.equal(shown(23), 'sixteen-cells-16      1');
  assert.equal(shown(27), 'sixteen-cells-16          1', 'not enough for one more column');
  assert.equal(shown(28), 'sixteen-cells-16      1 yes ');
  assert.equal(shown(34), 'sixteen-cells-16 here       1 yes ');
});

test('the column that the list is sorted by is marked in its head', () => {
  const fitted = fitColumns(COLUMNS, 40, []);
  assert.match(textOf(headLine(fitted, { sort: 'count', descending: true })), / count▼ /);
  assert.match(textOf(headLine(fitted, { sort: 'name', descending: false })), /^name▲/);
});

test('lists and log have column heads at every width, and whole names', async (t) => {
  const engine = new FakeEngine({
    ...busyEngine(),
    peers: [samplePeer('machine-room-011'), samplePeer('away-machine-022', { state: 'away' })],
    queues: [sampleQueue('q', { peerName: 'press-31', type: 'order' })],
  });
  const screen = await openScreen({ engine, columns: 120, rows: 24 });
  t.after(() => screen.close());
  await screen.press('alt-1');
  for (const [pane, heads] of [
    ['1', /name▲ .*rate/],
    ['2', /queue .*depth▼ .*drain/],
    ['3', /time .*peer .*text .*outcome/],
  ] as const) {
    await screen.press(`alt-${pane}`);
    for (const columns of [40, 58, 79, 80, 100, 119, 120, 160, 200]) {
      await screen.resize(columns, 24);
      assert.match(screen.text(), heads, `${pane} at ${columns}`);
      if (pane === '1') assert.match(screen.text(), /machine-room-011 .*\n.*away-machine-022 /, `${columns}`);
      if (pane === '2') assert.match(screen.text(), /press-31 · order /, `${columns}`);
    }
  }
});
