import type { Size } from '../host.ts';
import type { SafeText } from '../terminal/sanitize.ts';
import type { Tone } from '../themes/tokens.ts';
import { type Block, framed } from '../widgets/frame.ts';
import { type Line, lineWidth, plain } from '../widgets/line.ts';
import type { PromptPlace } from '../widgets/prompt-input.tsx';

/** A dialog, drawn, at its place over the panes. */
export interface Overlay extends Block {
  readonly row: number;
  readonly column: number;
}

export interface DialogContent {
  readonly title: SafeText;
  readonly lines: readonly Line[];
  readonly note?: Line;
  /** Where the user types, counted from the first line of `lines`. */
  readonly prompt?: PromptPlace;
  readonly border?: Tone;
  /** Cells for the content; by default as many as the widest line takes. */
  readonly width?: number;
}

/** Of the dialogs that ask. */
export const QUESTION_WIDTH = 58;

/** The widest content that a dialog can have on this screen. */
export function dialogWidth(size: Size, wanted: number): number {
  return Math.max(10, Math.min(wanted, size.columns - 6));
}

export function dialogHeight(size: Size, wanted: number): number {
  return Math.max(1, Math.min(wanted, size.rows - 4));
}

/** A framed box in the middle of the screen, never larger than it. */
export function centred(content: DialogContent, size: Size): Overlay {
  const titleWidth = lineWidth([plain(content.title)]);
  const natural = Math.max(titleWidth + 4, ...content.lines.map((line) => lineWidth(line)));
  const width = Math.min(size.columns, dialogWidth(size, content.width ?? natural) + 4);
  const height = Math.min(size.rows, content.lines.length + 2);
  const block = framed(
    { lines: content.lines, ...(content.prompt && { prompt: content.prompt }) },
    {
      width,
      height,
      title: [{ text: content.title, tone: 'strong' }],
      border: content.border ?? 'focus',
      ...(content.note === undefined ? {} : { note: content.note }),
    },
  );
  return {
    ...block,
    row: Math.floor((size.rows - height) / 2),
    column: Math.floor((size.columns - width) / 2),
  };
}
