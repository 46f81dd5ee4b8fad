import type { MessageBody } from './message-body.ts';

/** A question for the messages of a queue, which stay where they are. */
export interface PeekQuestion {
  /** The id of its row. */
  readonly queue: string;
  /** The place of the last message of the page before; absent: from the first. */
  readonly after?: string;
  /** An `end`: messages that came after it are left out. */
  readonly upTo?: string;
  /** How many at most, up to LIMITS.peekRows; fewer may come. */
  readonly rows: number;
  /** `beginning`: what fits on a screen. `whole`: all of it, and fewer messages at a time. */
  readonly bodies?: 'beginning' | 'whole';
}

/** A message in a queue. Its texts are raw: make them safe before you draw them. */
export interface PeekRow {
  /** Where it is in the queue. */
  readonly place: string;
  readonly atMs: number;
  readonly sizeBytes: number;
  /** Its sender, in an inbox. */
  readonly from?: string;
  /** The start of its data. */
  readonly text: string;
  /** It is on its way to the peer, which has not acknowledged it. */
  readonly isSent: boolean;
  readonly body?: MessageBody;
  /** The binary part in base64, of a whole body. */
  readonly binaryBase64?: string;
}

export interface QueuePeek {
  /** How many messages it has, with those that are being stored. */
  readonly depth: number;
  readonly rows: readonly PeekRow[];
  /** There are more behind the last row. */
  readonly hasMore: boolean;
  /** The place behind which nothing was when this was answered: a purge up to it keeps what comes later. */
  readonly end: string;
}

/** `fault`: why there is no answer, for the user. */
export type PeekAnswer = QueuePeek | { readonly fault: string };
