/** A question before something that cannot be undone: the user must type a name. */
import type { Command } from '../../engine/contract/commands.ts';
import type { UiContext } from '../control/ui-context.ts';
import { type SafeText, safe, sanitize } from '../terminal/sanitize.ts';
import { type Line, paragraph, plain } from '../widgets/line.ts';
import { choices, ENTER_HINT } from './choices.ts';
import { showDetail } from './detail.ts';
import { closeDialog, type DialogDefinition, showDialog } from './dialog.ts';
import { centred, dialogWidth, QUESTION_WIDTH } from './dialog-box.ts';

interface TypedConfirm {
  readonly kind: 'typed-confirm';
  readonly title: SafeText;
  readonly lines: readonly SafeText[];
  /** The text that the user must type. */
  readonly expected: SafeText;
  /** The label of the answer that executes the command. */
  readonly yes: SafeText;
  readonly command: Command;
  /** Title of the detail dialog that shows the answer. */
  readonly done: SafeText;
  readonly choice: 'cancel' | 'yes';
}

export function askToType(control: UiContext, question: Omit<TypedConfirm, 'kind' | 'choice'>): void {
  control.prompt.open('');
  showDialog<TypedConfirm>(control, { ...question, kind: 'typed-confirm', choice: 'cancel' });
}

export const typedConfirmDialog: DialogDefinition<TypedConfirm> = {
  kind: 'typed-confirm',
  hints: [['type', 'the name'], ['Tab', 'choose'], ENTER_HINT, ['Esc', 'cancel']],

  afterTyping: (dialog) => dialog,

  draw(dialog, { ui }) {
    const width = dialogWidth(ui.size, QUESTION_WIDTH);
    const text = [...dialog.lines, safe`Type ${dialog.expected} to confirm.`].flatMap((one) =>
      paragraph(one, width, 'plain'),
    );
    const answers = [
      ['cancel', 'Cancel'],
      ['yes', dialog.yes],
    ] as const;
    const lines: Line[] = [...text, [plain('› ', 'focus')], [], choices(answers, dialog.choice)];
    const prompt = { row: text.length, column: 2, width: width - 2 };
    return centred({ title: dialog.title, lines, width, border: 'warn', prompt }, ui.size);
  },

  /** Left, Right and text go to the prompt; Tab, Up and Down move between the answers. */
  press(key, dialog, { control }) {
    if (['tab', 'up', 'down'].includes(key.name))
      return showDialog(control, { ...dialog, choice: dialog.choice === 'cancel' ? 'yes' : 'cancel' });
    if (key.name !== 'enter') {
      control.prompt.press(key);
      return;
    }
    if (dialog.choice === 'cancel') return closeDialog(control);
    if (control.prompt.text.trim() !== dialog.expected)
      return control.toast('warn', safe`Type ${dialog.expected} first.`);
    closeDialog(control);
    control.execute(dialog.command, {
      onOk: (value) => {
        const answer = sanitize(typeof value === 'string' ? value : 'done');
        // Another dialog may have opened meanwhile: it stays. The log has the answer.
        if (control.ui().dialog === undefined) showDetail(control, dialog.done, [answer]);
        else control.toast('good', dialog.done);
      },
    });
  },
};
