/** Asks whether to accept a client, with the words to compare. Refuse has the focus. */
import type { UiContext } from '../control/ui-context.ts';
import { chordOf } from '../keys/chord.ts';
import type { KeyContext } from '../keys/key-context.ts';
import { labelledWords } from '../panes/fingerprint.ts';
import { fitting } from '../panes/sections.ts';
import { clockText } from '../state/format.ts';
import type { EngineData, SafeJoinRequest } from '../state/safe-rows.ts';
import type { OpenDialog } from '../state/ui-state.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { type Line, paragraph, plain, span } from '../widgets/line.ts';
import { CHOOSE_HINT, choices, ENTER_HINT, movedChoice } from './choices.ts';
import { closeDialog, type DialogContext, type DialogDefinition, showDialog } from './dialog.ts';
import { centred, dialogWidth } from './dialog-box.ts';

interface JoinRequestQuestion {
  readonly kind: 'join-request';
  /** The id of the request. */
  readonly joinRequest: number;
  readonly choice: 'refuse' | 'accept';
  /** Lines scrolled out at the top, on a small screen. */
  readonly top: number;
}

const TEXT_WIDTH = 66;
const COUNTDOWN_STEP_MS = 10_000;
const ANSWERS = [
  ['refuse', 'Refuse'],
  ['accept', 'Accept'],
] as const;

/** Opens the given request, or the first one. Does nothing when there is none. */
export function openJoinRequest(control: UiContext, joinRequest?: number): void {
  const id = joinRequest ?? control.data().status?.joinRequests[0]?.id;
  if (id === undefined) return;
  // The countdown starts now, not at the last full minute.
  control.change({ kind: 'minute', nowMs: control.host.clock.wallNow() });
  showDialog<JoinRequestQuestion>(control, {
    kind: 'join-request',
    joinRequest: id,
    choice: 'refuse',
    top: 0,
  });
}

/** The id of the request that a dialog asks about; undefined for another dialog. */
export function joinRequestIn(dialog: OpenDialog | undefined): number | undefined {
  return dialog?.kind === joinRequestDialog.kind ? (dialog as JoinRequestQuestion).joinRequest : undefined;
}

export const joinRequestDialog: DialogDefinition<JoinRequestQuestion> = {
  kind: 'join-request',
  hints: [CHOOSE_HINT, ENTER_HINT, ['Esc', 'decide later']],
  showsTimeLeft: true,

  draw(dialog, context) {
    const { data, ui } = context;
    const joinRequests = data.status?.joinRequests ?? [];
    const index = joinRequests.findIndex(({ id }) => id === dialog.joinRequest);
    const joinRequest = joinRequests[index];
    if (joinRequest === undefined) return undefined;
    const { about, width, room } = textOf(joinRequest, context);
    const answers = choices(ANSWERS, dialog.choice);
    const top = Math.min(dialog.top, Math.max(0, about.length - room));
    const of = joinRequests.length > 1 ? safe`${index + 1} of ${joinRequests.length} · ` : trusted('');
    const lines = [
      ...about.slice(top, top + room),
      about.length > room ? [...answers, plain('PgDn: more', 'key')] : answers,
    ];
    const note = [span(safe`${of}${leftText(joinRequest.expiresAtMs - ui.nowMs)}`, 'faint')];
    return centred({ title: trusted('Connection request'), lines, width, border: 'warn', note }, ui.size);
  },

  press(key, dialog, context) {
    const { control } = context;
    // Letters only choose: to accept takes a second key.
    const letter = { a: 'accept', r: 'refuse' }[chordOf(key)] as typeof dialog.choice | undefined;
    const choice = letter ?? movedChoice(key, ['refuse', 'accept'] as const, dialog.choice);
    if (choice !== undefined) return showDialog(control, { ...dialog, choice });
    const step = { pagedown: 3, pageup: -3 }[key.name];
    if (step !== undefined) return scroll(dialog, step, control);
    if (key.name === 'enter') answer(dialog, context);
  },
};

function waitingIn(control: UiContext): readonly SafeJoinRequest[] {
  return control.data().status?.joinRequests ?? [];
}

function scroll(dialog: JoinRequestQuestion, step: number, control: UiContext): void {
  const joinRequest = waitingIn(control).find(({ id }) => id === dialog.joinRequest);
  if (joinRequest === undefined) return;
  const { about, room } = textOf(joinRequest, control.context());
  const last = Math.max(0, about.length - room);
  showDialog(control, { ...dialog, top: Math.max(0, Math.min(last, dialog.top + step)) });
}

/** Sends the answer and opens the next request. */
function answer(dialog: JoinRequestQuestion, { control }: DialogContext): void {
  const waiting = waitingIn(control);
  const joinRequest = waiting.find(({ id }) => id === dialog.joinRequest);
  closeDialog(control);
  if (joinRequest === undefined) return;
  const isAccepted = dialog.choice === 'accept';
  control.execute(
    { kind: isAccepted ? 'newcomer.accept' : 'newcomer.refuse', joinRequest: joinRequest.id },
    {
      onOk: () =>
        isAccepted
          ? control.toast('good', safe`Accepted ${joinRequest.name}.`)
          : control.toast('info', safe`Refused ${joinRequest.name}.`),
    },
  );
  if (isAccepted && isFirstOfChat(control))
    control.change({ kind: 'focus', pane: 'chat', editing: true, byUser: true });
  const next = waiting.find(({ id }) => id !== dialog.joinRequest);
  if (next !== undefined) openJoinRequest(control, next.id);
}

/** Who accepts the first peer of a chat wants to talk: what is typed next is text. Programs, in contrast, get no text. */
function isFirstOfChat(control: UiContext): boolean {
  const { attached, isConnector, chatPeer } = control.ui();
  const isChat = attached === undefined && !isConnector && control.data().status?.configured === false;
  return isChat && chatPeer === undefined;
}

/** All lines of the question, and the room for them. The answers stay visible, however long the client's name is. */
function textOf(joinRequest: SafeJoinRequest, { ui, data }: KeyContext) {
  const room = ui.size.rows - 3;
  const width = dialogWidth(ui.size, TEXT_WIDTH);
  return { about: aboutLines(joinRequest, data, { width, room }), width, room };
}

/** The client and the words to compare, never cut; blank lines and the hint only where there is room. */
function aboutLines(
  joinRequest: SafeJoinRequest,
  data: EngineData,
  { width, room }: { readonly width: number; readonly room: number },
): readonly Line[] {
  const who = safe`“${joinRequest.name}” from ${joinRequest.address} at ${clockText(joinRequest.askedAtMs)}`;
  const compare = trusted('Compare both with the other screen before you accept.');
  const sections = [
    {
      rank: 0,
      lines: [
        ...paragraph(who, width, 'strong').slice(0, 2),
        ...(joinRequest.warning === undefined ? [] : paragraph(safe`! ${joinRequest.warning}`, width, 'bad')),
      ],
    },
    { rank: 0, lines: wordsToCompare(joinRequest, data, width) },
    ...(joinRequest.words === undefined ? [] : [{ rank: 1, lines: paragraph(compare, width, 'plain') }]),
  ];
  const lines = fitting(sections, room);
  return lines.length < room ? [...lines, []] : lines;
}

function wordsToCompare(joinRequest: SafeJoinRequest, data: EngineData, width: number): readonly Line[] {
  const own = data.status?.ownWords;
  if (joinRequest.words === undefined) {
    const why =
      'It has no certificate (Python’s chat never has one), so nothing proves its identity. Confirm with its user.';
    return paragraph(trusted(why), width, 'warn');
  }
  return [
    ...labelledWords('words there:', joinRequest.words, { width, without: '' }),
    ...(own === undefined ? [] : labelledWords('words here:', own, { width, without: '' })),
  ];
}

/** In steps of ten seconds, so that the screen does not flicker while the user reads. */
function leftText(leftMs: number): SafeText {
  const steps = Math.max(0, Math.ceil(leftMs / COUNTDOWN_STEP_MS));
  return steps === 0 ? trusted('about to expire') : safe`${(steps * COUNTDOWN_STEP_MS) / 1000} s left`;
}
