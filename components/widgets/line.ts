import type { Appearance } from '../host.ts';
import type { SafeText } from '../terminal/sanitize.ts';
import { trusted } from '../terminal/sanitize.ts';
import { clip, graphemes, padEnd, padStart, textWidth, wrap } from '../terminal/width.ts';
import { asciiOf } from '../themes/glyphs.ts';
import { styleOf, type Tone } from '../themes/tokens.ts';

/** Text of one tone. The type ensures that only safe text is drawn. */
export interface Span {
  readonly text: SafeText;
  readonly tone: Tone;
}

/** One row of the screen, or a part of one. */
export type Line = readonly Span[];

/** A row of the screen with its SGR sequences; only `paint` makes it. */
export type Painted = string & { readonly painted: true };

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

/** The line as the terminal gets it. */
export function paint(line: Line, appearance: Appearance): Painted {
  let painted = '';
  for (let index = 0; index < line.length; index += 1) {
    const part = line[index] as Span;
    let text: string = part.text;
    // Neighbours of one tone share a sequence: bytes on a slow line, and work for Ink.
    while (line[index + 1]?.tone === part.tone) {
      index += 1;
      text += (line[index] as Span).text;
    }
    const style = styleOf(part.tone, appearance.colour);
    const shown = appearance.unicode ? text : inAscii(trusted(text));
    painted += style === '' ? shown : `\u001b[${style}m${shown}\u001b[0m`;
  }
  return painted as Painted;
}

/** Several lines, one under the other. */
export function paintBlock(lines: readonly Line[], appearance: Appearance): Painted {
  return lines.map((line) => paint(line, appearance)).join('\n') as Painted;
}

/** Each cell in ASCII, so that columns stay where they were. */
export function inAscii(text: SafeText): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return [...graphemes(text)]
    .map((grapheme) => asciiOf(grapheme).repeat(Math.max(1, textWidth(trusted(grapheme)))))
    .join('');
}
