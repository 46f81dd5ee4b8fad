import { LIMITS } from '../base/limits.ts';
import type { Companions, DeliveryObserver, OutMessage } from './out-message.ts';
import { type QueuedMessage, queuedMessage } from './outbox-entry.ts';

/**
 * Messages of this run that an outbox has in the store only: what is kept of them, by position, until they are brought
 * into the window. Of those that came first, as many as are watched.
 */
export class UnloadedEntries {
  readonly #places = new Map<number, QueuedMessage>();
  /** Of messages that have the common watcher, nothing but position and ticket, one behind the other. */
  #tickets: number[] = [];
  /** Where the first is that has not been taken; those before it are cut off now and then. */
  #firstTicket = 0;
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
      const count = (this.#tickets.length - this.#firstTicket) / 2;
      if (count < LIMITS.outboxWatched) this.#tickets.push(position, logId);
      return undefined;
    }
    // Nothing of the message itself, which is in the store.
    const place = queuedMessage({ ...where, companions: { body, observer, logId }, parts: undefined });
    if (this.#places.size < LIMITS.outboxWatched) this.#places.set(position, place);
    return place;
  }

  /** Whoever waits for what becomes of a message holds this place. It is forgotten here. */
  takePlace(position: number): QueuedMessage | undefined {
    const place = this.#places.get(position);
    if (place !== undefined) this.#places.delete(position);
    return place;
  }

  /** The companions of one that has no such place. Asked for in order. @param revived what it has where its own are not known */
  takeCompanions(position: number, revived: Companions): Companions {
    const logId = this.#takeTicket(position);
    if (logId === undefined || this.#common === undefined) return revived;
    return { body: revived.body, observer: this.#common, logId };
  }

  #takeTicket(position: number): number | undefined {
    const logIds = this.#tickets;
    let at = this.#firstTicket;
    while (at < logIds.length && (logIds[at] as number) < position) at += 2;
    const logId = logIds[at] === position ? logIds[at + 1] : undefined;
    this.#firstTicket = logId === undefined ? at : at + 2;
    if (this.#firstTicket * 2 > logIds.length) {
      this.#tickets = logIds.slice(this.#firstTicket);
      this.#firstTicket = 0;
    }
    return logId;
  }
}
