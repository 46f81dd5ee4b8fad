import type { Header } from '../protocol/header.ts';
import type { MessageParts } from './message-record.ts';

/** A file that is sent with a message; it is read when it is sent. */
export interface OutgoingBody {
  /** 0 if unknown before the file is opened. */
  readonly sizeBytes: number;
  /** If the file cannot be read, the message fails, or is sent without it (PROTOCOL §3). */
  readonly whenUnreadable: 'fail' | 'send-without';
  open(): Promise<{
    readonly sizeBytes: number;
    chunks(): AsyncIterable<Buffer>;
    close(): Promise<void>;
  }>;
  onProgress(sentBytes: number): void;
  /** The peer has received it. */
  onDelivered(): void;
  /** Its message was queued and will not be sent. */
  onGivenUp?(): void;
}

export type DeliveryState = 'waiting' | 'sent' | 'received' | 'dropped' | 'failed';

/** Observes the delivery of messages. One observer may serve many, identified by their log ids. */
export interface DeliveryObserver {
  /**
   * It serves all messages of a type without an observer of their own: they cannot be cancelled, and while they wait on
   * the disk, memory keeps only their log ids.
   */
  readonly isCommon: boolean;
  /** Called whenever the state of a message changes, back to waiting included; `refused`: it is not in the queue. */
  onState(logId: number, state: DeliveryState | 'refused', reason?: string): void;
}

/** What accompanies a message outside its record: its file, observer and log id. */
export interface DeliveryContext {
  readonly body?: OutgoingBody | undefined;
  readonly observer: DeliveryObserver;
  readonly logId: number;
}

export interface OutMessage extends MessageParts, DeliveryContext {
  /** Without transport_id, which belongs to a connection. */
  readonly header: Header;
}
