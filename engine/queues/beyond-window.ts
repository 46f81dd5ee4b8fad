import { LIMITS } from '../base/limits.ts';
import type { Companions, OutMessage, Watcher } from './out-message.ts';
import { newPlace, type Place } from './outbox-entry.ts';

/**
 * Messages of this run that an outbox has in the store only: what is kept of them, by position, until they are brought
 * into the window. Of those that came first, as many as are watched.
 */
export class BeyondWindow {
  readonly #places = new Map<number, Place>();
  /** Of messages that have the common watcher, nothing but position and ticket, one behind the other. */
  #tickets: number[] = [];
  /** Where the first is that has not been taken; those before it are cut off now and then. */
  #firstTicket = 0;
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
      const count = (this.#tickets.length - this.#firstTicket) / 2;
      if (count < LIMITS.outboxWatched) this.#tickets.push(position, ticket);
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

  /** The companions of one that has no such place. Asked for in order. @param revived what it has where its own are not known */
  takeCompanions(position: number, revived: Companions): Companions {
    const ticket = this.#takeTicket(position);
    if (ticket === undefined || this.#common === undefined) return revived;
    return { body: revived.body, watcher: this.#common, ticket };
  }

  #takeTicket(position: number): number | undefined {
    const tickets = this.#tickets;
    let at = this.#firstTicket;
    while (at < tickets.length && (tickets[at] as number) < position) at += 2;
    const ticket = tickets[at] === position ? tickets[at + 1] : undefined;
    this.#firstTicket = ticket === undefined ? at : at + 2;
    if (this.#firstTicket * 2 > tickets.length) {
      this.#tickets = tickets.slice(this.#firstTicket);
      this.#firstTicket = 0;
    }
    return ticket;
  }
}
