/** The rows of a conversation. */

/**
 * The progress of a sent chat line. `received`: the peer has acknowledged it. `unknown`: an earlier run sent it and ended
 * before the ack.
 */
type DeliveryMark = 'waiting' | 'sent' | 'received' | 'dropped' | 'failed' | 'unknown';

export interface TransferState {
  readonly phase: 'preparing' | 'waiting' | 'running' | 'done' | 'refused' | 'failed' | 'cancelled';
  readonly doneBytes: number;
  /** 0: not known, as of a directory before its end. */
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  /** Where it went on after an interruption. */
  readonly resumedBytes?: number;
  /** Where it was stored, or why not. */
  readonly detail?: string;
  /** Entries of a directory that were not sent or not stored. */
  readonly leftOut?: number;
  /** Names them. */
  readonly warning?: string;
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
  readonly mark?: DeliveryMark;
  readonly transfer?: TransferState;
  readonly shell?: ShellState;
  /** A line that only this side sees. */
  readonly tone?: 'info' | 'good' | 'bad';
  /** Of an earlier run. */
  readonly isEarlier?: true;
  /** The first unread row. */
  readonly firstUnread?: boolean;
}
