/** What has changed in the data, in words, each once. */
import { chatRowLines } from '../panes/chat-rows.ts';
import { queueName } from '../panes/queues-pane.ts';
import { CAUSE_WORDS } from '../state/cause-text.ts';
import { counted, countText } from '../state/format.ts';
import type { EngineData, SafeChatRow, SafeLogRow, SafePeerRow, SafeQueueRow } from '../state/safe-rows.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { linearLines } from './linear-text.ts';

/** Of the output of a command, in one go; the pane has more. */
const SHELL_LINES_MAX = 40;
const ROOM = { width: 200, authorWidth: 24, linesMax: 40 };
/** A transfer is told at its ends and at each of these parts. */
const PARTS = 4;

/** Peers that have come, or whose state is another one. */
export function peerChanges(
  { peers: before }: EngineData,
  { peers: now }: EngineData,
  shownId?: string,
): SafeText[] {
  if (before === undefined || now === undefined) return [];
  const known = new Map(before.rows.map((row) => [row.id, row]));
  return now.rows.flatMap((row) => {
    const old = known.get(row.id);
    const isNew = old === undefined && now.total > before.total;
    const isOther = old !== undefined && stateWords(old) !== stateWords(row);
    const state = isNew || isOther ? [safe`${row.name} is ${stateWords(row)}.`] : [];
    const more = row.unread > (old?.unread ?? row.unread) && row.id !== shownId;
    return more ? [...state, safe`${row.name}: ${countText(row.unread)} unread.`] : state;
  });
}

function stateWords({ state, ignored, reason, cause, name: _name }: SafePeerRow): SafeText {
  const word = {
    connected: 'connected',
    away: 'away',
    connecting: 'connecting',
    waiting: 'not accepted yet',
  };
  const words = state === 'refused' ? (cause === undefined ? 'refused' : CAUSE_WORDS[cause]) : word[state];
  const because = reason === undefined || state === 'connected' ? trusted('') : safe`: ${reason}`;
  return safe`${trusted(words)}${because}${trusted(ignored ? ', ignored' : '')}`;
}

/** Queues that are stuck now, and why; and those that are no longer. */
export function queueChanges({ queues: before }: EngineData, { queues: now }: EngineData): SafeText[] {
  if (now === undefined) return [];
  const known = new Map(before?.rows.map((row) => [row.id, row.blocked?.code]));
  return now.rows.flatMap((row) => {
    const was = known.get(row.id);
    if (row.blocked?.code === was) return [];
    return [
      row.blocked === undefined ? safe`${queueName(row)} is no longer stuck.` : stuckText(row, row.blocked),
    ];
  });
}

function stuckText(row: SafeQueueRow, { text, remedy }: NonNullable<SafeQueueRow['blocked']>): SafeText {
  const todo = remedy === undefined ? trusted('') : safe` To do: ${remedy.command ?? remedy.text}`;
  return safe`${queueName(row)} is stuck, ${counted(row.depth, 'message')}: ${text}.${todo}`;
}

/** New lines of the conversation, what became of one’s own, transfers and commands. */
export function chatChanges({ chat: before }: EngineData, { chat: now, status }: EngineData): SafeText[] {
  if (before === undefined || now === undefined || before.peer !== now.peer) return [];
  const known = new Map(before.rows.map((row) => [row.id, row]));
  const newest = before.rows.at(-1)?.id ?? 0;
  return now.rows.flatMap((row) => {
    const old = known.get(row.id);
    if (old === row || (old === undefined && row.id <= newest)) return [];
    return rowChange(old, row, status?.ownName);
  });
}

function rowChange(
  old: SafeChatRow | undefined,
  row: SafeChatRow,
  ownName: SafeText | undefined,
): readonly SafeText[] {
  if (row.shell !== undefined) return shellChange(old, row, row.shell);
  if (row.transfer !== undefined) return transferChange(old, row, row.transfer);
  if (row.from === 'me') {
    // The line itself was typed: it is there already.
    if (old?.mark === row.mark || row.mark === 'sent' || row.mark === 'waiting') return [];
    return row.mark === undefined ? [] : [safe`${trusted(row.mark)}: ${row.text}`];
  }
  return old === undefined ? linearLines(chatRowLines(row, { ...ROOM, ownName }), 'chat') : [];
}

function transferChange(
  old: SafeChatRow | undefined,
  row: SafeChatRow,
  transfer: NonNullable<SafeChatRow['transfer']>,
): readonly SafeText[] {
  const isPart = partOf(row) > partOf(old ?? row) && transfer.phase === 'running';
  if (old?.transfer?.phase === transfer.phase && !isPart) return [];
  return linearLines(chatRowLines(row, ROOM), 'chat');
}

function partOf({ transfer }: SafeChatRow): number {
  if (transfer === undefined || transfer.totalBytes === 0) return 0;
  return Math.floor((transfer.doneBytes / transfer.totalBytes) * PARTS);
}

function shellChange(
  old: SafeChatRow | undefined,
  row: SafeChatRow,
  { lines, droppedLines, running, exitCode, signal }: NonNullable<SafeChatRow['shell']>,
): readonly SafeText[] {
  const told = (old?.shell?.lines.length ?? 0) + (old?.shell?.droppedLines ?? 0);
  const fresh = lines.slice(Math.max(0, told - droppedLines));
  const shown = fresh.slice(0, SHELL_LINES_MAX);
  const left = fresh.length - shown.length;
  const more = left > 0 ? [safe`${countText(left)} more lines.`] : [];
  const hasEnded = !running && old?.shell?.running !== false;
  const end = signal === undefined ? trusted(`exit ${exitCode ?? '?'}`) : safe`stopped by ${signal}`;
  return [...shown, ...more, ...(hasEnded ? [safe`${row.text}: ${end}`] : [])];
}

/** Rows of the log after this id that are worth telling. In the chat program its messages are told by the conversation. */
export function newLogRows(
  { log }: EngineData,
  afterId: number,
  isConnector: boolean,
): readonly SafeLogRow[] {
  return (log?.rows ?? []).filter(({ id, kind }) => id > afterId && (isConnector || kind === 'event'));
}
