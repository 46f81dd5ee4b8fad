import type { MessageNumber } from '../protocol/message-number.ts';

/** Identifies the first message of a sender's batch, for the store. */
export interface MessageSource extends MessageNumber {
  readonly peerName: string;
}

/** The stored position of one sender, type and epoch, from this run or an earlier one. */
export interface StoredPosition extends MessageNumber {
  readonly type: string;
  /** Later messages are stored too, but some between are missing; the sender may still have those. */
  readonly hasGap: boolean;
}
