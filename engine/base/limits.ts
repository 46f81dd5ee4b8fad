/**
 * Every bound of the engine, with its unit and its reason. Nothing in the engine grows without one of these.
 */
const KIB = 1024;
const MIB = 1024 * KIB;

export const LIMITS = {
  /** What a connector holds of messages in memory, all its queues, connections and programs together. */
  heldBytes: 32 * MIB,

  // Frames (PROTOCOL §1)
  /** Until a peer has said who it is: enough for a handshake, too little to fill memory with. */
  frameBeforeIdentityBytes: 64 * KIB,
  /** What a header's length field can express. */
  headerBytes: 65_535,
  /** Kept free in the header of a program's message, for what connectors add: its number, and what became of its file. */
  headerSpareBytes: 4 * KIB,
  /** Deeper JSON is never an application's header. */
  headerDepth: 32,
  /** Data and binary of one message, held in memory, unless max_size_message says otherwise. A file's bytes are streamed. */
  messageBytes: 64 * MIB,
  /** What max_size_message may be set to: one append to the journal, and a margin. */
  messageLargestBytes: 1_000 * MIB,
  /** What a frame's length field can express; a file beyond it cannot be sent in one frame. */
  frameBytes: 0xffff_ffff,
  /** A file that goes in one frame together with its message. */
  fileInFrameBytes: 0xffff_ffff - 1024 * KIB,
  /** A frame up to this size is copied together with others into one write: cheaper than a write of its own. */
  copiedFrameBytes: 16 * KIB,
  /** Messages of one connection that are on their way into the store, all at once; one more waits to be read. */
  unstoredMessages: 1_024,
  unstoredBytes: 1 * MIB,
  /** Answers that may pile up for a peer that sends but does not read, before we read no more from it. */
  answerBacklogBytes: 4 * MIB,
  /** A client's name (PROTOCOL §1). */
  nameLength: 128,

  // Connections
  /** From TCP to a finished handshake frame: generous for a slow link, short for an idle attacker. */
  identityTimeoutMs: 10_000,
  /** How long a user is given to answer "let in?". */
  newcomerTimeoutMs: 60_000,
  joinRequestsWaiting: 32,
  /** Connections that have not said who they are yet. */
  pendingConnections: 256,
  pendingConnectionsPerAddress: 32,
  /** All of a server's connections: each costs some 100 KiB with TLS. */
  connections: 10_000,
  /** A server takes a client that stays silent this long for Python, unless it knows it as aioc. */
  probeHoldMs: 500,
  /** A client takes a server that let it in but does not answer the probe for Python. */
  probeAnswerMs: 2_000,
  /**
   * A client waits this long for the answer to its probe before it takes a server for Python: the server's user may be
   * deciding about it (newcomerTimeoutMs, and a margin). Python answers as soon as it reads.
   */
  probeSilenceMs: 75_000,
  /** Who is known as aioc is asked again after this long: longer than a link is slow, since what waits is not lost. */
  probeRetryMs: 15_000,
  /** Questions on one connection to who is known as aioc, before it is given up for a new one. */
  probeTries: 2,
  /** A Python peer over TLS that has been quiet this long may be waiting for a sign from us (engine/peers/python-tls-unstaller.ts). */
  unstallQuietMs: 20,
  /** Unacknowledged messages to a Python peer over TLS: it reads 128 KiB ahead, and then hears no nudge any more. */
  pythonUnreadBytes: 64 * KIB,
  reconnectFirstMs: 200,
  reconnectMaxMs: 5_000,
  /** After a server closed on us while its user was being asked, so that the user is not asked every 5 s. */
  reconnectAfterRefusalMs: 30_000,
  /** A clock that is further from the other machine's is said to be wrong. */
  clockSkewMs: 60_000,
  /** Two clients of one name (engine/peers/name-conflict.ts): how long the one that lost leaves the server alone. */
  conflictFirstMs: 1_000,
  conflictMaxMs: 60_000,
  /** A connection that the server ends within this was ended soon; so many in a row are no accident. */
  conflictSoonMs: 10_000,
  conflictEndings: 3,
  /** A connection that has stood so long has no rival: several times the longest that one stays away. */
  conflictCalmMs: 5 * 60_000,
  /** How often the log is warned of two clients of one name. */
  duplicateLogMs: 30_000,
  /** Looking up, TCP and TLS, over all addresses of a host together, where connect_timeout says nothing else. */
  dialTimeoutMs: 10_000,
  /** A name server that does not answer: the system's own patience is up to 30 s. */
  lookUpTimeoutMs: 5_000,
  /** How long an address is alone before the next one is tried, too (RFC 8305 §8). */
  dialStaggerMs: 250,
  /** What a TLS handshake is given while other addresses wait: a slow link's takes less. */
  dialHandshakeTurnMs: 2_000,
  /** Addresses of one host that are tried: each is a connection, and all are begun within 4 s. */
  dialAddresses: 16,
  pingTimeoutMs: 5_000,
  /** Nothing has arrived from an aioc peer for so long: a sign of life is asked for, and again, before it is given up. */
  quietMs: 5_000,
  signOfLifeMs: 5_000,
  signsOfLife: 2,
  /** How long queued bytes may take to leave when a connection is being closed in order. */
  drainTimeoutMs: 5_000,
  /** Clients known to a server, connected or away; the longest away is forgotten first. */
  peersRemembered: 10_000,
  /** The file of who is known as aioc: for each of `peersRemembered` two names, an address and a fingerprint at most. */
  knownAiocBytes: 8 * MIB,

  /** A file of our identity: a key or a certificate takes 1 to 4 KiB. */
  identityFileBytes: 64 * KIB,

  // Files that several processes change
  /** How often it is looked whether a lock is free: what is done under one takes a few writes. */
  lockRetryMs: 20,
  /** A lock of another machine that has not changed hands for so long is nobody's: a slow disk takes less. */
  lockStaleMs: 10_000,
  /** Readings of a file that another program is replacing without care, `lockRetryMs` apart, before it counts as damaged. */
  carelessReads: 10,

  // Certificates directory (PROTOCOL §5)
  /** Client certificates that a server issues unless its configuration says otherwise (max_certs): Python's default. */
  clientCertificates: 1_024,
  /** source_id_2_cert.json: some 400 bytes for a client with the longest name, so enough for 20,000. */
  certificateMapBytes: 8 * MIB,
  /** Certificates with the same subject hash; subjects are made unique, so more than a few are somebody's doing. */
  certificatesPerHash: 64,

  // Who may connect (whitelists and blacklists)
  /** A pattern for names: twice the longest name. */
  namePatternCharacters: 256,
  /** Brackets within brackets of such a pattern, which are read by recursion. */
  namePatternDepth: 8,
  /** Entries of one list, all of which are asked at each connection. */
  accessEntries: 10_000,

  // The machine's own unix sockets (PROTOCOL §4)
  /** The shortest of what systems allow for the path of a unix socket. */
  socketPathBytes: 104,
  /** The rest of a frame whose beginning has come over a unix socket: programs of one machine never dawdle so long. */
  localFrameTimeoutMs: 10_000,
  /** A connector that does not answer a command at all: an unknown one, for Python. */
  commandTimeoutMs: 10_000,
  /** A command that stops or restarts a connector, which first sends what waits in its queues. */
  stopTimeoutMs: 60_000,
  /** An answer to a command: the peers of a full server, and a margin. */
  commandAnswerBytes: 16 * MIB,
  /** How long a connector's older connection may be silent before its newer one is read: frames of the older come first. */
  olderConnectionMs: 1_000,
  /** Unread bytes of one connection to a listener, beyond a frame that is not whole yet. */
  listenerReadAheadBytes: 1 * MIB,
  /** How long a response is awaited when nobody says: as long as a Python connector waits for it. */
  responseTimeoutMs: 60 * 60 * 1000,
  /** What Python's API sends in one piece of a file at most. */
  chunkUploadBytes: 200 * MIB,
  /** Pieces of one file: a receiver keeps them all on its disk until the last has come. */
  fileChunks: 10_000,

  /** Links on the way to a directory: as many as Linux follows. */
  linksFollowed: 40,
  /** Files of programs of other users that wait with their messages, all together (engine/local/spool.ts). */
  spooledFiles: 10_000,
  spooledBytes: 16 * 1024 * MIB,
  /** Of one program's messages that have not come yet, how many may have bytes of their files here. */
  filesComing: 64,

  // Configuration
  /** A file of all keys takes 4 KiB; beyond this it is no configuration. */
  configFileBytes: 1 * MIB,
  /** Faults that one message lists: more than anybody reads. */
  configFaults: 50,
  /** The longest path that systems take. */
  configPathCharacters: 4_096,
  /** What a timer can wait: 2^31 ms. */
  configSeconds: 2_147_483,
  messageTypeCharacters: 128,

  /** What goes to a listener in one write at most: well within what a unix socket takes at once. */
  deliveryBatchBytes: 64 * KIB,
  /** What the reader of a listener in Python holds before it stops reading: twice its limit of 64 KiB. */
  listenerReaderBytes: 128 * KIB,
  /** What it reads from its socket at once. */
  listenerReadBytes: 256 * KIB,
  /** What a unix socket holds, where the system does not say: twice Linux's default. */
  unixSocketBytes: 416 * KIB,
  /** How soon a listener that was not there is looked for again while messages wait for it. */
  listenerRetryMs: 500,
  /** Messages that a subscription of a local program has and has not acknowledged, beyond a single one. */
  subscriptionMessages: 256,
  subscriptionBytes: 1 * MIB,
  /** What a listener on Python's socket is given to subscribe, if it can: a few exchanges on one machine. */
  subscriptionGraceMs: 250,
  /** How soon after one look for its connector's own socket a program takes the next. */
  subscriptionLookMs: 50,
  /** Sockets of another directory that a start tries, to warn of one that is in use: each costs a connection. */
  socketsLookedAt: 100,
  /** How long messages are counted for one line of the log: as long as in Python. */
  messageCountsMs: 2 * 60 * 1000,
  /** How long a listener that went away is expected back before what does not fit is dropped: a program's restart. */
  listenerGraceMs: 10_000,
  /** Programs of this machine that may be connected to one socket at once. */
  localConnections: 1_000,
  /**
   * Those on the send socket: with uds_path_send_preserve_socket false there is one for each message that a full queue
   * holds. Each costs a file descriptor and a few KiB; what they hold of messages is bounded together (heldBytes).
   */
  sendConnections: 4_000,
  /** Messages of one local program that the connector has and has not confirmed yet. */
  localUnconfirmed: 1_024,
  localUnconfirmedBytes: 8 * MIB,
  /** What a program's library writes to its connector before it waits until that is read. */
  localReadAheadBytes: 1 * MIB,
  /** How long a program waits for its connector's first word: it is on the same machine. */
  localHelloMs: 5_000,
  /** Requests of local programs whose responses are still awaited. */
  requestsAwaited: 10_000,
  /** An unknown command, as far as it is repeated in the log: Python's longest name and a margin. */
  commandNameCharacters: 80,
  /** One warning of a kind for each peer in this time: no peer can fill the log, however much it sends. */
  peerWarningMs: 1_000,
  /** How often the log is told how many messages a full queue has dropped. */
  dropLogMs: 1_000,
  /** How often the log says that a full queue holds programs or peers. */
  heldLogMs: 60_000,
  /** What is given to programs of this machine at a stop for what they have written already. */
  lastWordsMs: 2_000,
  /** How often it is looked whether more of it comes, and how often in vain: what lies in a socket comes at once. */
  lastWordsLookMs: 10,
  lastMessageLooks: 3,
  /** Kinds of refused messages that are counted apart: more types than a configuration has are somebody's doing. */
  refusalKinds: 1_000,
  /** A command to the commander socket. */
  commandBytes: 64 * KIB,

  // Screens that are attached (engine/local/native/PROTOCOL.md)
  /** More than one person looks at; each costs the connector up to ten drawings of its views a second. */
  screensAttached: 16,
  /** Commands and queries of one screen that are not answered yet; nothing more of it is read meanwhile. */
  screenCalls: 64,
  /** The longest line of the chat, each of its bytes written as six in JSON, and a margin. */
  screenRequestBytes: 8 * MIB,
  /** Shell commands of one screen that run at once and are shown as ended when it goes away. */
  screenCommands: 64,
  /** A screen that has not read so much is given no updates until it has; then the newest. */
  screenBacklogBytes: 128 * KIB,

  // Queues
  outboxMessages: 10_000,
  outboxBytes: 64 * MIB,
  /** Messages of one outbox that are held ready to be sent; the others stay in the store. */
  outboxWindow: 1_024,
  outboxWindowBytes: 1 * MIB,
  /** Messages of one outbox that wait behind the window and whose fate is still told to whoever sent them. */
  outboxWatched: 10_000,
  /** What is offered in one turn goes to the store in batches of this, unless a single message is larger. */
  outboxBatchBytes: 256 * KIB,
  outboxLoadBytes: 256 * KIB,
  inboxMessages: 10_000,
  inboxBytes: 64 * MIB,
  /** How soon a store that took nothing, as with a full disk, is tried again. */
  storeRetryMs: 500,
  /** What a stream had appended last is remembered, so that whoever reads it at once need not go to the disk. */
  storeTailBytes: 256 * KIB,
  /** Streams of which that is remembered. */
  storeTails: 16,
  /** Arrivals of one type that go to the store in one batch, unless a single one is larger. */
  inboxBatchBytes: 1 * MIB,
  inboxReadBytes: 256 * KIB,
  /** Sent but not yet acknowledged messages to one peer that is not aioc. */
  unackedMessages: 256,
  /** Sent but not yet acknowledged messages of one type to an aioc peer, which may all wait in its memory. */
  streamMessages: 1_024,
  streamBytes: 1 * MIB,
  /** What a file counts among messages that are not acknowledged: as much as Python may have of them. */
  fileWeightBytes: 64 * KIB,
  /** Types and epochs of one peer that are known at once. */
  streamsPerPeer: 1_000,
  /** Lives of one sender's queue whose messages are known as repetitions: one a restart, until its last was confirmed. */
  epochsPerQueue: 64,
  /** Acknowledgements in one frame: a line of some 200 bytes for each of `streamsPerPeer`, and dropped ones. */
  streamAckBytes: 1 * MIB,

  // Journal (engine/storage/journal/FORMAT.md)
  /** A segment is left for a new one when it has grown to this. */
  journalSegmentBytes: 16 * MIB,
  /** Appends that came while the disk was busy go together in one write of at most this, or one batch. */
  journalGroupBytes: 1 * MIB,
  /** One append: offsets in a segment have 32 bits. */
  journalBatchBytes: 1024 * MIB,
  /** The name of a stream, in bytes: several of the longest names of peers and types. */
  journalStreamNameBytes: 4 * KIB,
  /** What is read from a segment at once. */
  journalReadBytes: 256 * KIB,
  /** The index holds one place of a stream for each block of a segment in which the stream has records. */
  journalBlockBytes: 64 * KIB,
  /** Segments whose files are held open to be read; the others are opened when it is their turn. */
  journalOpenFiles: 16,
  /** Small segments that are made one at once. */
  journalMergedSegments: 16,
  /** How long the journal has been idle when it notes down how far the disk has everything. */
  journalMarkMs: 50,
  /** Positions left out after a start that found the end torn, so that none is ever given twice. */
  journalPositionGap: 1_000_000,

  // What is kept to be shown
  logRows: 10_000,
  logPreviewBytes: 400,
  logBodyBytes: 16 * KIB,
  /** The headers and bodies of the last messages together: of small ones all that are in the log. */
  logBodiesBytes: 4 * MIB,
  conversationRows: 2_000,
  /** A line of chat beyond this is shown cut (it arrives whole only where it is stored). */
  chatLineCharacters: 4_000,
  /** Of the messages between programs that come from one peer in one turn, how many the chat shows. */
  chatObservedLines: 8,
  /** The longest line that the chat sends. */
  chatSendBytes: 1 * MIB,
  shellLines: 200,
  /** Views of one screen. */
  viewsOpen: 16,
  viewRows: 1_000,
  viewFilterCharacters: 4_096,
  viewIntervalMs: 100,

  // Files
  fileChunkBytes: 256 * KIB,
  fileNameBytes: 255,
  /** Tries of `file (2)`, `file (3)` … */
  fileNameTries: 10_000,
  /** Kept free on the disk that receives files. */
  diskReserveBytes: 64 * MIB,
  /** Names of received files that are listed (for completion and for near names). */
  receivedFilesListed: 10_000,
  /** A partial file older than this belongs to no transfer that still runs. */
  stalePartialMs: 24 * 60 * 60 * 1000,
  /** A peer's dst_name with its sub-directories, and a path inside an archive: what every system can still open. */
  relativePathBytes: 2_048,
  archiveEntries: 10_000,
  archiveTotalBytes: 16 * 1024 * MIB,
  /** Unpacked size over packed size: beyond it an archive is a bomb. */
  archiveRatio: 100,
  /** Archives smaller than this may exceed the ratio: long runs of zeros compress well. */
  archiveRatioFromBytes: 10 * MIB,
  transfersQueued: 100,
} as const;
