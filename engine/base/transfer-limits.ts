const KIB = 1024;
const MIB = 1024 * KIB;

/** Bounds of transfers: the content of files between aioc peers, beside the messages. */
export const TRANSFER_LIMITS = {
  /** Queues beside that of a message type: so many files to one peer cross at once that others may overtake. */
  fileLanes: 16,
  /** A piece of a transfer. Other messages overtake between two pieces. */
  transferPieceBytes: 1 * MIB,
  /** Buffers of pieces that are kept to be used again. */
  pieceBuffersKept: 16,
  /** The same where the credit is small: on a slow way, a message must not wait for a whole piece. */
  transferSmallPieceBytes: 256 * KIB,
  /** Runs of zeros from this length on are neither sent nor written. */
  transferZeroBytes: 64 * KIB,
  /** The data of a frame of a transfer: `transferCheckpoints` take 17 KiB. */
  transferFrameBytes: 64 * KIB,
  /** A frame that only aioc peers exchange: a piece with its data, or `streamAckBytes`. */
  aiocFrameBytes: 1 * MIB + 64 * KIB,
  /** Positions with digests that a receiver offers to continue from. */
  transferCheckpoints: 256,
  /** Those of one transfer for which it keeps the state of the hash: less than 1 KiB each. */
  transferHashStates: 64,
  /** The bytes of all transfers to one peer that are on their way: twice what it takes in one round trip, within these. */
  transferMinBytes: 512 * KIB,
  transferMaxBytes: 16 * MIB,
  /** A transfer whose peer has not written its oldest piece for this long no longer holds up the others. */
  transferStalledMs: 1_000,
  /** Transfers to one peer that run at the same time. Others wait. */
  runningTransfers: 16,
  /** Transfers to one peer that have read a piece which waits for its turn. */
  transfersReadAhead: 4,
  /** Transfers from one peer that run, or whose message has not come: each may have an open file. */
  transfersPerPeer: 256,
  /** Transfers that were stopped, and whose peer has not confirmed that. */
  transferStops: 4_096,
  /** After a connection is lost, files stay open, and states of hashes are kept, for this long. */
  transferKeptMs: 60_000,
  /** Characters of a reason to stop: a sentence with a name. */
  transferReasonCharacters: 400,
  /** Least time between two looks at the partial files on the disk for a screen. */
  partialsReadMs: 1_000,
  /** Files that one program follows to their peers. */
  followedFiles: 1_024,
  /** Interval of reports of progress. */
  transferProgressMs: 100,
  /** The header of an entry of a tree: a path and a link's target, at most 4 KiB each, in base64. */
  treeHeaderBytes: 16 * KIB,
  /** Entries of a tree that are left out and named; the others are only counted. */
  treeLeftOutNamed: 100,
  /** Those that the chat names, and the characters of each name and reason: they are part of a header. */
  chatLeftOutNamed: 3,
  chatLeftOutCharacters: 120,
  /** Small files of a tree that are read ahead, so that the disk's delay does not add up, and how large each may be. */
  treeFilesAhead: 32,
  treeFileAheadBytes: 64 * KIB,
  /** Bytes of received files between two looks at what is free on the disk. */
  diskWatchBytes: 16 * MIB,
  /** Files are synced while they are written: so many bytes of all files together, as the disk can sync in `fileSyncMs`. */
  fileSyncMinBytes: 4 * MIB,
  fileSyncMaxBytes: 32 * MIB,
  /** Messages wait for the sync of a file, since a file system may write both together. */
  fileSyncMs: 20,
  /** Files that are synced at the same time: others of Node's four threads for files stay for the journal. */
  filesSynced: 2,
  /** A partial file to which nothing was added for this long is deleted. Its peer may be away for days. */
  stalePartialMs: 7 * 24 * 60 * 60 * 1000,
  /** How often that is looked for while files arrive. */
  partialCleaningMs: 60 * 60 * 1000,
  /** The record of a transfer: names and paths, and what was left out. */
  transferRecordBytes: 1 * MIB,
  /** Quotas of one peer that all peers without an identity have together. */
  strangersQuotas: 8,
  /** Files of a tree that are written side by side: one of Node's four threads for files stays for others. */
  treeFilesWritten: 3,
  /** Bytes of a tree's stream whose records are read in one turn of the event loop. */
  treeSliceBytes: 64 * KIB,
  /** Small files that are created in one turn of the event loop: together less than a millisecond on a disk with nothing to do. */
  treeFilesInTurn: 16,
  /** A disk on which they take longer is slow: so many are created without waiting for it. */
  treeTurnMs: 20,
  treeFilesSpared: 256,
  /** A tree with more files is synced together with its whole file system, since that takes less time. */
  treeFilesSynced: 64,
  /** Directories of a tree on the way to its current entry that are open. Deeper ones are opened again. */
  treeOpenDirectories: 16,
  /** Directories within each other. Deleting them takes a descriptor for each. */
  treeDepth: 200,
  /** Files of one Python peer of which pieces are missing. */
  pieceSetsPerPeer: 64,
  /** Without a new piece for this long, the missing pieces of a file from Python are named in the log. */
  missingPieceMs: 10 * 60 * 1000,
} as const;
