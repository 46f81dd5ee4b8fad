/** Invites a new client to a server with mutual TLS: the user types its name. */
import type { UiContext } from '../control/ui-context.ts';
import { safe, sanitize, trusted } from '../terminal/sanitize.ts';
import { type Line, paragraph, plain } from '../widgets/line.ts';
import { ENTER_HINT } from './choices.ts';
import { showToCopy } from './detail.ts';
import { closeDialog, type DialogDefinition, showDialog } from './dialog.ts';
import { centred, dialogWidth, QUESTION_WIDTH } from './dialog-box.ts';

interface Invite {
  readonly kind: 'invite';
}

/** @param words - what the user has typed after `:invite`: a name and perhaps hours; '' if nothing */
export function askToInvite(control: UiContext, words: string): void {
  if (words !== '' && invite(control, words)) return;
  control.prompt.open(words);
  showDialog<Invite>(control, { kind: 'invite' });
}

export const inviteDialog: DialogDefinition<Invite> = {
  kind: 'invite',
  hints: [['type', 'the name'], ENTER_HINT, ['Esc', 'cancel']],

  afterTyping: (dialog) => dialog,

  draw(_dialog, { ui }) {
    const width = dialogWidth(ui.size, QUESTION_WIDTH);
    const text = paragraph(
      trusted(
        'Name of the new client, and for how many hours it can use the invitation (default: 24): bob 48',
      ),
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
    if (invite(control, control.prompt.text)) closeDialog(control);
  },
};

/** @returns false, with a toast, if the words are not a name and perhaps hours */
function invite(control: UiContext, words: string): boolean {
  const [name = '', hoursText, ...more] = words.trim().split(/\s+/);
  if (name === '') {
    control.toast('warn', trusted('Type the name of the new client first.'));
    return false;
  }
  if (more.length > 0 || (hoursText !== undefined && !/^\d+(\.\d+)?$/.test(hoursText))) {
    control.toast('warn', trusted('Type a name, and perhaps a number of hours: bob 48'));
    return false;
  }
  const hours = hoursText === undefined ? {} : { hours: Number(hoursText) };
  control.execute(
    { kind: 'client.invite', name, ...hours },
    { onOk: (code) => showCode(control, name, typeof code === 'string' ? code : '') },
  );
  return true;
}

function showCode(control: UiContext, name: string, code: string): void {
  showToCopy(control, safe`Invitation for ${sanitize(name)}`, [
    trusted('On its machine: aioc join -, then paste this code and press Ctrl-D; or :join in aioc.'),
    trusted('Send it over a private channel: the first to use it becomes this client.'),
    sanitize(code),
  ]);
}
