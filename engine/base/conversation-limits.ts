const KIB = 1024;
const MIB = 1024 * KIB;

/** Bounds of the conversations of the chat, in memory and on disk. */
export const CONVERSATION_LIMITS = {
  conversationRows: 2_000,
  /** A longer chat line is shown truncated. */
  chatLineCharacters: 4_000,
  /** Messages between programs that the chat shows for one peer and one batch. */
  chatObservedLines: 8,
  /** Their beginnings: the log has more of them, and programs may send thousands of large ones a second. */
  chatObservedCharacters: 400,
  /** The file of a conversation; at this size it is written again with its last rows. */
  conversationFileBytes: 1 * MIB,
  /** What is left of it then, so that it is seldom written again. */
  conversationKeptBytes: 512 * KIB,
  /** Earlier rows that a start shows: more than anybody reads at a screen. */
  conversationRowsShown: 500,
  /** Conversations that a server shows before their peers are back: those of the last ones seen. */
  conversationsShown: 50,
  /** Epochs of a peer whose last received number is kept: a sender has a new one each time that it starts. */
  conversationEpochs: 16,
} as const;
