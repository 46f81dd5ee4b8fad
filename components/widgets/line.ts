import type { SafeText } from '../terminal/sanitize.ts';
import { trusted } from '../terminal/sanitize.ts';
import { clip, graphemes, padEnd, padStart, textWidth, wrap } from '../terminal/width.ts';
import { asciiOf } from '../themes/glyphs.ts';
import type { Tone } from '../themes/tokens.ts';

/** Text of one tone. The type ensures that only safe text is drawn. */
export interface Span {
  readonly text: SafeText;
  readonly tone: Tone;
}

/** One row of the screen, or a part of one. */
export type Line = readonly Span[];

export function span(text: SafeText, tone: Tone = 'plain'): Span {
  return { text, tone };
}

/** A span of our own text. Never use it for outside text. */
export function plain(text: string, tone: Tone = 'plain'): Span {
  return { text: trusted(text), tone };
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, part) => sum + textWidth(part.text), 0);
}

/** The line in exactly `width` cells: cut at the end, or filled with blanks of the tone `fill`. */
export function fit(line: Line, width: number, fill: Tone = 'plain'): Line {
  const fitted: Span[] = [];
  let left = Math.max(0, width);
  for (const part of line) {
    if (left === 0) break;
    const text = textWidth(part.text) > left ? padEnd(clip(part.text, left), left) : part.text;
    fitted.push({ text, tone: part.tone });
    left -= textWidth(text);
  }
  if (left > 0) fitted.push(plain(' '.repeat(left), fill));
  return fitted;
}

/** Both parts at their sides; without room the left part is cut. */
export function spread(left: Line, right: Line, width: number): Line {
  const rightWidth = Math.min(lineWidth(right), width);
  return [...fit(left, width - rightWidth), ...fit(right, rightWidth)];
}

/** The line in lines of at most `width` cells. Only its last span is wrapped; the spans before it make the indent. */
export function wrapLine(line: Line, width: number): readonly Line[] {
  const last = line.at(-1);
  if (last === undefined || lineWidth(line) <= width) return [line];
  const before = line.slice(0, -1);
  const indent = lineWidth(before);
  if (indent * 2 > width)
    return line.flatMap(({ text, tone }) => wrap(text, width).map((part) => [span(part, tone)]));
  return wrap(last.text, width - indent).map((text, index) => [
    ...(index === 0 ? before : [plain(' '.repeat(indent))]),
    span(text, last.tone),
  ]);
}

/** A text of one tone in lines of at most `width` cells. */
export function paragraph(text: SafeText, width: number, tone: Tone): readonly Line[] {
  return wrap(text, width).map((line) => [span(line, tone)]);
}

/** Every span in the same tone: the row under the selection. */
export function inTone(line: Line, tone: Tone): Line {
  return line.map((part) => ({ text: part.text, tone }));
}

export function cellLeft(text: SafeText, width: number, tone: Tone = 'plain'): Span {
  return { text: padEnd(clip(text, width), width), tone };
}

export function cellRight(text: SafeText, width: number, tone: Tone = 'plain'): Span {
  return { text: padStart(clip(text, width), width), tone };
}

/** Each cell in ASCII, so that columns stay where they were. */
export function inAscii(text: SafeText): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return [...graphemes(text)]
    .map((grapheme) => asciiOf(grapheme).repeat(Math.max(1, textWidth(trusted(grapheme)))))
    .join('');
}
