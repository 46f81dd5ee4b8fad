import { ADMISSION_LIMITS } from './admission-limits.ts';
import { ARCHIVE_LIMITS } from './archive-limits.ts';
import { CERTIFICATE_LIMITS } from './certificate-limits.ts';
import { CONVERSATION_LIMITS } from './conversation-limits.ts';
import { EXEC_LIMITS } from './exec-limits.ts';
import { FRAME_LIMITS } from './frame-limits.ts';
import { PEEK_LIMITS } from './peek-limits.ts';
import { TRANSFER_LIMITS } from './transfer-limits.ts';

/**
 * Every bound of the engine, with its unit and its reason. Nothing in the engine grows without a bound from this list.
 */
const KIB = 1024;
const MIB = 1024 * KIB;

export const LIMITS = {
  /** Message bytes in a connector's memory: all queues, connections and programs together. */
  memoryBudgetBytes: 32 * MIB,

  ...FRAME_LIMITS,

  // Frames (PROTOCOL §1)
  /** Before the peer is identified: enough for a handshake, too little to exhaust memory. */
  frameBeforeIdentityBytes: 64 * KIB,
  /** The maximum of the header's length field. */
  headerBytes: 65_535,
  /**
   * Reserved in the header of a program's message for fields that connectors add: the sequence number and the file's
   * status.
   */
  headerSpareBytes: 4 * KIB,
  /** Nesting of a JSON header. No application nests deeper. */
  headerDepth: 32,
  /**
   * Default of max_size_message: data and binary of one message, which are in memory. The bytes of a file are streamed.
   */
  messageBytes: 64 * MIB,
  /** Maximum of max_size_message: one append to the journal must hold the message, with a margin. */
  messageLargestBytes: 1_000 * MIB,
  /** The maximum of the frame's length field. A larger file cannot be sent in one frame. */
  frameBytes: 0xffff_ffff,
  /** A file that is sent in one frame together with its message. */
  fileInFrameBytes: 0xffff_ffff - 1024 * KIB,
  /** Frames up to this size are copied into one write with others, which is cheaper than separate writes. */
  copiedFrameBytes: 8 * KIB,
  /** Messages of one connection that are being stored at the same time. Reading pauses at this limit. */
  unstoredMessages: 1_024,
  unstoredBytes: 4 * MIB,
  /** Unsent replies to a peer that sends but does not read. At this limit aioc stops reading from the peer. */
  answerBacklogBytes: 4 * MIB,
  /** Characters of a client's name (PROTOCOL §1). */
  nameLength: 128,
  /** Characters of a server's name or address: the longest name in DNS (RFC 1035 §3.1). An invitation has room for 255. */
  hostCharacters: 253,

  // Connections
  ...ADMISSION_LIMITS,
  ...EXEC_LIMITS,
  /** Connections of a server. Each costs about 100 KiB with TLS. */
  connections: 10_000,
  /** A client that stays silent this long is Python for the server, unless the server knows it as aioc. */
  probeHoldMs: 500,
  /** A server that accepted the client but does not answer its probe this long is Python for the client. */
  probeAnswerMs: 2_000,
  /**
   * A server that does not answer the probe this long is Python for the client. The server's user may still be deciding:
   * joinRequestTimeoutMs and a margin. Python answers as soon as it reads.
   */
  probeSilenceMs: 75_000,
  /**
   * A peer known as aioc receives the probe again after this time: longer than any slow link, since queued messages are
   * safe.
   */
  probeRetryMs: 15_000,
  /** Probes on one connection to a peer known as aioc, before aioc reconnects. */
  probeTries: 2,
  /** A Python peer over TLS that is quiet this long may have stalled (engine/peers/python-tls-unstaller.ts). */
  unstallQuietMs: 20,
  /**
   * Unacknowledged bytes to a Python peer over TLS: after 128 KiB of read-ahead, nothing can restart a stalled peer.
   */
  pythonUnreadBytes: 64 * KIB,
  reconnectFirstMs: 200,
  reconnectMaxMs: 5_000,
  /** Back-off after a refusal, so that the server's user is not asked every 5 s. */
  reconnectAfterRefusalMs: 30_000,
  /** A larger difference to the peer's clock causes a warning. */
  clockSkewMs: 60_000,
  /** Two clients of one name (engine/peers/yielding-client.ts): the back-off of the superseded client. */
  conflictFirstMs: 1_000,
  conflictMaxMs: 60_000,
  /** The server ended this many connections in a row, each within this time: a name conflict, not an accident. */
  conflictShortMs: 10_000,
  conflictEndings: 3,
  /** A connection that lasted this long ends the conflict: several times conflictMaxMs. */
  conflictResetMs: 5 * 60_000,
  /** Interval of the log's warnings about two clients of one name. */
  duplicateLogMs: 30_000,
  /** Default of connect_timeout: lookup, TCP and TLS, for all addresses of a host together. */
  dialTimeoutMs: 10_000,
  /** A name server that does not answer. The system itself waits up to 30 s. */
  lookUpTimeoutMs: 5_000,
  /** Delay before the next address is tried in parallel (RFC 8305 §8). */
  dialStaggerMs: 250,
  /** Time for a TLS handshake while other addresses wait. Slow links need less. */
  dialHandshakeMs: 2_000,
  /** Addresses of one host that are tried. Each costs a connection; all attempts start within 4 s. */
  dialAddresses: 16,
  pingTimeoutMs: 5_000,
  /** While a screen shows peers: their round trips are measured so often, for peers that have nothing to acknowledge. */
  lagPingMs: 30_000,
  /**
   * An aioc peer that is silent this long after something was sent to it gets heartbeatAttempts pings, heartbeatReplyMs
   * apart, before the connection is closed.
   */
  heartbeatQuietMs: 5_000,
  /** The same if nothing has been sent to it meanwhile: a thousand idle clients cost a server little. */
  heartbeatIdleMs: 60_000,
  heartbeatReplyMs: 5_000,
  heartbeatAttempts: 2,
  /** Time to send queued bytes when a connection is closed normally. */
  drainTimeoutMs: 5_000,
  /** Clients that a server remembers, connected or not. It forgets the longest absent first. */
  peersRemembered: 10_000,
  /** known-aioc.json: at most two names, an address and a fingerprint for each of `peersRemembered`. */
  knownPeersBytes: 8 * MIB,
  /** Pause between two writes of known-aioc.json. A full file takes about 20 ms of a core. */
  knownPeersPauseMs: 2_000,

  /** A file of aioc's identity. A key or a certificate takes 1 to 4 KiB. */
  identityFileBytes: 64 * KIB,

  // Files that several processes change
  /** Retry interval for a lock. A holder needs it for a few writes only. */
  lockRetryMs: 20,
  /** A lock of another machine that is unchanged this long is stale. A slow disk takes less. */
  lockStaleMs: 10_000,
  /**
   * Reads of a file that another program does not replace atomically, `lockRetryMs` apart, before it counts as damaged.
   */
  incompleteReads: 10,

  // Certificates and how clients get them
  ...CERTIFICATE_LIMITS,

  // Who may connect (whitelists and blacklists)
  /** Characters of a pattern for names: twice nameLength. */
  namePatternCharacters: 256,
  /** Nested brackets of such a pattern. The parser is recursive. */
  namePatternDepth: 8,
  /** Entries of one list. Each connection is checked against all of them. */
  accessEntries: 10_000,

  // The machine's own unix sockets (PROTOCOL §4)
  /** The path of a unix socket: the shortest maximum of all systems. */
  socketPathBytes: 104,
  /** Time to receive the rest of a frame over a unix socket. Local programs are never this slow. */
  localFrameTimeoutMs: 10_000,
  /** Time for a reply to a command. Python does not reply to unknown commands. */
  commandTimeoutMs: 10_000,
  /** Time for a command that stops or restarts a connector, which first drains its queues. */
  stopTimeoutMs: 60_000,
  /** A reply to a command: the peers of a full server, with a margin. */
  commandAnswerBytes: 16 * MIB,
  /** Silence of a peer's older connection before aioc reads the newer one. Frames of the older one come first. */
  olderConnectionMs: 1_000,
  /** Unread bytes of one connection to a listener, beyond an incomplete frame. */
  listenerReadAheadBytes: 1 * MIB,
  /** Default timeout of a request: as long as a Python connector waits for a response. */
  responseTimeoutMs: 60 * 60 * 1000,
  /** The largest chunk of a file that Python's API sends. */
  chunkUploadBytes: 200 * MIB,
  /** Chunks of one file. The receiver keeps all of them on its disk until the last one arrives. */
  fileChunks: 10_000,

  /** Symbolic links in the path of a directory: as many as Linux follows. */
  linksFollowed: 40,
  /** Queued files of other users' programs, all together (engine/local/spool.ts). */
  spooledFiles: 10_000,
  spooledBytes: 16 * 1024 * MIB,
  /** Files of one program that are being received before their messages. */
  incomingFiles: 64,

  // Configuration
  /** A configuration file. One with all keys takes 4 KiB. */
  configFileBytes: 1 * MIB,
  /** Faults that one message lists: more than a user reads. */
  configFaults: 50,
  /** The longest path that systems accept. */
  configPathCharacters: 4_096,
  /** The maximum of a timer: 2^31 ms. */
  configSeconds: 2_147_483,
  messageTypeCharacters: 128,

  /** One write to a listener: less than a unix socket accepts at once. */
  deliveryBatchBytes: 64 * KIB,
  /** Bytes that a Python listener reads ahead: twice the 64 KiB limit of its stream reader. */
  listenerReaderBytes: 128 * KIB,
  /** Bytes that a Python listener reads from its socket at once. */
  listenerReadBytes: 256 * KIB,
  /** Buffer of a unix socket if the system does not report it: twice Linux's default. */
  unixSocketBytes: 416 * KIB,
  /** Interval for connecting to an absent listener while messages wait for it. */
  listenerRetryMs: 500,
  /** Default of maxMessages: messages that a program handles together. */
  listenerBatchMessages: 1_000,
  /** Unacknowledged messages of a local program's subscription. One batch or message may exceed each. */
  subscriptionMessages: 16_384,
  subscriptionBytes: 2 * MIB,
  /** Time in which a listener on Python's socket may subscribe instead: enough for a few local round trips. */
  subscriptionGraceMs: 250,
  /** Interval in which a program retries its connector's native socket. */
  subscriptionRetryMs: 50,
  /** Sockets of another directory that a start tries, to warn about one in use. Each costs a connection. */
  socketsTried: 100,
  /** Period of the message counts in the log: as in Python. */
  messageCountsMs: 2 * 60 * 1000,
  /** Time for a listener to return, for example after a restart, before messages that do not fit are dropped. */
  listenerGraceMs: 10_000,
  /** Simultaneous connections of local programs to one socket. */
  localConnections: 1_000,
  /**
   * Simultaneous connections to the send socket: with uds_path_send_preserve_socket false, one for each message that a
   * full queue holds back. Each costs a file descriptor and a few KiB; memoryBudgetBytes bounds their messages.
   */
  sendConnections: 4_000,
  /** Messages of one local program that the connector has received and not confirmed yet. */
  localUnconfirmed: 1_024,
  /** Those that came in batches: what costs memory is their bytes. */
  localUnconfirmedBatched: 65_536,
  localUnconfirmedBytes: 8 * MIB,
  /** Bytes that the library writes to its connector before it waits for the connector to read. */
  localReadAheadBytes: 1 * MIB,
  /** Time for the connector's hello. It is on the same machine. */
  localHelloMs: 5_000,
  /** Requests of local programs that wait for their responses. */
  pendingRequests: 10_000,
  /** Characters of an unknown command in the log: Python's longest name, with a margin. */
  commandNameCharacters: 80,
  /** Interval between warnings of one kind about one peer, so that no peer can flood the log. */
  peerWarningMs: 1_000,
  /** Interval of the log's warnings about messages that a full queue dropped. */
  dropLogMs: 1_000,
  /** Interval of the log's warnings about a full queue that holds back programs or peers. */
  fullQueueLogMs: 60_000,
  /** Time at a stop to read what local programs have already written. */
  stopReadMs: 2_000,
  /** Interval of these reads, and empty reads before the end. Bytes in a socket's buffer arrive at once. */
  stopReadIntervalMs: 10,
  stopReadAttempts: 3,
  /** Kinds of refused messages that are counted separately. More types than a configuration has are an attack. */
  refusalKinds: 1_000,
  /** A command to the commander socket. */
  commandBytes: 64 * KIB,

  // Screens that are attached (engine/local/native/PROTOCOL.md)
  /** Each screen costs the connector up to ten updates of its views a second. */
  screensAttached: 16,
  /** Pending commands and queries of one screen. At this limit aioc stops reading from it. */
  screenCalls: 64,
  /** The longest chat line, with six bytes of JSON for each of its bytes, and a margin. */
  screenRequestBytes: 8 * MIB,
  /** Shell commands of one screen that run at once. They are shown as ended when the screen detaches. */
  screenCommands: 64,
  /** Unread bytes of a screen. Beyond this it receives no updates until it reads, and then the newest. */
  screenBacklogBytes: 128 * KIB,

  // Queues
  outboxMessages: 10_000,
  outboxBytes: 64 * MIB,
  /**
   * Beyond the window, of a queue in memory whose peer takes messages: enough to keep the connection busy. What lives
   * longer in memory costs full garbage collections.
   */
  outboxAheadBytes: 4 * MIB,
  /** A peer that takes nothing for this long no longer holds back programs before the queue is full. */
  outboxStallMs: 250,
  /** Messages of one outbox that are loaded and ready to send. The others stay in the store. */
  outboxWindow: 1_024,
  outboxWindowBytes: 2 * MIB,
  /** Messages of one outbox behind the window whose senders still receive their outcome. */
  outboxObserved: 10_000,
  /** Messages enqueued together are stored in batches of this size. A single message may be larger. */
  outboxBatchBytes: 256 * KIB,
  outboxLoadBytes: 256 * KIB,
  inboxMessages: 10_000,
  inboxBytes: 64 * MIB,
  /** Retry interval for a store that failed, for example because the disk is full. */
  storeRetryMs: 500,
  /**
   * The last appends of a stream are cached, so that reading them soon needs no disk access: as much as a reader that keeps
   * up is behind. What is acknowledged leaves the cache.
   */
  storeTailBytes: 1 * MIB,
  /** Streams with such a cache. */
  storeTails: 16,
  /** What a batch costs in a store besides its own bytes: the header of a record, its source and lengths. */
  storedBatchBytes: 64,
  /** What a queue adds to a batch that it stores: names and numbers. The maximum of the length field in a record. */
  storeHeadBytes: 65_535,
  /** Received messages of one type that are stored in one batch. A single message may be larger. */
  inboxBatchBytes: 1 * MIB,
  inboxReadBytes: 256 * KIB,
  /** Unacknowledged messages to one Python peer. */
  unackedMessages: 256,
  /** Unacknowledged messages of one type to an aioc peer. All of them may be in the peer's memory. */
  streamMessages: 1_024,
  streamBytes: 1 * MIB,
  /** The same at least to a peer with batches: eight large ones. */
  streamLeastBytes: 2 * MIB,
  /**
   * The same at most, where the way is long: 300 ms at 50 MB a second. Below it, the credit is twice what the peer
   * acknowledges in one round trip.
   */
  streamMaxBytes: 16 * MIB,
  /** Weight of a file among unacknowledged bytes: as much as Python may have unread. */
  fileWeightBytes: 64 * KIB,
  /** Streams (types and epochs) of one peer. */
  streamsPerPeer: 1_000,
  /**
   * Epochs of one sender's queue that are kept to detect duplicates: one for each restart, until its last message is
   * confirmed.
   */
  epochsPerQueue: 64,
  /**
   * Senders whose epochs one queue keeps. More than `peersRemembered`, so that a sender that is still remembered is never
   * the one that is forgotten.
   */
  sendersPerQueue: 20_000,
  /** A frame of stream acks: about 200 bytes for each of `streamsPerPeer`, and dropped messages. */
  streamAckBytes: 1 * MIB,

  // Journal (engine/storage/journal/FORMAT.md)
  /** A segment that has this size is closed, and a new one is started. */
  journalSegmentBytes: 16 * MIB,
  /**
   * Appends that were requested during a write are grouped into one write of this size: large enough that a sync does not
   * limit large messages. A single append may be larger.
   */
  journalGroupBytes: 3 * MIB,
  /** Bytes that a compaction copies in one write. */
  journalCompactionBytes: 1 * MIB,
  /** One append. Offsets in a segment have 32 bits. */
  journalBatchBytes: 1024 * MIB,
  /** The name of a stream: several of the longest names of peers and types. */
  journalStreamNameBytes: 4 * KIB,
  /** Batches up to this size are copied into one piece with others, which is cheaper than a piece of their own. */
  journalCopiedBytes: 4 * KIB,
  /** Bytes read from a segment at once: a full batch with its header. */
  journalReadBytes: 264 * KIB,
  /** Index granularity: one offset for each stream and each block of a segment in which it has records. */
  journalBlockBytes: 64 * KIB,
  /** Segment files kept open for reading. Others are opened when needed. */
  journalOpenFiles: 16,
  /** Small segments that one compaction merges. */
  journalMergedSegments: 16,
  /** Idle time before the journal writes down how far it is synced. */
  journalSyncMarkMs: 50,
  /** Positions skipped after a start that found a torn end, so that no position is used twice. */
  journalPositionGap: 1_000_000,

  // What is kept for display
  logRows: 10_000,
  logPreviewBytes: 400,
  /** Of a message's data, for the opened row: more would cost a busy connector copies that nobody looks at. */
  logBodyBytes: 4 * KIB,
  /** Headers and bodies of the latest messages together. Small ones are kept as long as their log rows. */
  logBodiesBytes: 4 * MIB,
  /** The longest line that the chat sends. */
  chatSendBytes: 1 * MIB,
  shellLines: 200,
  /** Views of one screen. */
  viewsOpen: 16,
  viewRows: 1_000,
  viewFilterCharacters: 4_096,
  viewIntervalMs: 100,
  ...PEEK_LIMITS,
  ...CONVERSATION_LIMITS,

  // Files
  ...TRANSFER_LIMITS,
  ...ARCHIVE_LIMITS,
  fileChunkBytes: 256 * KIB,
  fileNameBytes: 255,
  /** Attempts at a free name: `file (2)`, `file (3)` … */
  fileNameTries: 10_000,
  /** Kept free on the disk of received files. */
  diskReserveBytes: 64 * MIB,
  /** Received files that are listed for completion and similar names. */
  receivedFilesListed: 10_000,
  /** A peer's dst_name with its subdirectories, or a path in an archive: every system can open it. */
  relativePathBytes: 2_048,
  transfersQueued: 100,
} as const;
