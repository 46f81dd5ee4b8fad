/** A question before a command. Cancel has the focus. */
import type { Command } from '../../engine/contract/commands.ts';
import type { UiContext } from '../control/ui-context.ts';
import type { SafeText } from '../terminal/sanitize.ts';
import { type Line, paragraph } from '../widgets/line.ts';
import { CHOOSE_HINT, choices, ENTER_HINT, movedChoice } from './choices.ts';
import { closeDialog, type DialogDefinition, showDialog } from './dialog.ts';
import { centred, dialogWidth, QUESTION_WIDTH } from './dialog-box.ts';

interface Confirm {
  readonly kind: 'confirm';
  readonly title: SafeText;
  readonly lines: readonly SafeText[];
  /** The label of the answer that executes the command. */
  readonly yes: SafeText;
  readonly command: Command;
  /** The toast after the command has succeeded. */
  readonly done: SafeText;
  readonly choice: 'cancel' | 'yes';
}

export function askToConfirm(control: UiContext, question: Omit<Confirm, 'kind' | 'choice'>): void {
  showDialog<Confirm>(control, { ...question, kind: 'confirm', choice: 'cancel' });
}

export const confirmDialog: DialogDefinition<Confirm> = {
  kind: 'confirm',
  hints: [CHOOSE_HINT, ENTER_HINT, ['Esc', 'cancel']],

  draw(dialog, { ui }) {
    const width = dialogWidth(ui.size, QUESTION_WIDTH);
    const answers = [
      ['cancel', 'Cancel'],
      ['yes', dialog.yes],
    ] as const;
    const lines: Line[] = [
      ...dialog.lines.flatMap((text) => paragraph(text, width, 'plain')),
      [],
      choices(answers, dialog.choice),
    ];
    return centred({ title: dialog.title, lines, width, border: 'warn' }, ui.size);
  },

  press(key, dialog, { control }) {
    const choice = movedChoice(key, ['cancel', 'yes'] as const, dialog.choice);
    if (choice !== undefined) return showDialog(control, { ...dialog, choice });
    if (key.name !== 'enter') return;
    closeDialog(control);
    if (dialog.choice === 'cancel') return;
    control.execute(dialog.command, { onOk: () => control.toast('warn', dialog.done) });
  },
};
