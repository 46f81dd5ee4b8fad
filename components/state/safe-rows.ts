/**
 * All text from the engine goes through `sanitize` here, once, when it arrives. No other component holds raw text, except
 * ids, which are only compared and sent back.
 */

import type { CommandRequest, ExecState, PeerShellState } from '../../engine/contract/exec-state.ts';
import type { PeekRow, QueuePeek } from '../../engine/contract/queue-peek.ts';
import type {
  Blocked,
  Cause,
  ChatRow,
  JoinRequest,
  ListUpdate,
  LogRow,
  MessageBody,
  PeerRow,
  Phase,
  QueueRow,
  Retry,
  ShellState,
  Status,
  TailUpdate,
  TransferRow,
  TransferState,
  Update,
  WorstQueue,
} from '../../engine/contract/views.ts';
import { type SafeText, sanitize, sanitizeLines } from '../terminal/sanitize.ts';

/** More than any pane can show; the rest is cut before the expensive work. */
const SHOWN_CHARACTERS_MAX = 16_000;

/** `T` with the named fields made safe. */
type Safe<T, Keys extends keyof T> = Omit<T, Keys> & {
  readonly [K in Keys as K]-?: undefined extends T[K] ? SafeText | undefined : SafeText;
};

export type SafePeerRow = Omit<
  Safe<PeerRow, 'name' | 'wireName' | 'address' | 'reason' | 'words' | 'version' | 'certificateIssuer'>,
  'tls'
> & { readonly tls: SafeText | undefined };
interface SafeBlocked {
  readonly code: Blocked['code'];
  readonly endsByItself: boolean;
  readonly text: SafeText;
  readonly remedy: { readonly text: SafeText; readonly command: SafeText | undefined } | undefined;
  readonly more: readonly SafeBlocked[];
}
export type SafeQueueRow = Omit<Safe<QueueRow, 'peerName' | 'type'>, 'blocked'> & {
  readonly blocked: SafeBlocked | undefined;
};
type SafeWorstQueue = SafeQueueRow & { readonly blocked: SafeBlocked };
export type SafeTransferRow = Safe<TransferRow, 'peerName' | 'name'>;
export type SafeLogRow = Safe<LogRow, 'peerName' | 'type' | 'text' | 'reason'>;
export type SafeJoinRequest = Safe<JoinRequest, 'name' | 'address' | 'words' | 'warning'>;
export type SafeCommandRequest = Safe<CommandRequest, 'peerName' | 'text'>;
interface SafeExec {
  readonly shell: SafeText;
  readonly requests: readonly SafeCommandRequest[];
  readonly running: readonly Safe<PeerShellState, 'peerName'>[];
}
export type SafeTransfer = Safe<TransferState, 'detail' | 'warning'>;
export type SafeShell = Omit<ShellState, 'lines' | 'signal'> & {
  readonly signal: SafeText | undefined;
  readonly lines: readonly SafeText[];
};
export type SafeChatRow = Omit<ChatRow, 'author' | 'text' | 'transfer' | 'shell'> & {
  readonly author: SafeText;
  /** The first line of `lines`: a file's name or a command. */
  readonly text: SafeText;
  readonly lines: readonly SafeText[];
  readonly transfer: SafeTransfer | undefined;
  readonly shell: SafeShell | undefined;
};
type SafePhase = {
  readonly kind: Phase['kind'];
  readonly reason: SafeText | undefined;
  readonly cause: Cause | undefined;
  readonly retry: Retry | undefined;
};
export type SafeStatus = Omit<
  Status,
  | 'address'
  | 'ownAddresses'
  | 'ownName'
  | 'ownWords'
  | 'receivedDirectory'
  | 'joinRequests'
  | 'phase'
  | 'worstQueue'
  | 'exec'
> & {
  readonly address: SafeText;
  readonly ownAddresses: readonly SafeText[];
  readonly ownName: SafeText;
  readonly ownWords: SafeText | undefined;
  readonly receivedDirectory: SafeText;
  readonly joinRequests: readonly SafeJoinRequest[];
  readonly phase: SafePhase;
  readonly worstQueue: SafeWorstQueue | undefined;
  readonly exec: SafeExec | undefined;
};
export interface SafeMessageBody extends Pick<MessageBody, 'omittedBytes' | 'binaryBytes'> {
  readonly headerLines: readonly SafeText[];
  readonly lines: readonly SafeText[];
  /** As it came, not safe to draw: for the tree of its JSON. */
  readonly text: string;
  readonly bytes: Uint8Array;
  /** Its bytes are UTF-8. */
  readonly isText: boolean;
}

export type SafePeekRow = Safe<Omit<PeekRow, 'body' | 'binaryBase64'>, 'from' | 'text'>;
export type SafePeek = Omit<QueuePeek, 'rows'> & { readonly rows: readonly SafePeekRow[] };

/** The data on the screen; a part is absent until its first update. */
export interface EngineData {
  readonly status?: SafeStatus;
  readonly peers?: ListUpdate<SafePeerRow>;
  readonly queues?: ListUpdate<SafeQueueRow>;
  readonly transfers?: ListUpdate<SafeTransferRow>;
  readonly log?: TailUpdate<SafeLogRow>;
  readonly chat?: TailUpdate<SafeChatRow> & { readonly peer: string };
}

/** The data with one part replaced by an update. */
export function withUpdate(data: EngineData, update: Update): EngineData {
  switch (update.pane) {
    case 'status':
      return { ...data, status: safeStatus(update.status) };
    case 'peers':
      return { ...data, peers: { ...update, rows: kept(data.peers, update.rows, safePeer) } };
    case 'queues':
      return { ...data, queues: { ...update, rows: kept(data.queues, update.rows, safeQueue) } };
    case 'transfers':
      return { ...data, transfers: { ...update, rows: kept(data.transfers, update.rows, safeTransferRow) } };
    case 'log':
      return { ...data, log: { ...update, rows: kept(data.log, update.rows, safeLogRow) } };
    case 'chat':
      return { ...data, chat: { ...update, rows: kept(data.chat, update.rows, safeChatRow) } };
  }
}

/** The rows as they came, by the safe ones. */
const RAW = new WeakMap<object, object>();

/** The rows made safe. A row in which nothing has changed stays the same object, so that it is not drawn again. */
function kept<Row extends { readonly id: unknown }, SafeRow extends { readonly id: unknown }>(
  before: { readonly rows: readonly SafeRow[] } | undefined,
  rows: readonly Row[],
  safe: (row: Row) => SafeRow,
): readonly SafeRow[] {
  const byId = new Map(before?.rows.map((row) => [row.id, row]));
  return rows.map((row) => {
    const known = byId.get(row.id);
    if (known !== undefined && isSameData(RAW.get(known), row)) return known;
    const made = safe(row);
    RAW.set(made, row);
    return made;
  });
}

function isSameData(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  const [left, right] = [Object.entries(one), Object.entries(other)];
  const those = other as Readonly<Record<string, unknown>>;
  return left.length === right.length && left.every(([key, value]) => isSameData(value, those[key]));
}

export function safeBody({
  headerLines,
  text,
  base64,
  omittedBytes,
  binaryBytes,
}: MessageBody): SafeMessageBody {
  const bytes = Buffer.from(base64, 'base64');
  return {
    headerLines: headerLines.map((line) => one(line)),
    lines: sanitizeLines(text),
    // A cut inside a character is no sign of other data.
    isText: !text.replace(/\ufffd$/, '').includes('\ufffd'),
    ...{ text, bytes, omittedBytes, binaryBytes },
  };
}

export function safePeek({ rows, ...peek }: QueuePeek): SafePeek {
  return {
    ...peek,
    rows: rows.map(({ place, atMs, sizeBytes, isSent, from, text }) => ({
      ...{ place, atMs, sizeBytes, isSent },
      from: maybe(from),
      text: one(text),
    })),
  };
}

function one(text: string): SafeText {
  return sanitize(text.length > SHOWN_CHARACTERS_MAX ? text.slice(0, SHOWN_CHARACTERS_MAX) : text);
}

function maybe(text: string | undefined): SafeText | undefined {
  return text === undefined ? undefined : one(text);
}

function safeStatus(status: Status): SafeStatus {
  return {
    ...status,
    address: one(status.address),
    ownAddresses: status.ownAddresses.map(one),
    ownName: one(status.ownName),
    ownWords: maybe(status.ownWords),
    receivedDirectory: one(status.receivedDirectory),
    joinRequests: status.joinRequests.map(safeJoinRequest),
    worstQueue: status.worstQueue && safeWorst(status.worstQueue),
    exec: status.exec && safeExec(status.exec),
    phase: {
      kind: status.phase.kind,
      reason: 'reason' in status.phase ? one(status.phase.reason) : undefined,
      cause: 'cause' in status.phase ? status.phase.cause : undefined,
      retry: status.phase.kind === 'retrying' ? status.phase : undefined,
    },
  };
}

function safeExec({ shell, requests, running }: ExecState): SafeExec {
  return {
    shell: one(shell),
    requests: requests.map((row) => ({ ...row, peerName: one(row.peerName), text: one(row.text) })),
    running: running.map((row) => ({ ...row, peerName: one(row.peerName) })),
  };
}

function safeJoinRequest(row: JoinRequest): SafeJoinRequest {
  return {
    ...row,
    name: one(row.name),
    address: one(row.address),
    words: maybe(row.words),
    warning: maybe(row.warning),
  };
}

function safePeer(row: PeerRow): SafePeerRow {
  return {
    ...row,
    name: one(row.name),
    wireName: one(row.wireName),
    address: one(row.address),
    reason: maybe(row.reason),
    words: maybe(row.words),
    version: maybe(row.version),
    certificateIssuer: maybe(row.certificateIssuer),
    tls: maybe(row.tls && `${row.tls.version}, ${row.tls.cipher}`),
  };
}

function safeQueue(row: QueueRow): SafeQueueRow {
  const { peerName, type, blocked } = row;
  return { ...row, peerName: one(peerName), type: one(type), blocked: blocked && safeBlocked(blocked) };
}

function safeBlocked({ code, text, remedy, endsByItself, more = [] }: Blocked): SafeBlocked {
  return {
    code,
    endsByItself: endsByItself === true,
    text: one(text),
    remedy: remedy && { text: one(remedy.text), command: maybe(remedy.command) },
    more: more.map(safeBlocked),
  };
}

function safeWorst(row: WorstQueue): SafeWorstQueue {
  return { ...safeQueue(row), blocked: safeBlocked(row.blocked) };
}

function safeTransferRow(row: TransferRow): SafeTransferRow {
  return { ...row, peerName: one(row.peerName), name: one(row.name) };
}

function safeLogRow(row: LogRow): SafeLogRow {
  const { peerName, type, text, reason } = row;
  return { ...row, peerName: one(peerName), type: one(type), text: one(text), reason: maybe(reason) };
}

function safeChatRow(row: ChatRow): SafeChatRow {
  const lines = sanitizeLines(row.text.slice(0, SHOWN_CHARACTERS_MAX));
  return {
    ...row,
    author: one(row.author),
    text: lines[0] ?? one(''),
    lines,
    transfer:
      row.transfer === undefined
        ? undefined
        : { ...row.transfer, detail: maybe(row.transfer.detail), warning: maybe(row.transfer.warning) },
    shell:
      row.shell === undefined
        ? undefined
        : { ...row.shell, signal: maybe(row.shell.signal), lines: row.shell.lines.map(one) },
  };
}
