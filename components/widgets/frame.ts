import type { Cell } from '../host.ts';
import type { Tone } from '../themes/tokens.ts';
import { fit, type Line, lineWidth, plain } from './line.ts';
import type { PromptPlace } from './prompt-input.tsx';

/** The content of a rectangle, and where in it the user types. */
export interface Block {
  readonly lines: readonly Line[];
  readonly cursor?: Cell;
  /** The place of a prompt, instead of a cursor. */
  readonly prompt?: PromptPlace;
}

export interface FrameOptions {
  readonly width: number;
  readonly height: number;
  /** At the left of the upper border. */
  readonly title: Line;
  /** At the right of the upper border; left out when there is no room. */
  readonly note?: Line;
  readonly border: Tone;
}

/** How many cells a frame leaves for its content: one border and one blank at each side. */
export function innerWidth(width: number): number {
  return Math.max(0, width - 4);
}

export function innerHeight(height: number): number {
  return Math.max(0, height - 2);
}

/** A rounded box around `body`, in exactly `width` by `height` cells. */
export function framed(body: Block, options: FrameOptions): Block {
  const { width, height, border } = options;
  const inner = innerWidth(width);
  const rows = Array.from({ length: innerHeight(height) }, (_, index) =>
    betweenBorders(body.lines[index] ?? NO_LINE, inner, border),
  );
  const lines = [topBorder(options), ...rows, bottomBorder(width, border)];
  const { cursor, prompt } = body;
  return {
    lines,
    ...(cursor && { cursor: { row: cursor.row + 1, column: cursor.column + 2 } }),
    ...(prompt && { prompt: { ...prompt, row: prompt.row + 1, column: prompt.column + 2 } }),
  };
}

const NO_LINE: Line = [];
/** By width and border, by the line between the borders. */
const FRAMED = new WeakMap<Line, Map<string, Line>>();

/** The same object for the same line, so that a row that has not changed is not drawn again. */
function betweenBorders(line: Line, inner: number, border: Tone): Line {
  const key = `${inner} ${border}`;
  const known = FRAMED.get(line)?.get(key);
  if (known !== undefined) return known;
  const framedLine = [plain('│', border), plain(' '), ...fit(line, inner), plain(' '), plain('│', border)];
  const byKey = FRAMED.get(line) ?? new Map<string, Line>();
  FRAMED.set(line, byKey.set(key, framedLine));
  return framedLine;
}

/** By width and tone: as many as there are sizes of panes. */
const BOTTOMS = new Map<string, Line>();

function bottomBorder(width: number, border: Tone): Line {
  const key = `${width} ${border}`;
  const known = BOTTOMS.get(key) ?? [plain(`╰${'─'.repeat(Math.max(0, width - 2))}╯`, border)];
  BOTTOMS.set(key, known);
  return known;
}

function topBorder({ width, title, note, border }: FrameOptions): Line {
  const titleWidth = Math.min(lineWidth(title), Math.max(0, width - 5));
  const noteWidth = note === undefined || note.length === 0 ? 0 : lineWidth(note) + 3;
  const withNote = noteWidth > 0 && titleWidth + noteWidth + 6 <= width;
  const dashes = width - 4 - titleWidth - (withNote ? noteWidth : 0);
  return [
    plain('╭ ', border),
    ...fit(title, titleWidth),
    plain(` ${'─'.repeat(Math.max(0, dashes))}`, border),
    ...(withNote ? [plain(' ', border), ...(note as Line), plain(' ─', border)] : []),
    plain('╮', border),
  ];
}
