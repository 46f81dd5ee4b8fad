import { LIMITS } from '../base/limits.ts';
import { type JsonObject, parseJsonObject } from '../protocol/header.ts';
import { largestMessageIn, recordsOf } from '../protocol/record-batch.ts';
import { type Batch, type Store, type StoredBatch, sizeOfBatch } from '../storage/store.ts';
import { type MessageBatch, mayNameFile } from './message-batch.ts';
import { readOldOutgoing } from './old-records.ts';
import type { DeliveryContext } from './outbox-batch.ts';
import { OutboxEntry } from './outbox-entry.ts';
import { numberInHead } from './outbox-head.ts';
import type { OutboxNumbers } from './outbox-numbers.ts';
import type { OutboxOptions } from './outbox-options.ts';
import { UnloadedEntries } from './unloaded-entries.ts';

export interface OutboxLoaderOptions extends Pick<OutboxOptions, 'store' | 'stream' | 'revive'> {
  readonly store: Store;
  readonly numbers: OutboxNumbers;
}

/** Reads an outbox's messages from the store, with what is still known about them in this run. */
export class OutboxLoader {
  readonly unloaded = new UnloadedEntries();
  readonly #options: OutboxLoaderOptions;

  constructor(options: OutboxLoaderOptions) {
    this.#options = options;
  }

  /**
   * The entries behind a position, as many as are read at once, without their contexts. Messages of the first one up to
   * that position have left.
   */
  async read(after: number): Promise<readonly OutboxEntry[]> {
    const { store, stream } = this.#options;
    const batches = await store.read(stream, after, LIMITS.outboxLoadBytes);
    return batches.map((batch) => {
      const entry = this.#entry(batch);
      if (entry.position <= after) entry.leaveUpTo(after - entry.position + 1);
      return entry;
    });
  }

  /** The entry with its context. Called once for each, in order of position. */
  withContext(entry: OutboxEntry): OutboxEntry {
    const known = this.unloaded.take(entry.position);
    if (known !== undefined) {
      known.records = entry.records;
      return known;
    }
    const context = this.unloaded.takeContext(entry.position, entry.context);
    return context === entry.context ? entry : copyWith(entry, context);
  }

  #entry({ position, count, head, records, atMs }: StoredBatch): OutboxEntry {
    const old = head.length === 0 ? readOldOutgoing(records) : undefined;
    const batch = old?.batch ?? { count, records };
    const number =
      old === undefined ? numberInHead(head) : (old.number ?? this.#options.numbers.nextUnnumbered());
    return new OutboxEntry({
      context: this.#options.revive(old?.header ?? headerWithFile(batch), number),
      number,
      position,
      count,
      sizeBytes: sizeOfBatch({ head, records }),
      largestBytes: largestMessageIn(batch.records),
      atMs,
      records: batch.records,
    });
  }
}

function copyWith(entry: OutboxEntry, context: DeliveryContext): OutboxEntry {
  const copy = new OutboxEntry({ ...entry, context });
  copy.leaveUpTo(entry.left);
  return copy;
}

/** The header of a message that may have a file; it is alone in its batch. */
function headerWithFile(batch: MessageBatch): JsonObject | undefined {
  if (!mayNameFile(batch)) return undefined;
  for (const { headerBytes } of recordsOf(batch.records)) return parseJsonObject(headerBytes);
  return undefined;
}

/** The header of a stored message that may have a file, in any version's encoding. */
export function fileHeaderIn({ head, count, records }: Batch): JsonObject | undefined {
  return head.length === 0 ? readOldOutgoing(records).header : headerWithFile({ count, records });
}
