import type { MessageNumber } from '../protocol/message-number.ts';

/** Which message of which sender this is, for whoever stores it. */
export interface MessageSource extends MessageNumber {
  readonly peerName: string;
}

/** How far the messages of one sender, type and epoch are stored, in this run of the program or an earlier one. */
export interface StoredPosition extends MessageNumber {
  readonly type: string;
  /** Later ones are stored, too, and wait for what is missing before them, which the sender may still have. */
  readonly hasGap: boolean;
}

/** How a sender's epoch is called in the store, where several senders have theirs in one stream. */
export function epochInStore({ epoch, peerName }: Omit<MessageSource, 'seq'>): string {
  return `${epoch} ${peerName}`;
}

/** Undefined for an epoch that is no sender's, as of messages that were imported. */
export function parseEpochInStore(name: string): Omit<MessageSource, 'seq'> | undefined {
  const at = name.indexOf(' ');
  return at < 0 ? undefined : { epoch: name.slice(0, at), peerName: name.slice(at + 1) };
}
