import type { MessageNumber } from '../protocol/message-number.ts';

/** Identifies a message of a sender, for the store. */
export interface MessageSource extends MessageNumber {
  readonly peerName: string;
}

/** The stored position of one sender, type and epoch, from this run or an earlier one. */
export interface StoredPosition extends MessageNumber {
  readonly type: string;
  /** Later messages are stored too, but some between are missing; the sender may still have those. */
  readonly hasGap: boolean;
}

/** The name of a sender's epoch in the store, where several senders share a stream. */
export function epochInStore({ epoch, peerName }: Omit<MessageSource, 'seq'>): string {
  return `${epoch} ${peerName}`;
}

/** Undefined for an epoch without a sender, such as that of imported messages. */
export function parseEpochInStore(name: string): Omit<MessageSource, 'seq'> | undefined {
  const at = name.indexOf(' ');
  return at < 0 ? undefined : { epoch: name.slice(0, at), peerName: name.slice(at + 1) };
}
