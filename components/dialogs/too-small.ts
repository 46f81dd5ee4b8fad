import type { Size } from '../host.ts';
import { SMALLEST } from '../layout.ts';
import { trusted } from '../terminal/sanitize.ts';
import { wrap } from '../terminal/width.ts';
import { fit, type Line, span } from '../widgets/line.ts';

/** The notice on a screen that is too small for aioc. It never exceeds the screen. */
export function tooSmallLines({ columns, rows }: Size): readonly Line[] {
  const texts = [
    `${columns}x${rows} is too small`,
    `aioc needs ${SMALLEST.columns}x${SMALLEST.rows}`,
    'Ctrl-C twice to quit',
  ];
  const lines = texts.flatMap((text) => wrap(trusted(text), Math.max(1, columns)));
  return lines.slice(0, Math.max(1, rows)).map((line) => fit([span(line)], columns));
}
