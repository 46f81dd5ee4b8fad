/**
 * Every bound of the engine, with its unit and its reason. Nothing in the engine grows without one of these.
 */
const KIB = 1024;
const MIB = 1024 * KIB;

export const LIMITS = {
  // Frames (PROTOCOL §1)
  /** Until a peer has said who it is: enough for a handshake, too little to fill memory with. */
  frameBeforeIdentityBytes: 64 * KIB,
  /** What a header's length field can express. */
  headerBytes: 65_535,
  /** Deeper JSON is never an application's header. */
  headerDepth: 32,
  /** Header, data and the application's own binary of one message, held in memory. A file's bytes are streamed. */
  messageBytes: 64 * MIB,
  /** What a frame's length field can express; a file beyond it cannot be sent in one frame. */
  frameBytes: 0xffff_ffff,
  /** A file that goes in one frame together with its message. */
  fileInFrameBytes: 0xffff_ffff - 1024 * KIB,
  /** Answers that may pile up for a peer that sends but does not read, before we read no more from it. */
  answerBacklogBytes: 4 * MIB,
  /** A client's name (PROTOCOL §1). */
  nameLength: 128,

  // Connections
  /** From TCP to a finished handshake frame: generous for a slow link, short for an idle attacker. */
  identityTimeoutMs: 10_000,
  /** How long a user is given to answer "let in?". */
  newcomerTimeoutMs: 60_000,
  newcomersWaiting: 32,
  /** Connections that have not said who they are yet. */
  pendingConnections: 256,
  pendingConnectionsPerAddress: 32,
  /** All of a server's connections: each costs some 100 KiB with TLS. */
  connections: 10_000,
  /** A server takes a client that stays silent this long for Python (DESIGN §3). */
  probeHoldMs: 500,
  /** A client takes a server that let it in but does not answer the probe for Python. */
  probeAnswerMs: 2_000,
  /** A client that hears nothing at all this long stops holding its outbox: the newcomer timeout and a margin. */
  probeSilenceMs: 75_000,
  /** A Python peer over TLS that has been quiet this long may be waiting for a sign from us (engine/peers/nudge.ts). */
  nudgeQuietMs: 20,
  reconnectFirstMs: 200,
  reconnectMaxMs: 5_000,
  /** After a server closed on us while its user was being asked, so that the user is not asked every 5 s. */
  reconnectAfterRefusalMs: 30_000,
  dialTimeoutMs: 10_000,
  pingTimeoutMs: 5_000,
  /** How long queued bytes may take to leave when a connection is being closed in order. */
  drainTimeoutMs: 5_000,
  /** Clients known to a server, connected or away; the longest away is forgotten first. */
  peersRemembered: 10_000,

  /** A file of our identity: a key or a certificate takes 1 to 4 KiB. */
  identityFileBytes: 64 * KIB,

  // Queues
  outboxMessages: 10_000,
  outboxBytes: 64 * MIB,
  /** Sent but not yet acknowledged messages to one peer. */
  unackedMessages: 256,
  /** PROTOCOL §1: ids go from 1 to this, then start again at 1. */
  transportIdMax: 100_000,

  // What is kept to be shown
  logRows: 10_000,
  logPreviewCharacters: 400,
  logBodies: 500,
  logBodyBytes: 16 * KIB,
  conversationRows: 2_000,
  /** A line of chat beyond this is shown cut (it arrives whole only where it is stored). */
  chatLineCharacters: 4_000,
  /** The longest line that the chat sends. */
  chatSendBytes: 1 * MIB,
  shellLines: 200,
  viewsOpen: 16,
  viewRows: 1_000,
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
