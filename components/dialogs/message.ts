/** A message: what is known of it, its header, and its data as a tree, as text or as bytes. */

import type { UiContext } from '../control/ui-context.ts';
import { chordOf } from '../keys/chord.ts';
import type { KeyContext } from '../keys/key-context.ts';
import { bytesText } from '../state/format.ts';
import type { SafeMessageBody } from '../state/safe-rows.ts';
import type { OpenDialog } from '../state/ui-state.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { hexLines } from '../widgets/hex.ts';
import { jsonTree } from '../widgets/json-tree.ts';
import { type Line, lineWidth, plain, span, wrapLine } from '../widgets/line.ts';
import { copyText, saveShown } from './detail.ts';
import { closeDialog, type DialogDefinition, showDialog } from './dialog.ts';
import { centred, dialogHeight, dialogWidth } from './dialog-box.ts';
import { CLOSE_HINT } from './list-box.ts';
import { scrolled } from './scrolled.ts';

type Form = 'tree' | 'text' | 'hex';

interface MessageDialog extends OpenDialog {
  readonly kind: 'message';
  readonly title: SafeText;
  /** When it came, and what became of it. */
  readonly summary: readonly Line[];
  readonly body: SafeMessageBody;
  /** Absent for data that is not JSON. */
  readonly tree: readonly Line[] | undefined;
  readonly form: Form;
  /** Lines scrolled out at the top. */
  readonly top: number;
}

const WIDTH = 100;

/** @param behind the dialog to come back to */
export function showMessage(
  control: UiContext,
  {
    title,
    summary,
    body,
    behind,
  }: Pick<MessageDialog, 'title' | 'summary' | 'body'> & {
    readonly behind?: OpenDialog | undefined;
  },
): void {
  const tree = body.omittedBytes === 0 ? jsonTree(body.text) : undefined;
  const form = tree !== undefined ? 'tree' : body.isText ? 'text' : 'hex';
  const dialog = { kind: 'message', title, summary, body, tree, form, top: 0 } as const;
  showDialog<MessageDialog>(control, behind === undefined ? dialog : { ...dialog, behind });
}

export const messageDialog: DialogDefinition<MessageDialog> = {
  kind: 'message',
  hints: [['h l', 'tree, text, hex'], ['↑ ↓ PgUp PgDn', 'scroll'], ['y', 'copy'], ['s', 'save'], CLOSE_HINT],

  draw(dialog, context) {
    const width = widthIn(context);
    const rows = rowsIn(context);
    const lines = linesOf(dialog, width);
    const last = Math.min(lines.length, dialog.top + rows);
    const place = lines.length > rows ? [span(safe` · ${dialog.top + 1}–${last} of ${lines.length}`)] : [];
    const shown = lines.slice(dialog.top, last);
    // The box keeps its height from form to form.
    const most = Math.max(...formsOf(dialog).map((form) => linesOf({ ...dialog, form }, width).length));
    const blank = Array.from({ length: Math.min(rows, most) - shown.length }, (): Line => []);
    const note = [...formsLine(dialog), ...place];
    const box = { title: dialog.title, width, lines: [...shown, ...blank] };
    return centred(lineWidth(note) + 8 > width ? box : { ...box, note }, context.ui.size);
  },

  press(key, dialog, { control }) {
    const chord = chordOf(key);
    if (chord === 'q' || chord === 'enter') return closeDialog(control);
    if (chord === 'y') return copyText(control, trusted('To copy'), dialog.body.lines);
    if (chord === 's') return saveShown(control, dialog.body.lines);
    const step = FORM_STEPS[chord];
    if (step !== undefined) {
      const forms = formsOf(dialog);
      const form = forms[(forms.indexOf(dialog.form) + step + forms.length) % forms.length] ?? dialog.form;
      return showDialog(control, { ...dialog, form, top: 0 });
    }
    const context = control.context();
    const count = linesOf(dialog, widthIn(context)).length;
    const top = scrolled(chord, dialog.top, { count, rows: rowsIn(context) });
    if (top !== undefined) showDialog(control, { ...dialog, top });
  },
};

const FORM_STEPS: Readonly<Record<string, number>> = {
  l: 1,
  right: 1,
  tab: 1,
  h: -1,
  left: -1,
  'shift-tab': -1,
};

function formsOf({ tree }: MessageDialog): readonly Form[] {
  return tree === undefined ? ['text', 'hex'] : ['tree', 'text', 'hex'];
}

/** `[tree] text hex` */
function formsLine(dialog: MessageDialog): Line {
  return formsOf(dialog).flatMap((form, index): Line => {
    const gap = index === 0 ? '' : ' ';
    return [plain(gap), form === dialog.form ? plain(`[${form}]`, 'key') : plain(form, 'faint')];
  });
}

function linesOf({ summary, body, tree, form }: MessageDialog, width: number): readonly Line[] {
  const header = body.headerLines.map((line): Line => [span(line, 'faint')]);
  const wrapped = [...summary, ...header, []].flatMap((line) => wrapLine(line, width));
  return [...wrapped, ...dataLines({ body, tree, form }, width), ...restLines(body)];
}

function dataLines(
  { body, tree, form }: Pick<MessageDialog, 'body' | 'tree' | 'form'>,
  width: number,
): readonly Line[] {
  if (form === 'hex') return hexLines(body.bytes, width);
  const lines = form === 'tree' && tree !== undefined ? tree : body.lines.map((line): Line => [span(line)]);
  return lines.flatMap((line) => wrapLine(line, width));
}

function restLines({ omittedBytes, binaryBytes }: SafeMessageBody): readonly Line[] {
  const rest: Line[] = [];
  if (omittedBytes > 0)
    rest.push([span(safe`… and ${bytesText(omittedBytes)} more, not kept for the screen`, 'faint')]);
  if (binaryBytes > 0) rest.push([span(safe`and a binary part of ${bytesText(binaryBytes)}`, 'faint')]);
  return rest;
}

function widthIn({ ui }: KeyContext): number {
  return dialogWidth(ui.size, WIDTH);
}

/** Visible lines. */
function rowsIn({ ui }: KeyContext): number {
  return dialogHeight(ui.size, 100);
}
