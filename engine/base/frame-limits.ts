const KIB = 1024;
const MIB = 1024 * KIB;

/** Bounds of batches, of what arrives and is not whole yet, and of what peers and programs cause in the log. */
export const FRAME_LIMITS = {
  /** The records of a batch of several small messages: less than frameFreeBytes, so that they never wait for memory. */
  batchBytes: 64 * KIB,
  /**
   * The same where the messages have largeMessageBytes or more: four of 64 KiB with their headers, because a batch costs a
   * connector more than its bytes. A single message may be larger.
   */
  largeBatchBytes: 260 * KIB,
  largeMessageBytes: 1 * KIB,
  /** Every peer that takes batches takes batches of this size. One that announces no size takes none that are larger. */
  leastBatchMaxBytes: 64 * KIB,
  /** Messages of one batch, whatever their size. */
  batchMessages: 4_096,
  /**
   * Default of max_size_message where anybody may connect under any name (ssl_allow_all, use_ssl: false):
   * an attacker has as many connections as it likes.
   */
  messageWithoutIdentityBytes: 8 * MIB,
  /** Of unfinished frames, what each connection may always hold: a batch of small messages, and a part of the next. */
  frameFreeBytes: 80 * KIB,
  /** A frame that makes no progress this long ends its connection. Links that lose packets take a few seconds. */
  frameStallMs: 15_000,
  /** Progress within that time, while other frames wait for the memory of this one: a link of 35 kbit/s. */
  heldProgressBytes: 64 * KIB,
  /** The same for the one frame that others wait for: 2 Mbit/s, so 64 MiB take four minutes at most. */
  turnProgressBytes: 4 * MIB,

  /** Characters of a line in the log about a peer or a program, which may have chosen a part of it. */
  logLineCharacters: 200,
  /** Characters of any other line: one with two paths. */
  logOwnLineCharacters: 2_000,
  /** Lines about one peer or program in the log at once, and how long it takes until one more may be written. */
  logBurstPerSource: 100,
  logIntervalPerSourceMs: 1_000,
  /** The same for all of them: with 200 characters a line, the usual six files of 64 MiB last a day. */
  logBurst: 1_000,
  logIntervalMs: 50,
} as const;
