/** A text that scrolls. */
import type { UiContext } from '../control/ui-context.ts';
import { chordOf } from '../keys/chord.ts';
import type { KeyContext } from '../keys/key-context.ts';
import { type SafeText, safe, sanitize, trusted } from '../terminal/sanitize.ts';
import { type Line, lineWidth, span, wrapLine } from '../widgets/line.ts';
import { closeDialog, type DialogDefinition, showDialog } from './dialog.ts';
import { centred, dialogHeight, dialogWidth } from './dialog-box.ts';
import { CLOSE_HINT } from './list-box.ts';
import { scrolled } from './scrolled.ts';

interface Detail {
  readonly kind: 'detail';
  readonly title: SafeText;
  /** The text for a width; the terminal may change its size. */
  readonly linesAt: LinesAt;
  /** From one edge of the screen to the other. */
  readonly isWide: boolean;
  /** Lines scrolled out at the top. */
  readonly top: number;
}

type LinesAt = (width: number) => readonly Line[];

const DETAIL_WIDTH = 100;
const DETAIL_WIDTH_MIN = 40;
/** Lines to copy are not cut in two. */
const UNWRAPPED_WIDTH = 10_000;

/** Shows texts in a dialog, each as a paragraph. */
export function showDetail(control: UiContext, title: SafeText, texts: readonly SafeText[]): void {
  showLines(
    control,
    title,
    texts.map((text) => [span(text)]),
  );
}

/** Shows lines with tones, or those for the width that there is. Longer ones are wrapped. */
export function showLines(control: UiContext, title: SafeText, lines: readonly Line[] | LinesAt): void {
  show(control, { title, linesAt: typeof lines === 'function' ? lines : () => lines, isWide: false });
}

/**
 * Shows texts to be copied with the mouse. Terminals select whole rows, so nothing of the panes is beside the texts but
 * their frames.
 */
export function showToCopy(control: UiContext, title: SafeText, texts: readonly SafeText[]): void {
  const lines = texts.map((text): Line => [span(text)]);
  show(control, { title, linesAt: () => lines, isWide: true });
}

/** To the clipboard if the user has allowed that, else bare on the screen, for the terminal's own selection. */
export function copyText(control: UiContext, title: SafeText, lines: readonly SafeText[]): void {
  if (!control.ui().clipboard) return showToCopy(control, title, lines);
  control.host.copy(lines.join('\n'));
  control.toast('good', trusted('Sent to the clipboard (if the terminal allows it).'));
}

function show(control: UiContext, text: Pick<Detail, 'title' | 'linesAt' | 'isWide'>): void {
  showDialog<Detail>(control, { ...text, kind: 'detail', top: 0 });
}

/** The last width of each text: a long one is not wrapped again for each frame. */
const WRAPPED = new WeakMap<LinesAt, { readonly width: number; readonly lines: readonly Line[] }>();

function wrappedLines(dialog: Detail, context: KeyContext): readonly Line[] {
  const width = widthOf(dialog, context);
  const known = WRAPPED.get(dialog.linesAt);
  if (known?.width === width) return known.lines;
  const lines = dialog.linesAt(width).flatMap((line) => wrapLine(line, width));
  WRAPPED.set(dialog.linesAt, { width, lines });
  return lines;
}

function widthOf({ isWide }: Pick<Detail, 'isWide'>, context: KeyContext): number {
  return isWide ? dialogWidth(context.ui.size, context.ui.size.columns) : detailWidth(context);
}

function detailWidth({ ui }: KeyContext): number {
  return dialogWidth(ui.size, DETAIL_WIDTH);
}

export const detailDialog: DialogDefinition<Detail> = {
  kind: 'detail',
  hints: [['↑ ↓ PgUp PgDn', 'scroll'], ['y', 'copy'], ['s', 'save'], CLOSE_HINT],

  draw(dialog, context) {
    const { title, isWide } = dialog;
    const lines = wrappedLines(dialog, context);
    // Hidden lines count too, so that the box keeps its width while you scroll.
    const widest = Math.max(DETAIL_WIDTH_MIN, ...lines.map(lineWidth));
    const most = widthOf({ isWide }, context);
    const width = isWide ? most : Math.min(most, widest);
    const rows = rowsOf(context);
    const top = Math.max(0, Math.min(dialog.top, lines.length - rows));
    const last = Math.min(lines.length, top + rows);
    const note = lines.length > rows ? [span(safe`${top + 1}–${last} of ${lines.length}`)] : [];
    return centred({ title, width, lines: lines.slice(top, last), note }, context.ui.size);
  },

  press(key, dialog, { control }) {
    const rows = rowsOf(control.context());
    const chord = chordOf(key);
    if (chord === 'q' || chord === 'enter') return closeDialog(control);
    if (chord === 'y')
      return copyText(control, dialog.title, dialog.linesAt(UNWRAPPED_WIDTH).map(textOfLine));
    if (chord === 's') return saveShown(control, dialog.linesAt(UNWRAPPED_WIDTH).map(textOfLine));
    const top = scrolled(chord, dialog.top, {
      count: wrappedLines(dialog, control.context()).length,
      rows,
    });
    if (top !== undefined) showDialog(control, { ...dialog, top });
  },
};

/** Into a new file of the working directory. */
export function saveShown(control: UiContext, lines: readonly SafeText[]): void {
  control.local.saveText(`${lines.join('\n')}\n`, 'text').then(
    (path) => control.toast('good', safe`Saved as ${sanitize(path)}`),
    (error: unknown) =>
      control.toast(
        'bad',
        safe`Not saved: ${sanitize(error instanceof Error ? error.message : 'unknown reason')}`,
      ),
  );
}

/** Without the blanks that fill it. */
function textOfLine(line: Line): SafeText {
  return trusted(
    line
      .map(({ text }) => text)
      .join('')
      .trimEnd(),
  );
}

/** Visible lines. */
function rowsOf({ ui }: KeyContext): number {
  return Math.max(1, dialogHeight(ui.size, 100));
}
