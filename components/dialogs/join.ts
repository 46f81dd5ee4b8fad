/** Becomes a client of a server by invitation: the user types or pastes the code, a secret that is shown nowhere else. */
import type { UiContext } from '../control/ui-context.ts';
import { safe, sanitize, trusted } from '../terminal/sanitize.ts';
import { type Line, paragraph, plain } from '../widgets/line.ts';
import { ENTER_HINT } from './choices.ts';
import { showDetail } from './detail.ts';
import { closeDialog, type DialogDefinition, showDialog } from './dialog.ts';
import { centred, dialogWidth, QUESTION_WIDTH } from './dialog-box.ts';

interface Join {
  readonly kind: 'join';
}

/** A paste is looked at no further than this. */
const PASTE_CHARACTERS_READ = 4_000;

/** A code has about 700 characters at most. */
export const CODE_CHARACTERS_MAX = 1_000;

/** The code in a paste, which may have the line breaks and the frame of the dialog that showed it. */
export function codeIn(pasted: string): string {
  return pasted.slice(0, PASTE_CHARACTERS_READ).replaceAll(/[^0-9a-z]/gi, '');
}

/** @param code - what the user has typed after `:join`; '' if nothing */
export function askToJoin(control: UiContext, code: string): void {
  if (code !== '') return join(control, code);
  control.prompt.open('', CODE_CHARACTERS_MAX);
  showDialog<Join>(control, { kind: 'join' });
}

export const joinDialog: DialogDefinition<Join> = {
  kind: 'join',
  hints: [['type or paste', 'the code'], ENTER_HINT, ['Esc', 'cancel']],

  afterTyping: (dialog) => dialog,

  pasted: codeIn,

  draw(_dialog, { ui }) {
    const width = dialogWidth(ui.size, QUESTION_WIDTH);
    const text = paragraph(
      trusted(
        'Code of the invitation (aioc invite). The client’s files go to a new directory with its name.',
      ),
      width,
      'plain',
    );
    const lines: Line[] = [...text, [plain('› ', 'focus')]];
    const prompt = { row: text.length, column: 2, width: width - 2 };
    return centred({ title: trusted('Join a server'), lines, width, prompt }, ui.size);
  },

  press(key, _dialog, { control }) {
    if (key.name !== 'enter') {
      control.prompt.press(key);
      return;
    }
    const code = control.prompt.text.trim();
    if (code === '') return control.toast('warn', trusted('Paste the code of the invitation first.'));
    closeDialog(control);
    join(control, code);
  },
};

function join(control: UiContext, code: string): void {
  // Nothing else shall find it in the prompt.
  control.prompt.open('');
  control.toast('info', trusted('Joining…'));
  control.local.joinServer(code).then(
    ({ name, address, serverWords, configFile }) => {
      const done = safe`Joined ${sanitize(address)} as ${sanitize(name)}`;
      control.toast('good', done);
      // Another dialog may have opened meanwhile: it stays.
      if (control.ui().dialog !== undefined) return;
      showDetail(control, done, [
        safe`server: ${sanitize(serverWords)}`,
        safe`Next: aioc ${sanitize(configFile)}`,
      ]);
    },
    (error: unknown) => {
      const reason = sanitize(error instanceof Error ? error.message : 'unknown reason');
      control.toast('bad', safe`Not joined: ${reason}`);
      if (control.ui().dialog === undefined) showDetail(control, trusted('Not joined'), [reason]);
    },
  );
}
