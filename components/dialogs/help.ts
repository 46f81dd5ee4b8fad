/** All keys; typing filters them, Enter runs the selected one. */
import type { UiContext } from '../control/ui-context.ts';
import { whyNot } from '../keys/dispatcher.ts';
import type { KeyContext } from '../keys/key-context.ts';
import { type HelpEntry, helpEntries } from '../keys/key-list.ts';
import { safe, trusted } from '../terminal/sanitize.ts';
import { cellLeft, fit, type Line, plain, span } from '../widgets/line.ts';
import { type DialogDefinition, showDialog } from './dialog.ts';
import { dialogHeight, dialogWidth } from './dialog-box.ts';
import { CLOSE_HINT, type ListDialog, listBox, PICK_HINT, pressInList, RUN_HINT } from './list-box.ts';

interface Help extends ListDialog {
  readonly kind: 'help';
}

const HELP_WIDTH = 92;

export function openHelp(control: UiContext): void {
  control.prompt.open('');
  showDialog<Help>(control, { kind: 'help', selected: 0 });
}

export const helpDialog: DialogDefinition<Help> = {
  kind: 'help',
  hints: [PICK_HINT, RUN_HINT, ['type', 'to filter'], CLOSE_HINT],

  afterTyping: (dialog) => ({ ...dialog, selected: 0 }),

  draw({ selected }, context, typed) {
    const { size } = context.ui;
    const width = dialogWidth(size, HELP_WIDTH);
    const rows = dialogHeight(size, 100) - 1;
    const total = helpEntries(context, '').length;
    return listBox(helpEntries(context, typed), (entry) => fit(helpLine(entry, context, width), width), {
      title: 'Help: keys',
      ...{ width, rows, selected, total, size },
    });
  },

  press(key, dialog, context) {
    const { control } = context;
    const entries = helpEntries(control.context(), control.prompt.text);
    pressInList(
      key,
      dialog,
      context,
      entries.map(({ binding }) => binding),
    );
  },
};

function helpLine({ shown, place, label, binding }: HelpEntry, context: KeyContext, width: number): Line {
  const keys = cellLeft(trusted(` ${shown}`), 11, 'key');
  if (width < 50) return [keys, plain(label)];
  const reason = binding === undefined ? undefined : whyNot(binding, context);
  const text =
    reason === undefined ? plain(label) : span(safe`${trusted(label)} — ${trusted(reason)}`, 'faint');
  return [keys, cellLeft(trusted(place), 15, 'faint'), text];
}
