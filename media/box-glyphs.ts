/**
 * Frames and bars as shapes instead of letters: the fonts of those who look at a picture differ in height, and letters
 * would leave gaps between the rows.
 */

/** The arms of a line character: left, right, up, down; 1 is light, 2 is heavy. */
const LINES: Readonly<Record<string, readonly [number, number, number, number]>> = {
  '─': [1, 1, 0, 0],
  '│': [0, 0, 1, 1],
  '┌': [0, 1, 0, 1],
  '┐': [1, 0, 0, 1],
  '└': [0, 1, 1, 0],
  '┘': [1, 0, 1, 0],
  '├': [0, 1, 1, 1],
  '┤': [1, 0, 1, 1],
  '┬': [1, 1, 0, 1],
  '┴': [1, 1, 1, 0],
  '┼': [1, 1, 1, 1],
  '╴': [1, 0, 0, 0],
  '╶': [0, 1, 0, 0],
  '╵': [0, 0, 1, 0],
  '╷': [0, 0, 0, 1],
  '━': [2, 2, 0, 0],
  '┃': [0, 0, 2, 2],
  '┏': [0, 2, 0, 2],
  '┓': [2, 0, 0, 2],
  '┗': [0, 2, 2, 0],
  '┛': [2, 0, 2, 0],
};

/** Rounded corners by the sides that they join: 1 is right or down, -1 is left or up. */
const CORNERS: Readonly<Record<string, readonly [number, number]>> = {
  '╭': [1, 1],
  '╮': [-1, 1],
  '╰': [1, -1],
  '╯': [-1, -1],
};

/** Filled parts of a cell: left, top, width and height as shares of it, and the opacity. */
const BLOCKS: Readonly<Record<string, readonly [number, number, number, number, number]>> = {
  '▀': [0, 0, 1, 1 / 2, 1],
  '▐': [1 / 2, 0, 1 / 2, 1, 1],
  '▔': [0, 0, 1, 1 / 8, 1],
  '▕': [7 / 8, 0, 1 / 8, 1, 1],
  '░': [0, 0, 1, 1, 0.25],
  '▒': [0, 0, 1, 1, 0.5],
  '▓': [0, 0, 1, 1, 0.75],
  ...Object.fromEntries(
    [...'▁▂▃▄▅▆▇█'].map((glyph, at) => [glyph, [0, (7 - at) / 8, 1, (at + 1) / 8, 1] as const]),
  ),
  ...Object.fromEntries([...'▏▎▍▌▋▊▉'].map((glyph, at) => [glyph, [0, 0, (at + 1) / 8, 1, 1] as const])),
};

const STROKE = 1.1;

export interface CellBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly colour: string;
}

/** Whether several of these side by side are one shape over the width of all. */
export function canStretch(glyph: string): boolean {
  const block = BLOCKS[glyph];
  return glyph === '─' || glyph === '━' || (block !== undefined && block[2] === 1);
}

/** The SVG of a line or block character that fills its cell, or nothing for any other character. */
export function boxGlyph(glyph: string, box: CellBox): string | undefined {
  const block = BLOCKS[glyph];
  if (block !== undefined) return blockShape(block, box);
  const path = linePath(glyph, box);
  if (path === undefined) return undefined;
  const heavy = LINES[glyph]?.includes(2) === true;
  return `<path d="${path}" stroke="${box.colour}" stroke-width="${heavy ? 2 * STROKE : STROKE}" fill="none"/>`;
}

function linePath(glyph: string, { x, y, width, height }: CellBox): string | undefined {
  const [middle, centre] = [x + width / 2, y + height / 2];
  const corner = CORNERS[glyph];
  if (corner !== undefined) {
    const [toSide, toEnd] = corner;
    const radius = width / 2;
    const end = centre + (toEnd * height) / 2;
    return `M${n(middle + toSide * radius)} ${n(centre)}Q${n(middle)} ${n(centre)} ${n(middle)} ${n(centre + toEnd * radius)}V${n(end)}`;
  }
  const arms = LINES[glyph];
  if (arms === undefined) return undefined;
  const ends = [
    [x, centre],
    [x + width, centre],
    [middle, y],
    [middle, y + height],
  ] as const;
  return ends
    .filter((_, index) => arms[index] !== 0)
    .map(([endX, endY]) => `M${n(middle)} ${n(centre)}L${n(endX)} ${n(endY)}`)
    .join('');
}

function blockShape(block: readonly [number, number, number, number, number], box: CellBox): string {
  const [left, top, width, height, opacity] = block;
  const shape = `x="${n(box.x + left * box.width)}" y="${n(box.y + top * box.height)}" width="${n(width * box.width)}" height="${n(height * box.height)}"`;
  return `<rect ${shape} fill="${box.colour}"${opacity === 1 ? '' : ` fill-opacity="${opacity}"`}/>`;
}

/** A number with as many decimals as a picture needs. */
export function n(value: number): string {
  return String(Math.round(value * 100) / 100);
}
