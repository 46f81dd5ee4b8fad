import { LIMITS } from '../base/limits.ts';
import type { DeliveryContext, DeliveryObserver } from './outbox-batch.ts';
import { type EntryFields, OutboxEntry } from './outbox-entry.ts';

/**
 * Entries of this run that an outbox has only in the store, by position, until they are loaded into the window. Only
 * the first ones are kept, up to a limit.
 */
export class UnloadedEntries {
  readonly #entries = new Map<number, OutboxEntry>();
  /** Of messages with the common observer: only position and log id, one pair after the other. */
  #logIds: number[] = [];
  /** The index of the first pair that was not taken; earlier ones are compacted occasionally. */
  #firstLogId = 0;
  #common: DeliveryObserver | undefined;

  /** @returns its entry, if it can be cancelled */
  add(fields: EntryFields): OutboxEntry | undefined {
    const { position, context } = fields;
    const { body, observer, logId } = context;
    if (body === undefined && observer.isCommon) {
      this.#common ??= observer;
      const count = (this.#logIds.length - this.#firstLogId) / 2;
      if (count < LIMITS.outboxObserved) this.#logIds.push(position, logId);
      return undefined;
    }
    // The messages themselves are only in the store.
    const entry = new OutboxEntry({ ...fields, records: undefined });
    if (this.#entries.size < LIMITS.outboxObserved) this.#entries.set(position, entry);
    return entry;
  }

  /** Takes the entry at a position that has its own observer. */
  take(position: number): OutboxEntry | undefined {
    if (this.#entries.size === 0) return undefined;
    const entry = this.#entries.get(position);
    if (entry !== undefined) this.#entries.delete(position);
    return entry;
  }

  /**
   * Takes the context of messages without such an entry. Called in order of position.
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
