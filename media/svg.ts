import type { IBufferCell, IBufferLine, Terminal } from '@xterm/headless';
import { boxGlyph, canStretch, n } from './box-glyphs.ts';
import { BACKGROUND, cellColours, FOREGROUND } from './palette.ts';

const FONT_SIZE = 14;
/** What most monospaced fonts have at this size; text is stretched to it where a font is different. */
const CELL_WIDTH = 8.43;
const CELL_HEIGHT = 18;
const BASELINE = 13.5;
const PADDING = 14;
const TITLE_HEIGHT = 34;
const FONTS = `ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace`;
const TITLE_COLOUR = '#8b93a5';
const DOT_COLOUR = '#343a47';
const FRAME_COLOUR = '#2b303b';
/** Glyphs that every font has in its own width. Any other stands alone, so that it can't push its neighbours. */
const PLAIN = /^[!-~\u00a1-\u00ac\u00ae-\u017f]$/;

export interface SvgOptions {
  /** Shown in the window's frame, and read out where a picture can't be seen. */
  readonly title: string;
}

/** What is drawn of one cell, or of several side by side that look alike. */
interface Run {
  text: string;
  columns: number;
  readonly column: number;
  readonly look: Look;
}

interface Look {
  readonly colour: string;
  readonly background: string | undefined;
  readonly bold: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly strike: boolean;
}

/** The screen of a terminal as an SVG that needs nothing else: no font, no script, no style sheet from elsewhere. */
export function renderSvg(terminal: Terminal, { title }: SvgOptions): string {
  const width = terminal.cols * CELL_WIDTH + 2 * PADDING;
  const height = TITLE_HEIGHT + terminal.rows * CELL_HEIGHT + PADDING;
  const buffer = terminal.buffer.active;
  const rows = Array.from({ length: terminal.rows }, (_, row) => {
    const line = buffer.getLine(buffer.baseY + row);
    return line === undefined ? '' : rowShapes(line, terminal.cols, TITLE_HEIGHT + row * CELL_HEIGHT);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${n(width)} ${n(height)}" width="${n(width)}" height="${n(height)}" role="img" aria-label="${escaped(title)}">`,
    `<title>${escaped(title)}</title>`,
    `<style>text{font-family:${FONTS};font-size:${FONT_SIZE}px;fill:${FOREGROUND}}.b{font-weight:bold}.i{font-style:italic}</style>`,
    windowFrame(width, height, title),
    ...rows.filter((row) => row !== ''),
    '</svg>',
    '',
  ].join('\n');
}

function windowFrame(width: number, height: number, title: string): string {
  const dots = [0, 1, 2].map(
    (dot) => `<circle cx="${20 + dot * 18}" cy="${TITLE_HEIGHT / 2}" r="5" fill="${DOT_COLOUR}"/>`,
  );
  return [
    `<rect x="0.5" y="0.5" width="${n(width - 1)}" height="${n(height - 1)}" rx="9" fill="${BACKGROUND}" stroke="${FRAME_COLOUR}"/>`,
    ...dots,
    `<text x="${n(width / 2)}" y="${TITLE_HEIGHT / 2 + 4.5}" text-anchor="middle" style="font-size:12.5px;fill:${TITLE_COLOUR}">${escaped(title)}</text>`,
  ].join('');
}

function rowShapes(line: IBufferLine, columns: number, y: number): string {
  const runs = rowRuns(line, columns);
  const inks = runs.filter((run) => run.text.trim() !== '');
  return [
    ...merged(runs, ({ look }) => look.background).map(({ x, width, colour }) =>
      // A hair wider and higher than its cells, or the ground would shine through between two.
      rect(x, y, width + 0.3, CELL_HEIGHT + 0.3, colour),
    ),
    ...inks.map((run) => runShape(run, y)),
    ...merged(runs, ({ look }) => (look.underline ? look.colour : undefined)).map(({ x, width, colour }) =>
      rect(x, y + BASELINE + 2, width, 1, colour),
    ),
    ...merged(runs, ({ look }) => (look.strike ? look.colour : undefined)).map(({ x, width, colour }) =>
      rect(x, y + BASELINE - 4, width, 1, colour),
    ),
  ].join('');
}

function rowRuns(line: IBufferLine, columns: number): Run[] {
  const runs: Run[] = [];
  let open: Run | undefined;
  for (let column = 0; column < columns; column += 1) {
    const cell = line.getCell(column);
    // The second half of a wide character has no width of its own.
    if (cell === undefined || cell.getWidth() === 0) continue;
    const text = cell.isInvisible() !== 0 ? ' ' : cell.getChars() || ' ';
    const look = lookOf(cell);
    if (open !== undefined && joins(open, text) && isAlike(open.look, look)) {
      open.text += text;
      open.columns += cell.getWidth();
    } else {
      open = { text, columns: cell.getWidth(), column, look };
      runs.push(open);
    }
  }
  return runs;
}

/** Whether a character may continue a run: a text with single blanks in it, blanks alone, or one shape over all. */
function joins(run: Run, text: string): boolean {
  const last = run.text.slice(-1);
  if (text === ' ') return last === ' ' ? run.text.trim() === '' : PLAIN.test(last);
  if (PLAIN.test(text)) return PLAIN.test(last) || (last === ' ' && run.text.trim() !== '');
  return canStretch(text) && run.text[0] === text;
}

function lookOf(cell: IBufferCell): Look {
  const { foreground, background } = cellColours(cell);
  return {
    colour: foreground,
    background,
    bold: cell.isBold() !== 0,
    italic: cell.isItalic() !== 0,
    underline: cell.isUnderline() !== 0,
    strike: cell.isStrikethrough() !== 0,
  };
}

function isAlike(one: Look, other: Look): boolean {
  return (Object.keys(one) as (keyof Look)[]).every((key) => one[key] === other[key]);
}

function runShape({ text, columns, column, look }: Run, y: number): string {
  const x = PADDING + column * CELL_WIDTH;
  const glyph = [...text][0] ?? '';
  const width = columns * CELL_WIDTH;
  const shape = boxGlyph(glyph, { x, y, width, height: CELL_HEIGHT, colour: look.colour });
  if (shape !== undefined) return shape;
  const shown = text.trimEnd();
  const shownWidth = width - (text.length - shown.length) * CELL_WIDTH;
  const classes = [look.bold ? 'b' : '', look.italic ? 'i' : ''].join(' ').trim();
  return [
    `<text x="${n(x)}" y="${n(y + BASELINE)}" textLength="${n(shownWidth)}" lengthAdjust="spacingAndGlyphs"`,
    classes === '' ? '' : ` class="${classes}"`,
    look.colour === FOREGROUND ? '' : ` style="fill:${look.colour}"`,
    `>${escaped(shown)}</text>`,
  ].join('');
}

interface Stripe {
  readonly x: number;
  width: number;
  readonly colour: string;
}

/** The stripes that neighbours of one colour make together. */
function merged(runs: readonly Run[], colourOf: (run: Run) => string | undefined): Stripe[] {
  const stripes: Stripe[] = [];
  let end = -1;
  for (const run of runs) {
    const colour = colourOf(run);
    const last = stripes.at(-1);
    if (colour !== undefined) {
      const width = run.columns * CELL_WIDTH;
      if (last !== undefined && end === run.column && last.colour === colour) last.width += width;
      else stripes.push({ x: PADDING + run.column * CELL_WIDTH, width, colour });
      end = run.column + run.columns;
    }
  }
  return stripes;
}

function rect(x: number, y: number, width: number, height: number, colour: string): string {
  return `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" fill="${colour}"/>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
