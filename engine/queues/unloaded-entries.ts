import { LIMITS } from '../base/limits.ts';
import type { DeliveryContext, DeliveryObserver, OutMessage } from './out-message.ts';
import { type QueuedMessage, queuedMessage } from './outbox-entry.ts';

/**
 * Entries of this run that an outbox has only in the store, by position, until they are loaded into the window. Only
 * the first ones are kept, up to a limit.
 */
export class UnloadedEntries {
  readonly #places = new Map<number, QueuedMessage>();
  /** Of messages with the common observer: only position and log id, one pair after the other. */
  #logIds: number[] = [];
  /** The index of the first pair that was not taken; earlier ones are compacted occasionally. */
  #firstLogId = 0;
  #common: DeliveryObserver | undefined;

  /** @returns its entry, if it can be cancelled */
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
    // The message itself is only in the store.
    const place = queuedMessage({ ...where, context: { body, observer, logId }, parts: undefined });
    if (this.#places.size < LIMITS.outboxObserved) this.#places.set(position, place);
    return place;
  }

  /** Takes the entry of a message that has its own observer. */
  take(position: number): QueuedMessage | undefined {
    const place = this.#places.get(position);
    if (place !== undefined) this.#places.delete(position);
    return place;
  }

  /**
   * Takes the context of a message without such an entry. Called in order of position.
   *
   * @param revived the context to use if its own is not known
   */
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
