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

/** An attached screen detaches without a question unless something gets lost: the connector keeps running. */
export function askToQuit(control: UiContext): void {
  const { ui, isShellRunning, chatLine } = control.context();
  const isWriting = ui.editing && chatLine.trim() !== '';
  if (ui.attached !== undefined && !isShellRunning && !isWriting) return control.host.quit(0);
  showDialog<Quit>(control, { kind: 'quit', choice: 'cancel' });
}

export const quitDialog: DialogDefinition<Quit> = {
  kind: 'quit',
  hints: [CHOOSE_HINT, ENTER_HINT, ['Ctrl-C', 'quit now'], ['Esc', 'cancel']],

  draw(dialog, { ui, data }) {
    const isAttached = ui.attached !== undefined;
    const width = dialogWidth(ui.size, QUESTION_WIDTH);
    const texts = isAttached ? DETACHING : stopsWithUs(data);
    const answers = [
      ['cancel', 'Cancel'],
      ['quit', isAttached ? 'Detach' : 'Quit'],
    ] as const;
    const lines: Line[] = [
      ...texts.flatMap((text, index) => paragraph(text, width, index === 0 ? 'plain' : 'warn')),
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

const DETACHING = [
  trusted('The connector keeps running.'),
  trusted('Your unsent line and any running command are lost.'),
];

function stopsWithUs(data: KeyContext['data']): readonly SafeText[] {
  const { peersConnected: peers = 0, waitingCount = 0, storedCount: stored = 0 } = data.status ?? {};
  const unstored = waitingCount - stored;
  return [
    peers > 0 ? safe`This disconnects ${counted(peers, 'peer')}.` : trusted('No peer is connected.'),
    ...transfersText(data),
    ...(unstored > 0 ? [waitingText(unstored)] : []),
    ...(stored > 0
      ? [
          safe`${counted(stored, 'message')} ${trusted(stored === 1 ? 'is' : 'are')} on disk and will be sent later.`,
        ]
      : []),
  ];
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
