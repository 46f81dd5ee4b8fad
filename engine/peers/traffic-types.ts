import type { MemoryBudget } from '../base/memory-budget.ts';
import type { Clock } from '../base/ports.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { Header } from '../protocol/header.ts';
import type { InboxArrival } from '../queues/inbox-arrival.ts';
import type { CheckedBatch } from '../queues/message-batch.ts';
import type { OutgoingBody } from '../queues/outgoing-body.ts';
import type { OnState } from './delivery-observers.ts';
import type { Disposition, FileSink } from './file-sink.ts';
import type { IgnoreList } from './ignore-list.ts';
import type { Peer } from './peer.ts';
import type { FileReceiver } from './received-files.ts';
import type { Registry } from './registry.ts';
import type { TrafficLog } from './traffic-log.ts';
import type { PeerChange, TrafficCounts } from './traffic-observers.ts';

/** Receives the messages of peers. */
export interface Application {
  /**
   * @param arrival the number of the first message, if its sender numbers messages: it is stored with them; and the
   *   log id of the first message, under which outcomes are reported
   */
  messages(peer: Peer, batch: CheckedBatch, arrival: InboxArrival): Disposition | Promise<Disposition>;
  /** How many messages of a batch, from the first, may ever wait here together; at least one. Absent: all. */
  largestPart?(batch: CheckedBatch): number;
  file(peer: Peer, frame: Frame, sizeBytes: number, arrival: InboxArrival): Promise<FileSink>;
  /** Where files go that cross beside the messages. Absent: they are refused. */
  readonly files?: FileReceiver | undefined;
  /** A message that was skipped because it is too large. */
  oversized?(peer: Peer, header: Header, sizeBytes: number): void;
  /** A message that was dropped because its header is too long for its listeners. */
  undeliverable?(peer: Peer, header: Header, why: string): void;
  /** An answer to a ping of a local program. */
  pong?(peer: Peer, frame: Frame): void;
  connected(peer: Peer): void;
  disconnected(peer: Peer, reason: string): void;
}

export interface TrafficOptions {
  readonly clock: Clock;
  readonly budget: MemoryBudget;
  readonly registry: Registry;
  readonly ignoring: IgnoreList;
  readonly log: TrafficLog;
  readonly application: Application;
  /** The name of this connector on the wire. */
  readonly sourceId: () => string;
  /** The largest accepted message, in bytes of data and binary. Absent: LIMITS.messageBytes. */
  readonly messageMaxBytes?: number;
  readonly counts?: TrafficCounts | undefined;
  /** Called when a peer has connected or disconnected. */
  readonly onPeerChange?: ((change: PeerChange) => void) | undefined;
}

/** What a single message for a peer may have besides its record. */
export interface BatchExtras {
  readonly body?: OutgoingBody | undefined;
  /** Receives its state changes. */
  readonly onState?: OnState | undefined;
}

/** A message that this connector sends by itself. */
export interface OwnMessage extends BatchExtras {
  readonly header: Header;
  readonly data: Buffer;
}
