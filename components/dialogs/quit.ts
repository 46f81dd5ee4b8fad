/** Asks whether to quit or detach, and says what gets lost. */
import type { UiContext } from '../control/ui-context.ts';
import { isUnderWay, type KeyContext } from '../keys/key-context.ts';
import { counted } from '../state/format.ts';
import type { EngineData } from '../state/safe-rows.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { type Line, paragraph } from '../widgets/line.ts';
import { CHOOSE_HINT, choices, ENTER_HINT, movedChoice } from './choices.ts';
import { closeDialog, type DialogDefinition, showDialog } from './dialog.ts';
import { centred, dialogWidth, QUESTION_WIDTH } from './dialog-box.ts';

interface Quit {
  readonly kind: 'quit';
  readonly choice: 'cancel' | 'quit';
}

const NAMED_TRANSFERS_MAX = 3;

export function askToQuit(control: UiContext): void {
  showDialog<Quit>(control, { kind: 'quit', choice: 'cancel' });
}

export const quitDialog: DialogDefinition<Quit> = {
  kind: 'quit',
  hints: [CHOOSE_HINT, ENTER_HINT, ['Ctrl-C', 'quit now'], ['Esc', 'cancel']],

  draw(dialog, context) {
    const { ui } = context;
    const isAttached = ui.attached !== undefined;
    const width = dialogWidth(ui.size, QUESTION_WIDTH);
    const answers = [
      ['cancel', 'Cancel'],
      ['quit', isAttached ? 'Detach' : 'Quit'],
    ] as const;
    const lines: Line[] = [
      ...lossesOf(context).flatMap((text) => paragraph(text, width, 'warn')),
      ...keptText(context).flatMap((text) => paragraph(text, width, 'plain')),
      [],
      choices(answers, dialog.choice),
    ];
    return centred({ title: trusted(isAttached ? 'Detach?' : 'Quit aioc?'), lines, width }, ui.size);
  },

  press(key, dialog, { control }) {
    const choice = movedChoice(key, ['cancel', 'quit'] as const, dialog.choice);
    if (choice !== undefined) return showDialog(control, { ...dialog, choice });
    if (key.name !== 'enter') return;
    closeDialog(control);
    if (dialog.choice === 'quit') control.host.quit(0);
  },
};

/** What quitting would lose, for the user; empty when nothing. An attached screen leaves its connector running. */
export function lossesOf(context: KeyContext): readonly SafeText[] {
  const { ui, data, isShellRunning, chatLine } = context;
  return [
    ...(ui.attached === undefined ? engineLosses(data) : []),
    ...(chatLine.trim() === '' ? [] : [trusted('The line that you have begun is lost.')]),
    ...(isShellRunning ? [trusted('A command runs; it is stopped.')] : []),
    ...(ui.pending === undefined ? [] : [safe`Not done yet, and will not be: ${ui.pending.label}.`]),
  ];
}

function engineLosses(data: EngineData): readonly SafeText[] {
  const { configured, peersConnected = 0, waitingCount = 0, storedCount = 0 } = data.status ?? {};
  const unstored = waitingCount - storedCount;
  return [
    // To quit a chat is to leave its peers. A connector also serves programs, which would lose their connection.
    ...(configured === true ? peersText(peersConnected) : []),
    ...transfersText(data),
    ...(unstored > 0 ? [waitingText(unstored)] : []),
  ];
}

/** What else quitting does and does not do, for a user who is asked. */
function keptText({ ui, data }: KeyContext): readonly SafeText[] {
  if (ui.attached !== undefined) return [trusted('The connector keeps running.')];
  const { configured, peersConnected = 0, storedCount: stored = 0 } = data.status ?? {};
  const are = trusted(stored === 1 ? 'is' : 'are');
  return [
    ...(configured === true ? [] : peersText(peersConnected)),
    ...(stored === 0 ? [] : [safe`${counted(stored, 'message')} ${are} on disk and will be sent later.`]),
  ];
}

function peersText(count: number): readonly SafeText[] {
  return count === 0 ? [] : [safe`This disconnects ${counted(count, 'peer')}.`];
}

function waitingText(count: number): SafeText {
  return safe`${counted(count, 'message')} ${trusted(count === 1 ? 'has' : 'have')} no ack yet and may be lost.`;
}

/** Names the transfers of the visible conversation and counts the others. */
function transfersText({ status, chat }: EngineData): readonly SafeText[] {
  const count = status?.transfersInFlight ?? 0;
  if (count === 0) return [];
  const names = (chat?.rows ?? []).filter(isUnderWay).map(({ text, transfer }) => {
    const { doneBytes = 0, totalBytes = 0 } = transfer ?? {};
    return totalBytes > 0 ? safe`${text} (${Math.floor((doneBytes / totalBytes) * 100)} %)` : text;
  });
  const named = names.slice(-NAMED_TRANSFERS_MAX);
  const others = Math.max(0, count - named.length);
  if (named.length === 0) return [safe`${counted(count, 'transfer')} will be aborted.`];
  const list = named.reduce((all, name) => safe`${all}, ${name}`);
  const more = others === 0 ? trusted('') : safe` and ${counted(others, 'other transfer')}`;
  return [safe`${list}${more} will be aborted.`];
}
