/**
 * The views of a screen and their updates. All types are plain data that structuredClone can copy, so the same API works
 * over a worker's port, a unix socket and in a test.
 *
 * Texts from a peer are raw: make them safe before you draw them.
 */
import type { Blocked } from './blocked.ts';
import type { ChatRow } from './chat-rows.ts';
import type { ExecState } from './exec-state.ts';
import type { TransferPhase } from './transfer-progress.ts';

export type { Blocked } from './blocked.ts';
export type { ChatRow, ShellState, TransferState } from './chat-rows.ts';
export type { Body, MessageBody } from './message-body.ts';

export type PeerSort = 'name' | 'address' | 'state' | 'rate' | 'lag' | 'waiting' | 'dropped' | 'certificate';
export type QueueSort = 'name' | 'depth' | 'size' | 'age' | 'in' | 'out' | 'lag' | 'drain';
export type TransferSort = 'name' | 'peer' | 'rate' | 'size';

/** A window of a sorted, filtered list. */
export interface ListWindow<Sort extends string> {
  readonly filter: string;
  readonly sort: Sort;
  readonly descending: boolean;
  readonly offset: number;
  readonly rows: number;
}

/** A window of an ever-growing list: up to `endId`, or the first ones after `afterId`, or else the newest entries. */
export interface TailWindow {
  readonly filter: string;
  readonly endId?: number;
  readonly afterId?: number;
  readonly rows: number;
}

export type View =
  | { readonly pane: 'status' }
  | ({ readonly pane: 'peers' } & ListWindow<PeerSort>)
  | ({ readonly pane: 'queues' } & ListWindow<QueueSort>)
  | ({ readonly pane: 'transfers' } & ListWindow<TransferSort>)
  | ({ readonly pane: 'log' } & TailWindow)
  | ({ readonly pane: 'chat'; readonly peer: string } & TailWindow);

export type SecurityMode = 'plain' | 'tls-allow-all' | 'mutual-tls';

/**
 * Why there is no connection: nothing listens at the address, nothing answers, the peer refused, this side refused, the
 * connection broke, or one side does not accept the other's certificate.
 */
export type Cause =
  | 'nothing-listens'
  | 'no-answer'
  | 'refused-there'
  | 'refused-here'
  | 'lost'
  | 'certificate'
  | 'other';

/** The next attempt to connect. */
export interface Retry {
  /** How many have failed since the last connection. */
  readonly attempt: number;
  readonly retryAtMs: number;
}

/** The state of the connector, as the header shows it. */
export type Phase =
  | { readonly kind: 'starting' }
  | { readonly kind: 'listening' }
  | { readonly kind: 'connecting' }
  /** The peer's user has not accepted this side yet. */
  | { readonly kind: 'waiting-to-be-let-in' }
  | { readonly kind: 'connected' }
  | ({ readonly kind: 'retrying'; readonly reason: string; readonly cause: Cause } & Retry)
  /** The peer refused; aioc does not retry until the user asks for it. */
  | { readonly kind: 'refused'; readonly reason: string; readonly cause: Cause }
  | { readonly kind: 'failed'; readonly code: string; readonly reason: string }
  | { readonly kind: 'stopped' };

/** A client that has connected and waits to be accepted. */
export interface JoinRequest {
  readonly id: number;
  /** The name that it claims. */
  readonly name: string;
  readonly address: string;
  /** Its fingerprint in words; absent if it has no certificate (every Python client). */
  readonly words?: string;
  readonly askedAtMs: number;
  readonly expiresAtMs: number;
  /** A warning for the user, for example that the name was used with another certificate. */
  readonly warning?: string;
}

/** `low`: little is free; `refusing`: messages wait because the disk takes nothing. */
export interface DiskRoom {
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly state: 'ok' | 'low' | 'refusing';
}

export type WorstQueue = QueueRow & { readonly blocked: Blocked };

export interface Status {
  readonly role: 'server' | 'client';
  /** On a server: its listening address. On a client: its server. `host:port`. */
  readonly address: string;
  readonly port: number;
  /** Addresses of this machine, most useful first. */
  readonly ownAddresses: readonly string[];
  readonly security: SecurityMode;
  /** True for a connector from a configuration file; false for the chat. */
  readonly configured: boolean;
  /** The engine refuses every command of this screen. */
  readonly isReadOnly: boolean;
  readonly canDeleteCertificates: boolean;
  /** A client without a certificate, which requests one when it connects. */
  readonly asksForCertificate: boolean;
  /** Only of `aioc chat --exec`. */
  readonly exec?: ExecState;
  readonly ownName: string;
  /** This side's fingerprint in words; absent without TLS. */
  readonly ownWords?: string;
  /** When this side's certificate ends; only in mutual TLS, and on a client once it has connected with it. */
  readonly ownCertificateEndsAtMs?: number;
  readonly startedAtMs: number;
  readonly phase: Phase;
  /** Messages per second, over the last few seconds. */
  readonly inRate: number;
  readonly outRate: number;
  /** Unacknowledged messages to peers: the sum of the outboxes. */
  readonly waitingCount: number;
  /** Messages that no listener has received yet: the sum of the inboxes. */
  readonly waitingInCount: number;
  /** Queues with messages that are blocked, and do not go on by themselves. */
  readonly stuckCount: number;
  /** Of all blocked queues, the one that needs a person most. */
  readonly worstQueue?: WorstQueue;
  /** Of the disk with the journal, or with received files; absent until it is known. */
  readonly disk?: DiskRoom;
  /** How many of the messages to peers are on disk. */
  readonly storedCount: number;
  readonly waitingBytes: number;
  readonly receivedDirectory: string;
  readonly acceptsAll: boolean;
  readonly ignoringAll: boolean;
  readonly ignoredDrops: number;
  readonly joinRequests: readonly JoinRequest[];
  /** Of the chat. */
  readonly transfersInFlight: number;
  /** Files that are on their way beside the messages, in both directions. */
  readonly filesRunning: number;
  /** Files that wait for their peer, and partial files of which the peer has not sent the rest. */
  readonly filesWaiting: number;
  readonly peersConnected: number;
  readonly unreadTotal: number;
  /** The id of the newest row of the log; 0 before the first. */
  readonly logLastId: number;
}

export type PeerState = 'connecting' | 'waiting' | 'connected' | 'away' | 'refused';
export type PeerKind = 'aioc' | 'python' | 'unknown';

export interface PeerRow {
  /** Stable while aioc runs; commands use it. */
  readonly id: string;
  /** The name shown, unique among the peers. */
  readonly name: string;
  /** Its name on the wire, if that differs. */
  readonly wireName: string;
  readonly address: string;
  readonly state: PeerState;
  readonly sinceMs: number;
  /** The reason for its state, if any. */
  readonly reason?: string;
  /** Why it is not connected, if that is known. */
  readonly cause?: Cause;
  /** A client's server: when this side tries again. */
  readonly retry?: Retry;
  readonly kind: PeerKind;
  readonly words?: string;
  /** SHA-256 of its certificate in hex. */
  readonly fingerprint?: string;
  /** The name of its certificate's issuer. */
  readonly certificateIssuer?: string;
  readonly certificateStartsAtMs?: number;
  /** Version and cipher of the last connection. */
  readonly tls?: { readonly version: string; readonly cipher: string };
  /** Of its program; only of aioc. */
  readonly version?: string;
  /** When its certificate ends; only in mutual TLS. */
  readonly certificateEndsAtMs?: number;
  /** When it was last connected with its certificate; only on a server in mutual TLS, and only if it is known. */
  readonly certificateLastUseMs?: number;
  /** Round trip of the last ping. */
  readonly lagMs?: number;
  /** How long messages to it wait for their acks now: the worst of its queues; absent before the first ack. */
  readonly ackLagMs?: number;
  /** Messages per second in both directions, oldest first, one value per 5 s of the last 40 s. */
  readonly rateHistory: readonly number[];
  readonly rate: number;
  /** Messages per second from it, and to it. */
  readonly inRate: number;
  readonly outRate: number;
  readonly ignored: boolean;
  readonly ignoredIn: number;
  readonly ignoredOut: number;
  /** Number of dropped frames that it sent under another name; absent if none. */
  readonly forgedIn?: number;
  readonly waitingCount: number;
  /** In the chat: what waits for it is on disk, and goes to this certificate only, also after a restart. */
  readonly isKept?: true;
  /** Its conversation has rows of earlier runs. */
  readonly hasEarlier?: true;
  readonly unread: number;
}

export interface QueueRow {
  readonly id: string;
  readonly direction: 'out' | 'in';
  /** Absent for an inbox, which all peers share. */
  readonly peer?: string;
  readonly peerName: string;
  readonly type: string;
  readonly depth: number;
  readonly bytes: number;
  /** Whether its messages are on disk; absent in the chat, which stores nothing. */
  readonly stored?: boolean;
  readonly oldestAtMs?: number;
  readonly inRate: number;
  readonly outRate: number;
  /** Messages per second that left it, oldest first, one value per 5 s of the last 40 s. */
  readonly rateHistory: readonly number[];
  /** How long its messages wait for their acks now; absent before the first one, and for an inbox. */
  readonly ackLagMs?: number;
  /** How many bytes are sent and not acknowledged, and how many may be; absent for an inbox. */
  readonly credit?: { readonly unackedBytes: number; readonly maxBytes: number };
  /** Seconds until empty at the rates of the last 20 s; absent if it does not shrink. */
  readonly drainSeconds?: number;
  /** Messages dropped by the full queue since the start; absent if none. */
  readonly dropped?: number;
  /** Why the queue is blocked; absent if it is not. */
  readonly blocked?: Blocked;
}

/** A file on its way to or from an aioc peer, or what is here of one whose peer is away. */
export interface TransferRow {
  /** Short, for commands; the same at both ends. */
  readonly id: string;
  readonly direction: 'in' | 'out';
  readonly peerName: string;
  readonly name: string;
  /** `waiting`: for its turn or for its peer. */
  readonly phase: TransferPhase;
  readonly doneBytes: number;
  /** Absent if not known yet: of a directory. */
  readonly totalBytes?: number;
  /** What was there already when this connection began. */
  readonly resumedBytes: number;
  readonly bytesPerSecond: number;
  /** Of an incoming file whose peer does not send it now: when something was added last. */
  readonly idleSinceMs?: number;
}

/**
 * The progress of a message. Outgoing: `queued`, `sent` (written to the connection), then `peer has it` (acknowledged by
 * aioc after storing it) or `received by Python` (acknowledged before Python checks, stores or delivers it). The sender does
 * not learn whether the peer's listener has processed it.
 *
 * Incoming: `arrived`, `stored` or `in memory`, then `taken` (acknowledged by its listener) or `handed over` (written to
 * Python's receive socket, whose reader sends no acks).
 */
export type Outcome =
  | 'queued'
  | 'sent'
  | 'peer has it'
  | 'received by Python'
  | 'arrived'
  | 'stored'
  | 'in memory'
  | 'taken'
  | 'handed over'
  | 'dropped'
  | 'refused'
  | 'failed'
  | 'info'
  | 'warning';

export interface LogRow {
  readonly id: number;
  readonly atMs: number;
  readonly kind: 'message' | 'file' | 'event';
  readonly direction?: 'in' | 'out';
  readonly peerName: string;
  readonly type: string;
  readonly sizeBytes?: number;
  readonly outcome: Outcome;
  /** One line: the event, the reason for a refusal, or the start of the message. */
  readonly text: string;
  /** The reason for the outcome, if any; also at the end of the text. */
  readonly reason?: string;
  /** A warning that has come several times: how often, and when last; its row stands where it came first. */
  readonly repeats?: number;
  readonly lastAtMs?: number;
  /** There is more; `query` returns it. */
  readonly hasBody: boolean;
}

export interface ListUpdate<Row> {
  readonly total: number;
  /** The number of rows that pass the filter. */
  readonly matched: number;
  readonly offset: number;
  readonly rows: readonly Row[];
  /** Why the filter finds nothing: it is faulty. */
  readonly filterFault?: string;
  /** As in TailUpdate. */
  readonly isPartial?: true;
}

export interface TailUpdate<Row> {
  readonly total: number;
  readonly matched: number;
  /** Entries below the window; 0 while following. */
  readonly newer: number;
  readonly older: number;
  /** Entries dropped because of the limit. */
  readonly forgotten: number;
  readonly rows: readonly Row[];
  /** Why the filter finds nothing: it is faulty. */
  readonly filterFault?: string;
  /** The filter has not tested all rows yet: another update follows, in which more may match. */
  readonly isPartial?: true;
}

export type Update =
  | { readonly pane: 'status'; readonly status: Status }
  | ({ readonly pane: 'peers' } & ListUpdate<PeerRow>)
  | ({ readonly pane: 'queues' } & ListUpdate<QueueRow>)
  | ({ readonly pane: 'transfers' } & ListUpdate<TransferRow>)
  | ({ readonly pane: 'log' } & TailUpdate<LogRow>)
  | ({ readonly pane: 'chat'; readonly peer: string } & TailUpdate<ChatRow>);
