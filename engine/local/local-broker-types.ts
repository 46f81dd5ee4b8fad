import type { AiocError } from '../base/errors.ts';
import type { MemoryBudget } from '../base/memory-budget.ts';
import type { Clock } from '../base/ports.ts';
import type { FileDestinations } from '../files/file-destinations.ts';
import type { ReceivedPieces } from '../files/received-pieces.ts';
import type { TransferTargets } from '../files/transfer-targets.ts';
import type { OnState } from '../peers/delivery-observers.ts';
import type { Peer } from '../peers/peer.ts';
import type { TrafficLog } from '../peers/traffic-log.ts';
import type { BatchExtras } from '../peers/traffic-types.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { CheckedBatch } from '../queues/message-batch.ts';
import type { OutgoingBody } from '../queues/outgoing-body.ts';
import type { QueueRules } from '../queues/queue-rules.ts';
import type { Store } from '../storage/store.ts';

/**
 * Finds the peer with a name that a local program gave. A peer that has never connected is also found if its messages can
 * wait on the disk (PROTOCOL §4).
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
  /** A client's server, its only peer. */
  readonly soleSender?: string | undefined;
  /** Maximum size of a message's data plus binary. Default: LIMITS.messageBytes. */
  readonly messageMaxBytes?: number;
  readonly destinations: FileDestinations;
  readonly pieces: ReceivedPieces;
  /** Of files from aioc peers. */
  readonly files: TransferTargets;
  readonly peerFor: PeerFinder;
  /** The file of a message of a local program, if it has one. */
  readonly bodyOf: (frame: Frame) => OutgoingBody | undefined;
  readonly onChange: () => void;
  /** Called with all accepted messages, for a screen. */
  readonly observe?: (peer: Peer, batch: CheckedBatch) => void;
}

/** Follows the file of one message on its way to the peer. */
export interface FileFollower {
  /** The same file, followed. */
  bodyOf(body: OutgoingBody): OutgoingBody;
  readonly onState: OnState;
}

/** What goes with a message besides its record. */
export function extrasOf(body: OutgoingBody | undefined, follower: FileFollower | undefined): BatchExtras {
  if (body === undefined || follower === undefined) return { body };
  return { body: follower.bodyOf(body), onState: follower.onState };
}

/** A request that waits for its response. */
export interface PendingRequest {
  /** As the result of `submit`. */
  readonly accepted: Promise<void> | undefined;
  /** Call if the program no longer waits for the response. */
  stopWaiting(): void;
}

/** Called once, with the response to a local program's request or the reason why there is none. */
export interface ResponseHandler {
  answered(frame: Frame): void;
  /** @param error AiocError AIOC_FRAME_TOO_LARGE */
  refused(error: AiocError): void;
  lost(): void;
}
