import type { Header } from '../protocol/header.ts';
import type { MessageParts } from './message-record.ts';

/** A file that goes along with a message; its bytes are read when it is its turn. */
export interface OutgoingBody {
  /** 0 where it is not known before the file is opened. */
  readonly sizeBytes: number;
  /** What becomes of the message when its file cannot be read: it fails, or goes without it (PROTOCOL §3). */
  readonly whenUnreadable: 'fail' | 'send-without';
  open(): Promise<{
    readonly sizeBytes: number;
    chunks(): AsyncIterable<Buffer>;
    close(): Promise<void>;
  }>;
  onProgress(sentBytes: number): void;
  /** The other side has it. */
  onDelivered(): void;
  /** Its message was in the queue and will not be sent any more. */
  onGivenUp?(): void;
}

export type DeliveryState = 'waiting' | 'sent' | 'received' | 'dropped' | 'failed';

/** Wants to know what becomes of messages. One may watch many, which it tells apart by their tickets. */
export interface DeliveryObserver {
  /**
   * It watches all messages of a type of which nobody in particular wants to know anything: they are not taken back
   * again, and where they wait on the disk nothing of them is kept in memory but the ticket.
   */
  readonly isCommon: boolean;
  /** Told each time a message has come further, or has fallen back to waiting; `refused`: it is not in the queue. */
  onState(logId: number, state: DeliveryState | 'refused', reason?: string): void;
}

/** What goes with a message and is in no record: its file, and whoever wants to know what becomes of it. */
export interface DeliveryContext {
  readonly body?: OutgoingBody | undefined;
  readonly observer: DeliveryObserver;
  readonly logId: number;
}

export interface OutMessage extends MessageParts, DeliveryContext {
  /** Without transport_id, which belongs to a connection. */
  readonly header: Header;
}
