import type { AiocError } from '../base/errors.ts';
import type { MemoryBudget } from '../base/memory-budget.ts';
import type { Clock } from '../base/ports.ts';
import type { FileDestinations } from '../files/file-destinations.ts';
import type { Peer } from '../peers/peer.ts';
import type { TrafficLog } from '../peers/traffic-log.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { OutgoingBody } from '../queues/out-message.ts';
import type { QueueRules } from '../queues/queue-rules.ts';
import type { Store } from '../storage/store.ts';

/**
 * The peer that a local program means by a name; undefined when there is none and none may be expected. One that has
 * never been here is expected where its messages can wait on the disk (PROTOCOL §4).
 */
export type PeerFinder = (who: {
  readonly name: string | undefined;
  readonly mayBeAway: boolean;
}) => Peer | undefined;

export interface LocalBrokerOptions {
  readonly clock: Clock;
  readonly budget: MemoryBudget;
  readonly store: Store;
  readonly log: TrafficLog;
  readonly sendTypes: readonly string[];
  readonly recvTypes: readonly string[];
  readonly rules: QueueRules;
  /** A client's server: nobody else sends it anything. */
  readonly soleSender?: string | undefined;
  /** Data and binary of a message that a program may send. Absent: LIMITS.messageBytes. */
  readonly messageMaxBytes?: number;
  readonly destinations: FileDestinations;
  readonly peerFor: PeerFinder;
  /** The file that a message of a local program takes along, if it does. */
  readonly bodyOf: (frame: Frame) => OutgoingBody | undefined;
  readonly onChange: () => void;
  /** Sees every message that has been taken in; for a screen. */
  readonly observe?: (peer: Peer, frame: Frame) => void;
}

/** A request that is on its way. */
export interface PendingRequest {
  /** As what `submit` returns. */
  readonly accepted: Promise<void> | undefined;
  /** Nobody waits for the response any more. */
  stopWaiting(): void;
}

/** What a local program is told of its request: the response, or that it will not come. */
export interface ResponseHandler {
  answered(frame: Frame): void;
  /** @param error AiocError AIOC_FRAME_TOO_LARGE */
  refused(error: AiocError): void;
  lost(): void;
}
