import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { lastPositionOf } from '../storage/store.ts';
import type { InboxBatch } from './inbox-batch.ts';
import type { InboxWriter } from './inbox-writer.ts';

/** The parts of an inbox from which messages are removed. */
interface InboxRemovalOptions {
  readonly type: string;
  readonly writer: Pick<InboxWriter, 'isBusy' | 'idle'>;
  /** Whether a program listens. */
  hasConsumer(): boolean;
  /** Whether one listens, or did recently. */
  isExpected(): boolean;
  hasLent(): boolean;
  /** Lent messages are older than all others. */
  settleLent(): Promise<void>;
  /** The next batches that are not taken. */
  read(maxBytes: number): Promise<readonly InboxBatch[]>;
  /** @returns how many of its messages had not been taken or dropped */
  drop(batch: InboxBatch, why: string): number;
  /** The first batch that is left, if it is known. */
  firstIs(batch: InboxBatch | undefined): void;
  /** Records in the store what was dropped. */
  ack(): Promise<void>;
  changed(): void;
}

/** Removes messages from an inbox that no listener has. */
export class InboxRemoval {
  readonly #options: InboxRemovalOptions;

  constructor(options: InboxRemovalOptions) {
    this.#options = options;
  }

  /** See LimitedQueue. */
  async dropOldest(): Promise<number | 'look-again'> {
    const { writer } = this.#options;
    // Lent messages are older: they are dropped too, and not redelivered.
    await this.#options.settleLent().catch(() => undefined);
    const [oldest, next] = await this.#options.read(1).catch(() => []);
    if (oldest === undefined) {
      // The oldest message is still being stored.
      const wasStoring = writer.isBusy;
      await writer.idle();
      return wasStoring ? 'look-again' : 0;
    }
    // A listener that has come meanwhile may have received these messages, and takes them itself.
    if (this.#options.isExpected()) return 'look-again';
    const count = this.#options.drop(oldest, 'the queue was full and this was the oldest message');
    this.#options.firstIs(next ?? oldest);
    this.#options.ack().catch(() => undefined);
    return count;
  }

  /**
   * Drops the messages up to a position, that of the last one of a batch; later ones stay. A listener that has some of
   * them takes them itself, so there must be none. Resolves when the store has recorded it.
   *
   * @returns how many
   * @throws AiocError AIOC_COMMAND if a program listens; AIOC_DISK, AIOC_DISK_FULL
   */
  async purge(upTo: number, why: string): Promise<number> {
    let count = 0;
    for (;;) {
      const batches = await this.#options.read(LIMITS.inboxReadBytes);
      if (this.#options.hasConsumer() || this.#options.hasLent()) throw takenByListener(this.#options.type);
      const purged = batches.filter((batch) => lastPositionOf(batch) <= upTo);
      for (const batch of purged) count += this.#options.drop(batch, why);
      this.#options.firstIs(batches[purged.length]);
      if (purged.length === 0) break;
    }
    this.#options.changed();
    await this.#options.ack();
    return count;
  }
}

function takenByListener(type: string): AiocError {
  return new AiocError(
    'AIOC_COMMAND',
    `a program listens to ${type} and takes its messages: stop it before you purge them`,
  );
}
