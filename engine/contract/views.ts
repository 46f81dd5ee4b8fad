/**
 * What a screen may ask to see, and what it then gets. Everything here is plain data that survives
 * structuredClone, so that the same door serves a worker's port, a unix socket and a test.
 *
 * Texts that came from a peer are raw. Whoever draws them must make them safe first.
 */
export type PeerSort = 'name' | 'state' | 'rate' | 'waiting';
export type QueueSort = 'backlog' | 'age' | 'name' | 'rate';

/** A window of a sorted, filtered list. */
export interface ListWindow<Sort extends string> {
  readonly filter: string;
  readonly sort: Sort;
  readonly descending: boolean;
  readonly offset: number;
  readonly rows: number;
}

/** A window of an ever-growing list. Without `endId` it follows the newest entry. */
export interface TailWindow {
  readonly filter: string;
  readonly endId?: number;
  readonly rows: number;
}

export type View =
  | { readonly pane: 'status' }
  | ({ readonly pane: 'peers' } & ListWindow<PeerSort>)
  | ({ readonly pane: 'queues' } & ListWindow<QueueSort>)
  | ({ readonly pane: 'log' } & TailWindow)
  | ({ readonly pane: 'chat'; readonly peer: string } & TailWindow);

export type SecurityMode = 'plain' | 'tls-allow-all' | 'mutual-tls';

/** What the connector is doing, in the words that the header shows. */
export type Phase =
  | { readonly kind: 'starting' }
  | { readonly kind: 'listening' }
  | { readonly kind: 'connecting' }
  /** The other side has not let us in yet: its user is being asked. */
  | { readonly kind: 'waiting-to-be-let-in' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'retrying'; readonly reason: string; readonly retryAtMs: number }
  /** The other side said no; nothing more happens until the user asks for it. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly code: string; readonly reason: string }
  | { readonly kind: 'stopped' };

/** Somebody who has connected and waits to be let in. */
export interface JoinRequest {
  readonly id: number;
  /** The name it gives itself. */
  readonly name: string;
  readonly address: string;
  /** Its fingerprint in words; absent when it showed no certificate (every Python client). */
  readonly words?: string;
  readonly askedAtMs: number;
  readonly expiresAtMs: number;
  /** Something the user should know before saying yes, e.g. that the name was used by another certificate. */
  readonly warning?: string;
}

export interface Status {
  readonly role: 'server' | 'client';
  /** A server: what it listens on. A client: whom it calls. `host:port`. */
  readonly address: string;
  readonly port: number;
  /** Addresses by which this machine can be reached, most useful first. */
  readonly ownAddresses: readonly string[];
  readonly security: SecurityMode;
  /** It runs a configuration file: not the chat, but a connector for programs of this machine. */
  readonly configured: boolean;
  readonly canDeleteCertificates: boolean;
  /** A client that has no certificate of its own yet, and asks its server for one when it calls. */
  readonly asksForCertificate: boolean;
  readonly ownName: string;
  /** Our own fingerprint in words; absent without TLS. */
  readonly ownWords?: string;
  readonly startedAtMs: number;
  readonly phase: Phase;
  /** Messages a second, over the last few seconds. */
  readonly inRate: number;
  readonly outRate: number;
  /** Messages for peers that these have not acknowledged: the sum of the queues outwards. */
  readonly waitingCount: number;
  /** Messages that no program has taken yet: the sum of the inboxes. */
  readonly waitingInCount: number;
  /** Queues that hold messages of which none can leave. */
  readonly stuckCount: number;
  /** How many of those for peers are on the disk, and outlive the program. */
  readonly storedCount: number;
  readonly waitingBytes: number;
  readonly receivedDirectory: string;
  readonly acceptsAll: boolean;
  readonly ignoringAll: boolean;
  readonly ignoredDrops: number;
  readonly joinRequests: readonly JoinRequest[];
  readonly transfersInFlight: number;
  readonly peersConnected: number;
  readonly unreadTotal: number;
}

export type PeerState = 'connecting' | 'waiting' | 'connected' | 'away' | 'refused';
export type PeerKind = 'aioc' | 'python' | 'unknown';

export interface PeerRow {
  /** Stable while the program runs; what commands name. */
  readonly id: string;
  /** What it is called here: unique among our peers. */
  readonly name: string;
  /** The name it uses on the wire, when that differs. */
  readonly wireName: string;
  readonly address: string;
  readonly state: PeerState;
  readonly sinceMs: number;
  /** Why it is in this state, when there is something to say. */
  readonly reason?: string;
  readonly kind: PeerKind;
  readonly words?: string;
  readonly lagMs?: number;
  /** Messages a second in both directions, oldest first, one value for each 5 s of the last 40 s. */
  readonly rateHistory: readonly number[];
  readonly rate: number;
  readonly ignored: boolean;
  readonly ignoredIn: number;
  readonly ignoredOut: number;
  /** Frames that it sent under another name than its own, and that were dropped; absent: none. */
  readonly forgedIn?: number;
  readonly waitingCount: number;
  readonly unread: number;
}

export interface QueueRow {
  readonly id: string;
  readonly direction: 'out' | 'in';
  /** Absent for an inbox, which is shared by all peers. */
  readonly peer?: string;
  readonly peerName: string;
  readonly type: string;
  readonly depth: number;
  readonly bytes: number;
  /** Whether its messages are on the disk; absent where nothing ever is, as in the chat. */
  readonly stored?: boolean;
  readonly oldestAtMs?: number;
  readonly inRate: number;
  readonly outRate: number;
  /** Seconds until empty at the present rates; absent when it does not shrink. */
  readonly drainSeconds?: number;
  /** Messages that a full queue has dropped in this run; absent while there are none. */
  readonly dropped?: number;
  /** Why nothing leaves, worst reason first; absent when it flows or is empty. */
  readonly blocked?: string;
}

/**
 * How far a message has come, each from an event that has been seen. Outwards `queued`, `sent` (all of it has been
 * written to the connection), then `peer has it` (an aioc's acknowledgement, which comes after its store) or
 * `received by Python` (its acknowledgement, which comes before Python checks, stores or delivers anything). That a
 * listener of the peer has taken it is told to nobody.
 *
 * Inwards `arrived`, `stored` or `in memory`, then `taken` (its listener has said that it is done with it) or
 * `handed over` (written to Python's receive socket, whose reader says nothing).
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
  /** One line: the event, why it was refused, or the beginning of the message. */
  readonly text: string;
  /** Why the outcome is what it is, where there is something to say; the text ends with it, too. */
  readonly reason?: string;
  /** There is more to see: `query` gives it. */
  readonly hasBody: boolean;
}

/** How far a line of ours has come. `received` is a real acknowledgement by the other side. */
type Mark = 'waiting' | 'sent' | 'received' | 'dropped' | 'failed';

export interface TransferState {
  readonly phase: 'preparing' | 'waiting' | 'running' | 'done' | 'refused' | 'failed' | 'cancelled';
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  /** Where it ended up, or why it did not. */
  readonly detail?: string;
}

export interface ShellState {
  readonly running: boolean;
  readonly exitCode?: number;
  readonly signal?: string;
  /** The last lines of its output, oldest first. */
  readonly lines: readonly string[];
  readonly droppedLines: number;
}

export interface ChatRow {
  readonly id: number;
  readonly atMs: number;
  readonly from: 'me' | 'peer' | 'here';
  readonly author: string;
  /** The line, the file's name, or the command. */
  readonly text: string;
  readonly mark?: Mark;
  readonly transfer?: TransferState;
  readonly shell?: ShellState;
  /** A line that only this side sees. */
  readonly tone?: 'info' | 'good' | 'bad';
  /** The first one that has not been read yet. */
  readonly firstUnread?: boolean;
}

export interface ListUpdate<Row> {
  readonly total: number;
  /** How many pass the filter. */
  readonly matched: number;
  readonly offset: number;
  readonly rows: readonly Row[];
}

export interface TailUpdate<Row> {
  readonly total: number;
  readonly matched: number;
  /** Entries below the window; 0 while following. */
  readonly newer: number;
  readonly older: number;
  /** Entries that the bound has pushed out for good. */
  readonly forgotten: number;
  readonly rows: readonly Row[];
}

export type Update =
  | { readonly pane: 'status'; readonly status: Status }
  | ({ readonly pane: 'peers' } & ListUpdate<PeerRow>)
  | ({ readonly pane: 'queues' } & ListUpdate<QueueRow>)
  | ({ readonly pane: 'log' } & TailUpdate<LogRow>)
  | ({ readonly pane: 'chat'; readonly peer: string } & TailUpdate<ChatRow>);

/** The whole of one log entry. */
export interface Body {
  readonly id: number;
  /** The header as it stood on the wire, one `key: value` a line. */
  readonly headerLines: readonly string[];
  readonly text: string;
  /** Bytes that are not shown. */
  readonly omittedBytes: number;
}
