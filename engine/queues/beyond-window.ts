import { LIMITS } from '../base/limits.ts';
import type { Companions, OutMessage, Watcher } from './out-message.ts';
import { newPlace, type Place } from './outbox-entry.ts';

/**
 * Messages of this run that an outbox has in the store only: what is kept of them, by position, until they are brought
 * into the window. Of those that came first, as many as are watched.
 */
export class BeyondWindow {
  readonly #places = new Map<number, Place>();
  /** Of messages that have the common watcher, nothing but their tickets. */
  readonly #tickets = new Map<number, number>();
  #common: Watcher | undefined;

  /** @returns its place, if it can be taken back */
  add(
    message: OutMessage,
    where: Pick<Place, 'number' | 'position' | 'sizeBytes' | 'atMs'>,
  ): Place | undefined {
    const { body, watcher, ticket } = message;
    const { position } = where;
    if (body === undefined && watcher.isCommon) {
      this.#common ??= watcher;
      if (this.#tickets.size < LIMITS.outboxWatched) this.#tickets.set(position, ticket);
      return undefined;
    }
    // Nothing of the message itself, which is in the store.
    const place = newPlace({ ...where, companions: { body, watcher, ticket }, parts: undefined });
    if (this.#places.size < LIMITS.outboxWatched) this.#places.set(position, place);
    return place;
  }

  /** Whoever waits for what becomes of a message holds this place. It is forgotten here. */
  takePlace(position: number): Place | undefined {
    const place = this.#places.get(position);
    if (place !== undefined) this.#places.delete(position);
    return place;
  }

  /** The companions of one that has no such place. @param revived what it has where its own are not known */
  takeCompanions(position: number, revived: Companions): Companions {
    const ticket = this.#tickets.get(position);
    if (ticket === undefined || this.#common === undefined) return revived;
    this.#tickets.delete(position);
    return { body: revived.body, watcher: this.#common, ticket };
  }

  /** They are dropped, for this reason. */
  drop(why: string): void {
    for (const place of this.#places.values()) {
      if (!place.gone) place.companions.watcher.moved(place.companions.ticket, 'dropped', why);
      place.gone = true;
    }
    for (const ticket of this.#tickets.values()) this.#common?.moved(ticket, 'dropped', why);
    this.#places.clear();
    this.#tickets.clear();
  }
}
