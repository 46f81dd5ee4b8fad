import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ScreenFrame } from '../../../components/host.ts';
import { cellsOf } from '../../../components/terminal/cells.ts';
import { FrameBuffer } from '../../../components/terminal/frame-buffer.ts';
import { sanitize } from '../../../components/terminal/sanitize.ts';
import type { ScreenRow } from '../../../components/terminal/screen-row.ts';
import { fit, type Line, lineWidth, plain, span } from '../../../components/widgets/line.ts';

const APPEARANCE = { colour: true, unicode: true };
const SIZE = { columns: 10, rows: 3 };

const textOf = (row: ScreenRow | undefined): string => row?.texts.join('') ?? '';

const frameOf = (...lines: readonly Line[]): ScreenFrame => ({ regions: [{ row: 0, column: 0, lines }] });

test('a line has as many cells as it is wide, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.boolean(), (text, unicode) => {
      const line = [span(sanitize(text), 'warn'), plain(' end', 'good')];
      const { texts, styles } = cellsOf(line, { colour: true, unicode });
      assert.equal(texts.length, lineWidth(line));
      assert.deepEqual(styles.slice(-4), ['32', '32', '32', '32']);
    }),
  );
});

test('a row whose lines are the same objects is neither composed nor compared again', () => {
  const buffer = new FrameBuffer(APPEARANCE);
  const [one, two] = [[plain('one')], [plain('two')]];
  const before = buffer.compose(frameOf(one, two), SIZE);
  assert.deepEqual(buffer.counts, { composed: 3, kept: 0 });
  const after = buffer.compose(frameOf(one, [plain('changed')]), SIZE);
  assert.deepEqual(buffer.counts, { composed: 4, kept: 2 });
  assert.equal(after[0], before[0], 'the same object');
  assert.deepEqual(after.map(textOf), ['one       ', 'changed   ', '          ']);
});

test('what lies over a wide character leaves no half of it', () => {
  const buffer = new FrameBuffer(APPEARANCE);
  const wide = [span(sanitize('日本日本日'))];
  const over = (column: number, text: string): string => {
    const regions = [
      { row: 0, column: 0, lines: [wide] },
      { row: 0, column, lines: [[span(sanitize(text))]] },
    ];
    return textOf(buffer.compose({ regions }, SIZE)[0]);
  };
  assert.equal(over(1, 'xy'), ' xy 日本日');
  assert.equal(over(2, 'xy'), '日xy日本日');
  assert.equal(over(9, '日'), '日本日本  ', 'a character that does not fit whole is left out');
});

test('any frame is exactly as wide as the terminal in every row', () => {
  const texts = fc.string({ unit: 'grapheme', maxLength: 12 });
  const regions = fc.array(
    fc.record({
      row: fc.integer({ min: 0, max: 4 }),
      column: fc.integer({ min: 0, max: 12 }),
      lines: fc.array(
        texts.map((text): Line => [span(sanitize(text))]),
        { maxLength: 4 },
      ),
    }),
    { maxLength: 6 },
  );
  const buffer = new FrameBuffer(APPEARANCE);
  fc.assert(
    fc.property(regions, (all) => {
      for (const row of buffer.compose({ regions: all }, SIZE)) {
        assert.equal(row.texts.length, SIZE.columns);
        assert.equal(row.styles.length, SIZE.columns);
        assert.equal(lineWidth(fit([span(sanitize(row.texts.join('')))], SIZE.columns)), SIZE.columns);
      }
    }),
  );
});
