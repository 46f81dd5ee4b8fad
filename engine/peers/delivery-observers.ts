import type { Outcome } from '../contract/views.ts';
import type { DeliveryObserver, DeliveryState } from '../queues/outbox-batch.ts';
import type { Peer } from './peer.ts';
import type { TrafficLog } from './traffic-log.ts';

/** Called whenever the state of a message changes, back to waiting included. */
export type OnState = (state: DeliveryState, reason?: string) => void;

/** Observes messages of an earlier run: only a failure of one, or of its file, is logged. */
export function observerOfRevived(log: TrafficLog): DeliveryObserver {
  return {
    isCommon: true,
    onState: (_messages, state, reason) => {
      if (state === 'sent' && reason !== undefined)
        log.event(`a message from an earlier run was sent ${reason}`, { warning: true });
      if (state === 'failed')
        log.event(`a message from an earlier run could not be sent and was dropped: ${reason}`, {
          warning: true,
        });
    },
  };
}

/** Logs the outcome of messages, by their log ids. */
export class DeliveryObservers {
  readonly #log: TrafficLog;
  readonly #onLeft: (type: string, count: number) => void;
  /** One observer for all messages of a type to a peer. */
  readonly #common = new WeakMap<Peer, Map<string, DeliveryObserver>>();
  /** Why messages were sent without their files, by log id, until they are acknowledged: each is one of a batch of one. */
  readonly #withoutFile = new Map<number, string>();

  constructor(log: TrafficLog, onLeft: (type: string, count: number) => void) {
    this.#log = log;
    this.#onLeft = onLeft;
  }

  observer(peer: Peer, type: string, onState: OnState | undefined): DeliveryObserver {
    if (onState !== undefined) return this.#make(peer, type, onState);
    const ofPeer = this.#common.get(peer) ?? new Map<string, DeliveryObserver>();
    this.#common.set(peer, ofPeer);
    const common = ofPeer.get(type) ?? this.#make(peer, type, undefined);
    ofPeer.set(type, common);
    return common;
  }

  /** An ack says nothing of the file: the reason with which its message was sent holds until then. */
  #reasonOf(logId: number, state: DeliveryState | 'refused', reason: string | undefined): string | undefined {
    const known = this.#withoutFile.get(logId);
    if (state === 'sent' && reason !== undefined) this.#withoutFile.set(logId, reason);
    else if (known !== undefined) this.#withoutFile.delete(logId);
    return state === 'received' ? (reason ?? known) : reason;
  }

  #make(peer: Peer, type: string, onState: OnState | undefined): DeliveryObserver {
    return {
      isCommon: onState === undefined,
      onState: ({ logId, count }, state, reason) => {
        if (state === 'sent') this.#onLeft(type, count);
        // Only a message whose file cannot be sent or was refused is sent with a reason.
        if (state === 'sent' && reason !== undefined)
          this.#log.event(`a message of the type ${type} was sent ${reason}`, {
            ...{ peerName: peer.name, warning: true, repeats: 'file' },
          });
        const why =
          state === 'dropped'
            ? (reason ?? 'the peer ignores this connector')
            : this.#reasonOf(logId, state, reason);
        if (logId !== 0)
          this.#log.settle(logId, outcomeOf(state, peer), { count, ...(why !== undefined && { why }) });
        if (state === 'failed' && onState === undefined)
          this.#log.event(`a ${type} message could not be sent and was dropped: ${reason}`, {
            warning: true,
          });
        // The sender is notified of refusals in another way.
        if (state !== 'refused') onState?.(state, reason);
      },
    };
  }
}

/** A Python peer's ack says less than an aioc peer's (PROTOCOL §2). */
function outcomeOf(state: DeliveryState | 'refused', { kind }: Peer): Outcome {
  if (state === 'waiting') return 'queued';
  if (state !== 'received') return state;
  return kind === 'python' ? 'received by Python' : 'peer has it';
}
