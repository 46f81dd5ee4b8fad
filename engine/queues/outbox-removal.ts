import type { OutboxEntry } from './outbox-entry.ts';
import type { OutboxWindow } from './outbox-window.ts';
import type { OutboxWriter } from './outbox-writer.ts';

/** The parts of an outbox from which messages are removed. */
interface OutboxRemovalOptions {
  readonly window: OutboxWindow;
  readonly writer: Pick<OutboxWriter, 'isBusy' | 'arrived'>;
  hasMore(): boolean;
  load(): Promise<void>;
  /** @returns how many messages that were */
  remove(entry: OutboxEntry): number;
  /** Resolves when the last ack is in the store. */
  acked(): Promise<void>;
}

/** Removes messages that were not sent on the current connection: those of a batch of which some were sent stay. */
export class OutboxRemoval {
  readonly #options: OutboxRemovalOptions;

  constructor(options: OutboxRemovalOptions) {
    this.#options = options;
  }

  /** See LimitedQueue. */
  async dropOldest(): Promise<number> {
    for (;;) {
      const oldest = await this.#oldest();
      if (oldest !== undefined)
        return this.#drop(oldest, 'the queue was full and this was the oldest message');
      const { writer } = this.#options;
      // The newest messages are counted, but may not be in the window yet.
      if (!writer.isBusy) return 0;
      await writer.arrived();
    }
  }

  /** See StoredQueue. Behind a message that is on its way, the store records it only when that has been acknowledged. */
  async purge(upTo: number, why: string): Promise<number> {
    let count = 0;
    for (;;) {
      const oldest = await this.#oldest();
      if (oldest === undefined || oldest.position > upTo) break;
      count += this.#drop(oldest, why);
      // The entry stays in the window while one before it is on its way.
      oldest.records = undefined;
    }
    await this.#options.acked();
    return count;
  }

  async #oldest(): Promise<OutboxEntry | undefined> {
    const { window } = this.#options;
    for (;;) {
      const oldest = window.oldestUnsent;
      if (oldest !== undefined || !this.#options.hasMore()) return oldest;
      await this.#options.load();
    }
  }

  #drop(entry: OutboxEntry, why: string): number {
    const waiting = entry.waitingRanges(entry.count);
    const count = this.#options.remove(entry);
    for (const [from, to] of waiting) entry.report(from, to, 'dropped', why);
    entry.context.body?.onGivenUp?.();
    return count;
  }
}
