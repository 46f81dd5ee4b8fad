/** Invites a new client to a server with mutual TLS: the user types its name. */
import type { UiContext } from '../control/ui-context.ts';
import { safe, sanitize, trusted } from '../terminal/sanitize.ts';
import { type Line, paragraph, plain } from '../widgets/line.ts';
import { ENTER_HINT } from './choices.ts';
import { showDetail } from './detail.ts';
import { closeDialog, type DialogDefinition, showDialog } from './dialog.ts';
import { centred, dialogWidth, QUESTION_WIDTH } from './dialog-box.ts';

interface Invite {
  readonly kind: 'invite';
}

export function askToInvite(control: UiContext): void {
  control.prompt.open('');
  showDialog<Invite>(control, { kind: 'invite' });
}

export const inviteDialog: DialogDefinition<Invite> = {
  kind: 'invite',
  hints: [['type', 'the name'], ENTER_HINT, ['Esc', 'cancel']],

  afterTyping: (dialog) => dialog,

  draw(_dialog, { ui }) {
    const width = dialogWidth(ui.size, QUESTION_WIDTH);
    const text = paragraph(
      trusted('Name of the new client. It can use the invitation once, for a day.'),
      width,
      'plain',
    );
    const lines: Line[] = [...text, [plain('› ', 'focus')]];
    const prompt = { row: text.length, column: 2, width: width - 2 };
    return centred({ title: trusted('Invite a client'), lines, width, prompt }, ui.size);
  },

  press(key, _dialog, { control }) {
    if (key.name !== 'enter') {
      control.prompt.press(key);
      return;
    }
    const name = control.prompt.text.trim();
    if (name === '') return control.toast('warn', trusted('Type the name of the new client first.'));
    closeDialog(control);
    control.execute(
      { kind: 'client.invite', name },
      {
        onOk: (code) =>
          showDetail(control, safe`Invitation for ${sanitize(name)}`, [
            trusted('On its machine: aioc join -, then paste this code and press Ctrl-D.'),
            trusted('Send it over a private channel: the first to use it becomes this client.'),
            sanitize(typeof code === 'string' ? code : ''),
          ]),
      },
    );
  },
};
