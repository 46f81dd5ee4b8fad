import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import fc from 'fast-check';
import { ScreenWriter } from '../../../components/terminal/screen-writer.ts';
import { graphemes, textWidth } from '../../../components/terminal/width.ts';
import { ManualClock } from '../../helpers/terminal-clock.ts';
import { XtermScreen } from '../../helpers/xterm-screen.ts';

class FakeOutput extends EventEmitter {
  columns = 20;
  rows = 5;
  accepts = true;
  readonly written: string[] = [];

  write(text: string): boolean {
    this.written.push(text);
    return this.accepts;
  }

  take(): string {
    return this.written.splice(0).join('');
  }
}

function setUp(options: { columns?: number; rows?: number; color?: boolean } = {}) {
  const { columns = 20, rows = 5, color = true } = options;
  const output = new FakeOutput();
  Object.assign(output, { columns, rows });
  const clock = new ManualClock();
  const writer = new ScreenWriter({ output, clock, appearance: { colour: color, unicode: true } });
  return { output, clock, writer, screen: new XtermScreen(columns, rows) };
}

/** Everything that is due at this moment has been painted. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test('the first frame is painted at once, whole, and inside a synchronized update', async () => {
  const { output, writer, screen } = setUp();
  writer.write('hello\nworld');
  await settled();
  const bytes = output.take();
  assert.match(bytes, /^\x1b\[\?2026h\x1b\[\?7l\x1b\[m\x1b\[2J.*\x1b\[\?25l\x1b\[\?2026l$/s);
  assert.doesNotMatch(bytes, /\n/);
  await screen.write(bytes);
  assert.deepEqual(screen.rows(), ['hello', 'world', '', '', '']);
});

test('an unchanged frame costs nothing, a changed minute less than 40 bytes', async () => {
  const { output, clock, writer } = setUp({ columns: 120, rows: 40 });
  const frame = (time: string) => `\x1b[1m aioc${' '.repeat(100)}${time}\x1b[22m\n${'│ row\n'.repeat(38)}end`;
  writer.setCursor({ row: 38, column: 10 });
  writer.write(frame('14:02'));
  await settled();
  output.take();
  clock.run(1000);
  writer.write(frame('14:02'));
  writer.write(frame('14:02').replaceAll('\x1b[22m', '\x1b[0m'));
  await settled();
  assert.equal(output.take(), '');
  clock.run(1000);
  writer.write(frame('14:03'));
  await settled();
  const bytes = output.take();
  assert.ok(bytes.length > 0 && Buffer.byteLength(bytes) < 40, `${Buffer.byteLength(bytes)} bytes`);
});

test('frames that come fast are painted every 10 ms, the newest only', async () => {
  const { output, clock, writer, screen } = setUp();
  for (let count = 0; count < 100; count += 1) {
    writer.write(`frame ${count}`);
    await settled();
    clock.run(3);
  }
  clock.run(10);
  assert.ok(output.written.length <= 31, `${output.written.length} paints in 300 ms`);
  assert.ok(output.written.length >= 25, 'and a key does not wait longer behind them');
  await screen.write(output.take());
  assert.equal(screen.rows()[0], 'frame 99');
  assert.equal(clock.waiting, 0);
});

test('a terminal that does not take bytes gets one newest frame when it does', async () => {
  const { output, clock, writer, screen } = setUp();
  output.accepts = false;
  writer.write('first');
  await settled();
  for (let count = 0; count < 50; count += 1) {
    writer.write(`later ${count}`);
    clock.run(50);
  }
  writer.flush();
  await settled();
  assert.equal(output.written.length, 1);
  output.accepts = true;
  output.emit('drain');
  await settled();
  assert.equal(output.written.length, 2);
  await screen.write(output.take());
  assert.equal(screen.rows()[0], 'later 49');
});

test('a resize clears, and draws everything in the new size', async () => {
  const { output, clock, writer, screen } = setUp();
  writer.on('resize', () => writer.write(`${'x'.repeat(writer.columns)}\nnew`));
  writer.write(`${'x'.repeat(20)}\nold`);
  await settled();
  await screen.write(output.take());
  screen.terminal.resize(12, 3);
  Object.assign(output, { columns: 12, rows: 3 });
  output.emit('resize');
  clock.run(10);
  const bytes = output.take();
  assert.match(bytes, /\x1b\[2J/);
  await screen.write(bytes);
  assert.deepEqual(screen.rows(), ['x'.repeat(12), 'new', '']);
});

test('repaint repairs a screen that something else has written on', async () => {
  const { output, clock, writer, screen } = setUp();
  writer.write('mine');
  await settled();
  await screen.write(output.take());
  await screen.write('\x1b[1;1Hrubbish\n\n\nrubbish');
  writer.repaint();
  clock.run(10);
  await screen.write(output.take());
  assert.deepEqual(screen.rows(), ['mine', '', '', '', '']);
});

test('the cursor is painted with its frame, moves alone, and is hidden again', async () => {
  const { output, clock, writer, screen } = setUp();
  writer.write('> ab');
  writer.setCursor({ row: 0, column: 4 });
  await settled();
  assert.equal(output.written.length, 1);
  await screen.write(output.take());
  assert.deepEqual(screen.cursor, { row: 0, column: 4 });
  clock.run(10);
  writer.setCursor({ row: 0, column: 3 });
  await settled();
  assert.equal(output.take(), '\x1b[1;4H');
  clock.run(10);
  writer.setCursor({ row: 0, column: 3 });
  writer.write('> ab\nelsewhere');
  await settled();
  await screen.write(output.take());
  assert.deepEqual(screen.cursor, { row: 0, column: 3 });
  clock.run(10);
  writer.setCursor(undefined);
  await settled();
  assert.equal(output.take(), '\x1b[?25l');
});

test('a frame larger than the screen is cut, also through a wide character', async () => {
  const { output, writer, screen } = setUp({ columns: 5, rows: 2 });
  writer.write('abcdefgh\nab日本\nthird');
  await settled();
  await screen.write(output.take());
  assert.deepEqual(screen.rows(), ['abcde', 'ab日']);
});

test('without colour bold and inverse stay', async () => {
  const { output, writer, screen } = setUp({ color: false });
  writer.write('\x1b[1;31;44mred\x1b[0m \x1b[7m\x1b[38;2;1;2;3minv\x1b[39m\x1b[27m \x1b[38;5;9mx');
  await settled();
  const bytes = output.take();
  assert.doesNotMatch(bytes, /\x1b\[[0-9;]*(3[0-9]|4[0-9])[0-9;]*m/);
  await screen.write(bytes);
  assert.equal(screen.rows()[0], 'red inv x');
  assert.ok(screen.cell(0, 0)?.isBold());
  assert.ok(screen.cell(0, 4)?.isInverse());
  assert.ok(screen.cell(0, 0)?.isFgDefault());
});

test('what Ink writes besides frames is ignored, and after stop everything', async () => {
  const { output, clock, writer } = setUp();
  writer.write('frame');
  await settled();
  output.take();
  clock.run(10);
  for (const text of ['', '\n', '\x1b[?25h', '\x1b[?2026h', '\x1b[2K\x1b[1A\x1b[2K\x1b[G'])
    writer.write(text);
  await new Promise<void>((resolve) => writer.write('', resolve));
  assert.equal(output.take(), '');
  writer.write('next');
  writer.stop();
  writer.write('after');
  writer.repaint();
  output.emit('resize');
  clock.run(100);
  await settled();
  assert.equal(output.take(), '');
});

test('what follows an emoji stands where it should, however wide the terminal draws it', async () => {
  // This terminal's tables draw most emoji in one column, and the parts of a cluster side by side.
  for (const emoji of ['😀', '👍🏽', '👨‍👩‍👧', '☕', '🇩🇪']) {
    const { output, clock, writer, screen } = setUp();
    writer.write(`${'#'.repeat(18)}|\n`);
    await settled();
    clock.run(10);
    writer.write(`ab${emoji}cd   ${'='.repeat(9)}|\n`);
    await settled();
    await screen.write(output.take());
    const row = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => screen.cell(0, from + index)?.getChars() || ' ').join(
        '',
      );
    assert.equal(row(4, 19), `cd   ${'='.repeat(9)}|`, emoji);
    assert.equal(row(0, 2), 'ab');
    clock.run(10);
    writer.write(`abXYcd   ${'='.repeat(9)}|\n`);
    await settled();
    await screen.write(output.take());
    assert.equal(screen.rows()[0], `abXYcd   ${'='.repeat(9)}|`);
  }
});

const style = fc.constantFrom(
  '',
  '\x1b[1m',
  '\x1b[31m',
  '\x1b[7m',
  '\x1b[48;5;4m',
  '\x1b[0m',
  '\x1b[2;4;38;2;9;8;7m',
  '\x1b[22m',
);
const piece = fc.constantFrom(
  'a',
  'b',
  ' ',
  '    ',
  '──',
  '日',
  '本語',
  'é',
  'e\u0301',
  '│',
  'xyz',
  '          ',
);
const line = fc.array(fc.tuple(style, piece), { maxLength: 8 }).map((parts) => parts.flat().join(''));
const frames = fc.array(
  fc.array(line, { maxLength: 5 }).map((lines) => `.${lines.join('\n')}`),
  { minLength: 1, maxLength: 8 },
);

test('after any sequence of frames and sizes the screen is what the last frame alone would draw', async () => {
  const size = fc.tuple(fc.integer({ min: 3, max: 25 }), fc.integer({ min: 1, max: 6 }));
  await fc.assert(
    fc.asyncProperty(
      frames,
      fc.array(fc.option(size, { freq: 4, nil: undefined }), { maxLength: 8 }),
      async (all, sizes) => {
        const { output, clock, writer, screen } = setUp();
        for (const [index, frame] of all.entries()) {
          const newSize = sizes[index];
          if (newSize !== undefined) {
            screen.terminal.resize(...newSize);
            Object.assign(output, { columns: newSize[0], rows: newSize[1] });
            output.emit('resize');
          }
          writer.write(frame);
          clock.run(40);
          await settled();
          await screen.write(output.take());
        }
        assert.deepEqual(cellsOf(screen), await expectedCells(all.at(-1) ?? '', output));
      },
    ),
    { numRuns: 150 },
  );
});

/** The frame drawn the simplest way: each line at its row, on an empty screen. */
async function expectedCells(frame: string, size: { columns: number; rows: number }): Promise<string[]> {
  const screen = new XtermScreen(size.columns, size.rows);
  await screen.write('\x1b[?7l');
  for (const [row, text] of frame.split('\n').slice(0, size.rows).entries())
    await screen.write(`\x1b[${row + 1};1H\x1b[m${cut(text, size.columns)}\x1b[m`);
  return cellsOf(screen);
}

/** Without this a terminal overwrites its last column with what did not fit. */
function cut(text: string, columns: number): string {
  let used = 0;
  let kept = '';
  for (const [part] of text.matchAll(/\x1b\[[0-9;]*m|[^\x1b]+/g)) {
    if (part.startsWith('\x1b')) {
      kept += part;
      continue;
    }
    for (const grapheme of graphemes(part)) {
      used += textWidth(grapheme);
      if (used > columns) return kept;
      kept += grapheme;
    }
  }
  return kept;
}

function cellsOf(screen: XtermScreen): string[] {
  const all: string[] = [];
  for (let row = 0; row < screen.terminal.rows; row += 1)
    for (let column = 0; column < screen.terminal.cols; column += 1) {
      const cell = screen.cell(row, column);
      const looks = [cell?.isBold(), cell?.isDim(), cell?.isUnderline(), cell?.isInverse()]
        .map(Number)
        .join('');
      const text = cell?.getChars() || (cell?.getWidth() === 0 ? '' : ' ');
      all.push(`${row},${column} '${text}' ${looks} ${cell?.getFgColor()} ${cell?.getBgColor()}`);
    }
  return all;
}
