/** A line of the chat that has several lines, while it is written. */
import { type SafeText, sanitize } from '../terminal/sanitize.ts';
import { clip, graphemes, textWidth } from '../terminal/width.ts';
import type { LineEditor } from '../widgets/line-editor.ts';

export interface Draft {
  readonly lines: readonly SafeText[];
  readonly cursor: { readonly row: number; readonly column: number };
}

/** The lines around the cursor, at most `rows` of them; the one with the cursor is scrolled to it. */
export function draftRows(
  { text, textBeforeCursor }: Pick<LineEditor, 'text' | 'textBeforeCursor'>,
  { width, rows }: { readonly width: number; readonly rows: number },
): Draft {
  const all = text.split('\n');
  const before = textBeforeCursor.split('\n');
  const row = before.length - 1;
  const head = endOf(before.at(-1) ?? '', width - 1);
  const tail = (all[row] ?? '').slice((before.at(-1) ?? '').length);
  const top = Math.max(0, Math.min(row - Math.floor(rows / 2), all.length - rows));
  const lines = all
    .slice(top, top + rows)
    .map((line, at) => clip(sanitize(top + at === row ? head + tail : line), width));
  return { lines, cursor: { row: row - top, column: textWidth(sanitize(head)) } };
}

/** As much of the end as fits. */
function endOf(text: string, width: number): string {
  let left = textWidth(sanitize(text)) - width;
  if (left <= 0) return text;
  const parts = graphemes(text);
  let from = 0;
  for (; from < parts.length && left > 0; from += 1) left -= textWidth(sanitize(parts[from] ?? ''));
  return parts.slice(from).join('');
}
