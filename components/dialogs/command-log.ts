/** What was done in this screen, each as the line for a shell that does the same; Enter copies the line. */

import type { UiContext } from '../control/ui-context.ts';
import type { KeyContext } from '../keys/key-context.ts';
import { clockWithSeconds } from '../state/format.ts';
import type { ExecutedCommand } from '../state/ui-state.ts';
import { safe, trusted } from '../terminal/sanitize.ts';
import { fit, type Line, plain, span } from '../widgets/line.ts';
import { copyText } from './detail.ts';
import { closeDialog, type DialogDefinition, showDialog } from './dialog.ts';
import { dialogHeight, dialogWidth } from './dialog-box.ts';
import { CLOSE_HINT, type ListDialog, listBox, movedInList, PICK_HINT } from './list-box.ts';

interface CommandLog extends ListDialog {
  readonly kind: 'command-log';
}

const LOG_WIDTH = 92;

export function openCommandLog(control: UiContext): void {
  control.prompt.open('');
  showDialog<CommandLog>(control, { kind: 'command-log', selected: 0 });
}

export const commandLogDialog: DialogDefinition<CommandLog> = {
  kind: 'command-log',
  hints: [PICK_HINT, ['Enter', 'copy the line'], ['type', 'to filter'], CLOSE_HINT],

  afterTyping: (dialog) => ({ ...dialog, selected: 0 }),

  draw({ selected }, context, typed) {
    const { size, executed } = context.ui;
    const width = dialogWidth(size, LOG_WIDTH);
    const rows = dialogHeight(size, Math.max(3, executed.length) + 1) - 1;
    return listBox(matching(context, typed), (entry) => fit(entryLine(entry), width), {
      title: 'What you did, newest first',
      ...{ width, rows, selected, total: executed.length, size },
    });
  },

  press(key, dialog, { control }) {
    const entries = matching(control.context(), control.prompt.text);
    const moved = movedInList(key, dialog.selected, entries.length);
    if (moved !== undefined) return showDialog(control, { ...dialog, selected: moved });
    if (key.name !== 'enter') {
      control.prompt.press(key);
      return;
    }
    const entry = entries[dialog.selected];
    closeDialog(control);
    if (entry !== undefined) copyText(control, trusted('Command'), [entry.line]);
  },
};

function matching({ ui }: KeyContext, typed: string): readonly ExecutedCommand[] {
  const needle = typed.trim().toLowerCase();
  return ui.executed.filter(({ line }) => line.toLowerCase().includes(needle)).toReversed();
}

function entryLine({ atMs, line, answer }: ExecutedCommand): Line {
  const result =
    answer === undefined ? [plain('…', 'faint')] : [span(answer.text, answer.isOk ? 'good' : 'bad')];
  return [span(safe` ${clockWithSeconds(atMs)}  ${line}  `), ...result];
}
