import { LIMITS } from '../base/limits.ts';
import type { DeliveryContext, DeliveryObserver, OutMessage } from './out-message.ts';
import { type QueuedMessage, queuedMessage } from './outbox-entry.ts';

/**
 * Messages of this run that an outbox has in the store only: what is kept of them, by position, until they are brought
 * into the window. Of those that came first, as many as are watched.
 */
export class UnloadedEntries {
  readonly #places = new Map<number, QueuedMessage>();
  /** Of messages that have the common watcher, nothing but position and ticket, one behind the other. */
  #logIds: number[] = [];
  /** Where the first is that has not been taken; those before it are cut off now and then. */
  #firstLogId = 0;
  #common: DeliveryObserver | undefined;

  /** @returns its place, if it can be taken back */
  add(
    message: OutMessage,
    where: Pick<QueuedMessage, 'number' | 'position' | 'sizeBytes' | 'atMs'>,
  ): QueuedMessage | undefined {
    const { body, observer, logId } = message;
    const { position } = where;
    if (body === undefined && observer.isCommon) {
      this.#common ??= observer;
      const count = (this.#logIds.length - this.#firstLogId) / 2;
      if (count < LIMITS.outboxObserved) this.#logIds.push(position, logId);
      return undefined;
    }
    // Nothing of the message itself, which is in the store.
    const place = queuedMessage({ ...where, context: { body, observer, logId }, parts: undefined });
    if (this.#places.size < LIMITS.outboxObserved) this.#places.set(position, place);
    return place;
  }

  /** Whoever waits for what becomes of a message holds this place. It is forgotten here. */
  take(position: number): QueuedMessage | undefined {
    const place = this.#places.get(position);
    if (place !== undefined) this.#places.delete(position);
    return place;
  }

  /** The companions of one that has no such place. Asked for in order. @param revived what it has where its own are not known */
  takeContext(position: number, revived: DeliveryContext): DeliveryContext {
    const logId = this.#takeLogId(position);
    if (logId === undefined || this.#common === undefined) return revived;
    return { body: revived.body, observer: this.#common, logId };
  }

  #takeLogId(position: number): number | undefined {
    const logIds = this.#logIds;
    let at = this.#firstLogId;
    while (at < logIds.length && (logIds[at] as number) < position) at += 2;
    const logId = logIds[at] === position ? logIds[at + 1] : undefined;
    this.#firstLogId = logId === undefined ? at : at + 2;
    if (this.#firstLogId * 2 > logIds.length) {
      this.#logIds = logIds.slice(this.#firstLogId);
      this.#firstLogId = 0;
    }
    return logId;
  }
}
