/** Bounds of `aioc chat --exec`. A part of LIMITS. */
export const EXEC_LIMITS = {
  /** A command of a peer (aioc chat --exec): all of it must fit on the screen that asks about it. */
  peerCommandCharacters: 200,
  /** Commands of one peer that wait for an answer. */
  peerCommandsWaiting: 4,
  /** Output of a peer's shell in one message; the shell is paused while so much waits to be sent. */
  peerOutputCharacters: 4_000,
  /** Output of so long a time goes into one message. */
  peerOutputMs: 100,
} as const;
