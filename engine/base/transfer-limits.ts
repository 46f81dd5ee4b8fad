const KIB = 1024;
const MIB = 1024 * KIB;

/** Bounds of transfers: the content of files between aioc peers, beside the messages. */
export const TRANSFER_LIMITS = {
  /** A piece of a transfer. Other messages overtake between two pieces. */
  transferPieceBytes: 1 * MIB,
  /** The same where the credit is small: on a slow way, a message must not wait for a whole piece. */
  transferSmallPieceBytes: 256 * KIB,
  /** Runs of zeros from this length on are neither sent nor written. */
  transferZeroBytes: 64 * KIB,
  /** The data of a frame of a transfer: `transferCheckpoints` take 17 KiB. */
  transferFrameBytes: 64 * KIB,
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
  /** Interval of reports of progress. */
  transferProgressMs: 100,
} as const;
