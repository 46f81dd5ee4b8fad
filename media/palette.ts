import type { IBufferCell } from '@xterm/headless';

/** A quiet dark theme: the sixteen colours that a program may name, and the ground they stand on. */
export const BACKGROUND = '#12151c';
export const FOREGROUND = '#d6dae3';
const NAMED = [
  '#2a2f3a',
  '#e5737d',
  '#8fc97f',
  '#e3c078',
  '#78aee8',
  '#c493dd',
  '#6cc5cf',
  '#c3c8d3',
  '#6b7383',
  '#f29098',
  '#abdd9c',
  '#f2d698',
  '#9ac6f5',
  '#d8b0ec',
  '#92dbe3',
  '#f2f4f8',
] as const;

/** The steps of xterm's 6x6x6 colour cube. */
const CUBE_LEVELS = [0, 95, 135, 175, 215, 255] as const;
const CUBE_START = 16;
const GREY_START = 232;

/** A colour of xterm's 256 as `#rrggbb`. */
function paletteColour(index: number): string {
  const named = NAMED[index];
  if (named !== undefined) return named;
  if (index >= GREY_START) {
    const level = 8 + 10 * (index - GREY_START);
    return hex([level, level, level]);
  }
  const cube = index - CUBE_START;
  return hex(
    [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((step) => CUBE_LEVELS[step] ?? 0),
  );
}

/** The colours in which a cell is seen; without `background` the ground shows. */
export interface CellColours {
  readonly foreground: string;
  readonly background: string | undefined;
}

/** What a cell's attributes come to: inverse exchanges the colours, dim goes halfway to the ground. */
export function cellColours(cell: IBufferCell): CellColours {
  const ink = ownColour(cell.isFgDefault(), cell.isFgRGB(), cell.getFgColor()) ?? FOREGROUND;
  const ground = ownColour(cell.isBgDefault(), cell.isBgRGB(), cell.getBgColor());
  const inverse = cell.isInverse() !== 0;
  const foreground = inverse ? (ground ?? BACKGROUND) : ink;
  const background = inverse ? ink : ground;
  if (cell.isDim() === 0) return { foreground, background };
  return { foreground: mix(foreground, background ?? BACKGROUND), background };
}

function ownColour(isDefault: boolean, isRgb: boolean, value: number): string | undefined {
  if (isDefault) return undefined;
  return isRgb ? `#${value.toString(16).padStart(6, '0')}` : paletteColour(value);
}

const DIM_SHARE = 0.45;

function mix(colour: string, ground: string): string {
  const [from, to] = [channels(colour), channels(ground)];
  return hex(from.map((value, index) => Math.round(value + ((to[index] ?? 0) - value) * DIM_SHARE)));
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}

function hex(values: readonly number[]): string {
  return `#${values.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
