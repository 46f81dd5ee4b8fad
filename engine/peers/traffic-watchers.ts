import type { DeliveryState, Watcher } from '../queues/out-message.ts';
import type { TrafficLog } from './traffic-log.ts';

/** Told each time a message has come further, or has fallen back to waiting. */
export type OnState = (state: DeliveryState, reason?: string) => void;

/** Of messages of an earlier run nobody wants to know any more, but that one could not be sent is told. */
export function watcherOfRevived(log: TrafficLog): Watcher {
  return {
    isCommon: true,
    moved: (_ticket, state, reason) => {
      if (state === 'failed')
        log.event(`a message of an earlier run could not be sent and was dropped: ${reason}`, {
          warning: true,
        });
    },
  };
}

/** Writes into the log what becomes of messages; their tickets are the log's. */
export class TrafficWatchers {
  readonly #log: TrafficLog;
  readonly #onLeft: (type: string) => void;
  /** One for all messages of a type. */
  readonly #common = new Map<string, Watcher>();

  constructor(log: TrafficLog, onLeft: (type: string) => void) {
    this.#log = log;
    this.#onLeft = onLeft;
  }

  watcher(type: string, onState: OnState | undefined): Watcher {
    if (onState !== undefined) return this.#make(type, onState);
    let common = this.#common.get(type);
    if (common === undefined) {
      common = this.#make(type, undefined);
      this.#common.set(type, common);
    }
    return common;
  }

  #make(type: string, onState: OnState | undefined): Watcher {
    return {
      isCommon: onState === undefined,
      moved: (ticket, state, reason) => {
        if (state === 'sent') this.#onLeft(type);
        const why = state === 'dropped' ? (reason ?? 'the other side ignores us') : reason;
        this.#log.settle(ticket, state === 'received' ? 'received by peer' : state, why);
        // Who has offered it is told that otherwise.
        if (state !== 'refused') onState?.(state, reason);
      },
    };
  }
}
