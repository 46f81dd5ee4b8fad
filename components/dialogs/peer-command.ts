/** Asks whether a command of a peer runs here, once (`aioc chat --exec`). Refuse has the focus. */
import type { UiContext } from '../control/ui-context.ts';
import type { KeyContext } from '../keys/key-context.ts';
import type { SafeCommandRequest } from '../state/safe-rows.ts';
import type { OpenDialog } from '../state/ui-state.ts';
import { safe, trusted } from '../terminal/sanitize.ts';
import { inAscii, type Line, paragraph, span } from '../widgets/line.ts';
import { CHOOSE_HINT, choices, ENTER_HINT, movedChoice } from './choices.ts';
import { closeDialog, type DialogDefinition, showDialog } from './dialog.ts';
import { centred, dialogWidth, QUESTION_WIDTH } from './dialog-box.ts';

interface PeerCommandQuestion {
  readonly kind: 'peer-command';
  readonly request: number;
  /** Each character of the command is drawn as it is; on an ASCII screen it may not be. */
  readonly isExact: boolean;
  readonly choice: 'refuse' | 'run';
}

const ORDER = ['refuse', 'run'] as const;
const ANSWERS = [
  ['refuse', 'Refuse'],
  ['run', 'Run it'],
] as const;
/** The frame, a blank line and the answers. */
const OTHER_ROWS = 5;

/** Opens the question about the first command that waits. Does nothing when there is none. */
export function openPeerCommand(control: UiContext): void {
  const request = control.data().status?.exec?.requests[0];
  if (request === undefined) return;
  const isExact = control.host.appearance.unicode || inAscii(request.text) === request.text;
  showDialog<PeerCommandQuestion>(control, {
    ...{ kind: 'peer-command', request: request.id, isExact, choice: 'refuse' },
  });
}

/** The id of the command that a dialog asks about; undefined for another dialog. */
export function peerCommandIn(dialog: OpenDialog | undefined): number | undefined {
  return dialog?.kind === peerCommandDialog.kind ? (dialog as PeerCommandQuestion).request : undefined;
}

export const peerCommandDialog: DialogDefinition<PeerCommandQuestion> = {
  kind: 'peer-command',
  hints: [CHOOSE_HINT, ENTER_HINT, ['Esc', 'decide later']],

  draw(dialog, context) {
    const request = requestOf(dialog, context);
    if (request === undefined) return undefined;
    const { ui } = context;
    const width = dialogWidth(ui.size, QUESTION_WIDTH);
    const answers = mayRun(dialog, context) ? ANSWERS : ANSWERS.slice(0, 1);
    const lines = [...aboutLines(request, dialog, context), [], choices(answers, dialog.choice)];
    return centred({ title: trusted('Run a command of a peer?'), lines, width, border: 'warn' }, ui.size);
  },

  press(key, dialog, { control }) {
    const canRun = mayRun(dialog, control.context());
    const choice = movedChoice(key, canRun ? ORDER : ['refuse'], dialog.choice);
    if (choice !== undefined) return showDialog(control, { ...dialog, choice });
    if (key.name !== 'enter') return;
    const run = dialog.choice === 'run' && canRun;
    closeDialog(control);
    control.execute(
      { kind: 'exec.answer', request: dialog.request, run },
      { onOk: () => control.toast(run ? 'warn' : 'info', trusted(run ? 'It runs.' : 'Refused.')) },
    );
  },
};

function requestOf({ request }: PeerCommandQuestion, { data }: KeyContext): SafeCommandRequest | undefined {
  return data.status?.exec?.requests.find(({ id }) => id === request);
}

/** Nobody says yes to what is not shown whole, character by character. */
function mayRun(dialog: PeerCommandQuestion, context: KeyContext): boolean {
  const request = requestOf(dialog, context);
  return request !== undefined && dialog.isExact && whole(request, context).length <= room(context);
}

function room({ ui }: KeyContext): number {
  return ui.size.rows - OTHER_ROWS;
}

function whole({ peerName, text }: SafeCommandRequest, { ui, data }: KeyContext): readonly Line[] {
  const width = dialogWidth(ui.size, QUESTION_WIDTH);
  const shell = data.status?.exec?.shell ?? trusted('');
  const asks = safe`${peerName} asks to run this on your machine, in ${shell}:`;
  return [
    ...paragraph(asks, width, 'plain'),
    ...paragraph(text, width, 'strong'),
    ...paragraph(trusted('Your answer is for this command only.'), width, 'faint'),
  ];
}

function aboutLines(
  request: SafeCommandRequest,
  { isExact }: PeerCommandQuestion,
  context: KeyContext,
): readonly Line[] {
  const lines = whole(request, context);
  if (isExact && lines.length <= room(context)) return lines;
  const why = isExact
    ? 'The screen is too small to show all of it: make it larger, or refuse.'
    : 'This screen draws ASCII only and cannot show all of it: refuse.';
  return [...lines.slice(0, Math.max(0, room(context) - 1)), [span(trusted(why), 'bad')]];
}
