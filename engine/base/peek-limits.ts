const MIB = 1024 * 1024;

/** What people see of the messages in queues. */
export const PEEK_LIMITS = {
  /** Messages in one answer. */
  peekRows: 100,
  /** Of a message's data, for the screen. */
  peekBodyBytes: 16 * 1024,
  /** Whole messages in one answer, besides a single larger one. */
  peekPageBytes: MIB,
  /** A whole message: in base64, an answer with it is below `messageBytes`. */
  peekWholeBytes: 40 * MIB,
} as const;
