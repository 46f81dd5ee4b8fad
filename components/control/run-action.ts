import { askToConfirm } from '../dialogs/confirm.ts';
import { detailWidth, showDetail, showLines } from '../dialogs/detail.ts';
import { openHelp } from '../dialogs/help.ts';
import { askToInvite } from '../dialogs/invite.ts';
import { askToJoin } from '../dialogs/join.ts';
import { openJoinRequest } from '../dialogs/join-request.ts';
import { openPalette } from '../dialogs/palette.ts';
import { askToQuit } from '../dialogs/quit.ts';
import type { ActionId } from '../keys/binding.ts';
import { chatRowDetail, chatRowTitle } from '../panes/chat-pane.ts';
import { logRowDetail, logRowTitle } from '../panes/log-detail.ts';
import { peerDetail } from '../panes/peer-detail.ts';
import { queueName } from '../panes/queues-pane.ts';
import { ageText, bytesText, counted, durationText } from '../state/format.ts';
import { type SafeBody, type SafeLogRow, type SafeQueueRow, safeBody } from '../state/safe-rows.ts';
import { neighbour } from '../state/ui-reducer.ts';
import type { PaneName } from '../state/ui-state.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import type { ChatControl } from './chat-control.ts';
import { askToDeleteCertificate, askToRestart, askToStop, startConnector } from './connector-actions.ts';
import type { UiContext } from './ui-context.ts';
import { visibleRows } from './wanted-views.ts';

/** Runs the action of a key or a palette command. The caller has checked that it is possible. */
export function runAction(action: ActionId, { control, chat, words = '' }: Acting): void {
  if (action === 'write') return write(control);
  if (action.startsWith('focus-')) return focus(control, action.slice('focus-'.length) as PaneName);
  const act = ACTIONS[action];
  if (act !== undefined) act(control, chat, words);
}

interface Acting {
  readonly control: UiContext;
  readonly chat: ChatControl;
  /** What the user has typed after the command. */
  readonly words?: string | undefined;
}

type Act = (control: UiContext, chat: ChatControl, words: string) => void;

const ACTIONS: Readonly<Partial<Record<ActionId, Act>>> = {
  'next-pane': (control) => focus(control, neighbour(control.ui().focus, 1)),
  'previous-pane': (control) => focus(control, neighbour(control.ui().focus, -1)),
  zoom: (control) => control.change({ kind: 'zoom' }),
  down: (control) => move(control, 1),
  up: (control) => move(control, -1),
  'page-down': (control) => move(control, page(control)),
  'page-up': (control) => move(control, -page(control)),
  first: (control) => move(control, Number.NEGATIVE_INFINITY),
  last: (control) => move(control, Number.POSITIVE_INFINITY),
  filter: startFilter,
  'clear-filter': (control) => control.change({ kind: 'filter', text: '' }),
  sort: (control) => control.change({ kind: 'sort' }),
  reverse: (control) => control.change({ kind: 'reverse' }),
  talk: (control, chat) => {
    const { peer } = control.context();
    if (peer === undefined) return;
    chat.talkTo(peer);
    focus(control, 'chat');
  },
  ignore: ignorePeer,
  'ignore-all': ignoreAll,
  ping,
  who: showPeer,
  disconnect,
  'delete-certificate': askToDeleteCertificate,
  invite: (control, _chat, words) => askToInvite(control, words),
  join: (control, _chat, words) => askToJoin(control, words),
  start: startConnector,
  stop: (control) => askToStop(control, { hard: false }),
  'stop-hard': (control) => askToStop(control, { hard: true }),
  restart: (control) => askToRestart(control, { hard: false }),
  'restart-hard': (control) => askToRestart(control, { hard: true }),
  answer: (control) => openJoinRequest(control),
  dial: (control) =>
    control.execute({ kind: 'dial.now' }, { onOk: () => control.toast('info', trusted('Retrying.')) }),
  why: explainQueue,
  'open-log-row': openLogRow,
  'open-chat-row': openChatRow,
  leave: (control) => focus(control, 'chat'),
  complete: (_control, chat) => chat.complete(),
  'stop-command': (_control, chat) => chat.stopShell(),
  'cancel-transfer': (control) => {
    const { transfer, ui } = control.context();
    if (transfer === undefined || ui.chatPeer === undefined) return;
    control.execute({ kind: 'chat.cancel', peer: ui.chatPeer.id, row: transfer.id });
    control.toast('info', safe`Cancelling ${transfer.text}.`);
  },
  palette: openPalette,
  help: openHelp,
  repaint: (control) => control.host.repaint(),
  quit: askToQuit,
};

function focus(control: UiContext, pane: PaneName): void {
  control.change({ kind: 'focus', pane, editing: false, byUser: true });
}

/** Focuses the chat's line, where every key is text. Only the user does this, never the program. */
function write(control: UiContext): void {
  control.change({ kind: 'focus', pane: 'chat', editing: true, byUser: true });
}

function move(control: UiContext, by: number): void {
  const ui = control.ui();
  const data = control.data();
  control.change({ kind: 'move', by, visibleRows: visibleRows(ui.focus, ui, data), data });
}

function page(control: UiContext): number {
  return Math.max(1, visibleRows(control.ui().focus, control.ui(), control.data()) - 1);
}

function startFilter(control: UiContext): void {
  const ui = control.ui();
  control.prompt.open(ui[ui.focus].filter);
  control.change({ kind: 'filtering', on: true });
}

function ignorePeer(control: UiContext): void {
  const { peer } = control.context();
  if (peer === undefined) return;
  const on = !peer.ignored;
  const said = on
    ? safe`Ignoring ${peer.name}: new messages to and from it are dropped. Press i to undo.`
    : safe`No longer ignoring ${peer.name}.`;
  control.execute(
    { kind: 'peer.ignore', peer: peer.id, on },
    { onOk: () => control.toast(on ? 'warn' : 'good', said) },
  );
}

function ignoreAll(control: UiContext): void {
  const on = control.data().status?.ignoringAll !== true;
  if (!on) {
    const onOk = () => control.toast('good', trusted('No longer ignoring all peers.'));
    return control.execute({ kind: 'all.ignore', on }, { onOk });
  }
  askToConfirm(control, {
    title: trusted('Ignore all peers?'),
    lines: [trusted('New messages to and from all peers are dropped and counted until you press I again.')],
    yes: trusted('Ignore all'),
    command: { kind: 'all.ignore', on },
    done: trusted('Ignoring all peers. Press I to undo.'),
  });
}

function ping(control: UiContext): void {
  const { peer } = control.context();
  if (peer === undefined) return;
  control.execute(
    { kind: 'peer.ping', peer: peer.id },
    {
      onOk: (value) => {
        const lag = typeof value === 'number' ? safe` in ${Math.max(1, Math.round(value))} ms` : trusted('');
        control.toast('good', safe`${peer.name} answered${lag}.`);
      },
    },
  );
}

/** Shows the selected peer; in the chat, the peer of the conversation. */
function showPeer(control: UiContext): void {
  const { ui, data, peer, chatPeer } = control.context();
  const shown = ui.focus === 'chat' ? chatPeer : peer;
  if (shown === undefined) return;
  const width = detailWidth(control.context());
  showLines(control, shown.name, peerDetail(shown, { status: data.status, nowMs: ui.nowMs, width }));
}

function disconnect(control: UiContext): void {
  const { peer } = control.context();
  if (peer === undefined) return;
  askToConfirm(control, {
    title: safe`Disconnect ${peer.name}?`,
    lines: [trusted('This closes the connection. The peer can reconnect; messages queued for it are kept.')],
    yes: trusted('Disconnect'),
    command: { kind: 'peer.disconnect', peer: peer.id },
    done: safe`Disconnected ${peer.name}.`,
  });
}

function explainQueue(control: UiContext): void {
  const { queue, ui } = control.context();
  if (queue === undefined) return;
  const oldest =
    queue.oldestAtMs === undefined
      ? []
      : [safe`The oldest message has waited ${ageText(ui.nowMs - queue.oldestAtMs)}.`];
  const drain =
    queue.drainSeconds === undefined
      ? []
      : [safe`At this rate the queue is empty in ${durationText(queue.drainSeconds)}.`];
  const why =
    queue.blocked ??
    trusted(queue.depth === 0 ? 'The queue is empty.' : 'The queue is not stuck: messages are leaving it.');
  showDetail(control, safe`Why? ${queueName(queue)}`, [
    why,
    safe`${counted(queue.depth, 'message')}, ${bytesText(queue.bytes)}.`,
    ...storedLine(queue),
    ...droppedLine(queue),
    ...oldest,
    ...drain,
  ]);
}

function storedLine({ stored }: SafeQueueRow): readonly SafeText[] {
  if (stored === undefined) return [];
  return [
    stored
      ? trusted('Stored on disk: it survives a restart.')
      : trusted(
          'In memory only: it is lost when aioc stops (see disk_persistence_send and disk_persistence_recv).',
        ),
  ];
}

function droppedLine({ dropped }: SafeQueueRow): readonly SafeText[] {
  if (dropped === undefined) return [];
  const count = counted(dropped, 'message');
  return [
    safe`${count} dropped because the queue was full (see max_size_persistence_path and when_full). The log lists them.`,
  ];
}

/** Opens the whole row: the log may have cut its text. */
function openLogRow(control: UiContext): void {
  const { logRow } = control.context();
  if (logRow === undefined) return;
  if (logRow.kind === 'event') return showLogRow(control, logRow, undefined);
  control.engine.query(logRow.id).then(
    (raw) => showLogRow(control, logRow, raw === undefined ? undefined : safeBody(raw)),
    () => control.toast('bad', trusted('The connector did not answer.')),
  );
}

function showLogRow(control: UiContext, row: SafeLogRow, body: SafeBody | undefined): void {
  showLines(control, logRowTitle(row), logRowDetail(row, body));
}

function openChatRow(control: UiContext): void {
  const { chatRow } = control.context();
  if (chatRow === undefined) return;
  showLines(control, chatRowTitle(chatRow), chatRowDetail(chatRow));
}
