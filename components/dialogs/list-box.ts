/** A dialog with a list: a prompt that filters it, and the entries that match. */

import type { Binding } from '../keys/binding.ts';
import { attempt, typedCommand } from '../keys/dispatcher.ts';
import type { KeyContext } from '../keys/key-context.ts';
import type { OpenDialog } from '../state/ui-state.ts';
import type { Key } from '../terminal/key-event.ts';
import { safe, sanitize, trusted } from '../terminal/sanitize.ts';
import { inTone, type Line, plain, span } from '../widgets/line.ts';
import { closeDialog, type DialogContext, type KeyHint, showDialog } from './dialog.ts';
import { centred, type Overlay } from './dialog-box.ts';

export const PICK_HINT: KeyHint = ['↑ ↓', 'choose'];
export const RUN_HINT: KeyHint = ['Enter', 'run'];
export const CLOSE_HINT: KeyHint = ['Esc', 'close'];

export interface ListDialog extends OpenDialog {
  /** Index of an entry that matches the filter. */
  readonly selected: number;
}

interface ListBox {
  readonly title: string;
  readonly width: number;
  /** Rows for entries. */
  readonly rows: number;
  readonly selected: number;
  /** Entries without the filter. */
  readonly total: number;
}

/** Draws the box; calls `lineOf` only for visible entries. */
export function listBox<Entry>(
  entries: readonly Entry[],
  lineOf: (entry: Entry) => Line,
  { title, width, rows, selected, total, size }: ListBox & { readonly size: KeyContext['ui']['size'] },
): Overlay {
  const top = Math.max(0, Math.min(selected - Math.floor(rows / 2), entries.length - rows));
  const shown = entries
    .slice(top, top + rows)
    .map((entry, index) => (top + index === selected ? chosenLine(lineOf(entry)) : lineOf(entry)));
  const blank: readonly Line[] = Array.from({ length: Math.max(0, rows - shown.length) }, () => []);
  return centred(
    {
      title: trusted(title),
      width,
      lines: [[plain('› ', 'focus')], ...shown, ...blank],
      prompt: { row: 0, column: 2, width: width - 2 },
      note: [span(safe`${entries.length} of ${total}`)],
    },
    size,
  );
}

/** The selected index after a key that moves it; undefined for another key. */
export function movedInList(key: Key, selected: number, count: number): number | undefined {
  const steps: Record<string, number> = { down: 1, up: -1, pagedown: 8, pageup: -8 };
  const step = steps[key.name];
  return step === undefined ? undefined : Math.max(0, Math.min(count - 1, selected + step));
}

/** Moves the selection or runs the selected entry; any other key goes to the prompt. */
export function pressInList(
  key: Key,
  dialog: ListDialog,
  { control, run }: DialogContext,
  bindings: readonly (Binding | undefined)[],
): void {
  const moved = movedInList(key, dialog.selected, bindings.length);
  if (moved !== undefined) return showDialog(control, { ...dialog, selected: moved });
  if (key.name !== 'enter') {
    if (key.text === '?' && control.prompt.text === '') closeDialog(control);
    else control.prompt.press(key);
    return;
  }
  const chosen = bindings[dialog.selected];
  const words = typedCommand(control.prompt.text)?.words;
  closeDialog(control);
  if (chosen === undefined) return control.toast('warn', trusted('No such command.'));
  runChosen(chosen, words, { control, run });
}

function runChosen(
  chosen: Binding,
  words: string | undefined,
  { control, run }: Pick<DialogContext, 'control' | 'run'>,
): void {
  if (chosen.argument === 'peer' && words !== undefined && words !== '') {
    const { peers } = control.data();
    const at = peers?.rows.findIndex(({ name }) => name === words) ?? -1;
    const row = peers?.rows[at];
    if (peers === undefined || row === undefined)
      return control.toast('warn', safe`No peer “${sanitize(words)}” is shown in Peers.`);
    control.change({ kind: 'select', pane: 'peers', id: row.id, index: peers.offset + at });
  }
  const result = attempt(chosen, control.context());
  if (result.kind === 'action') run(result.action, words);
  else control.toast('warn', trusted(result.reason));
}

/** The selected row, marked by a character too, for terminals without colour. */
function chosenLine(line: Line): Line {
  const [first, ...rest] = inTone(line, 'selected');
  if (first === undefined) return line;
  return [plain('›', 'selected'), span(trusted(first.text.slice(1)), 'selected'), ...rest];
}
