import type { AiocError } from '../base/errors.ts';
import type { Batch, BatchSource, Store } from '../storage/store.ts';
import { messagesFrom } from './message-batch.ts';

export interface AppendUnknownOptions {
  readonly store: Store;
  readonly stream: string;
  /** Messages with consecutive numbers. */
  readonly batches: readonly Batch[];
  readonly source: BatchSource | undefined;
}

/**
 * Appends the messages that the stream does not have yet.
 *
 * @param attempts remembers an earlier attempt to append the same messages, if it is repeated
 * @returns how many of them, from the first, it already had
 * @throws AiocError as Store.append
 */
export async function appendUnknown(
  options: AppendUnknownOptions,
  attempts: { mayHaveStored: boolean } = { mayHaveStored: false },
): Promise<number> {
  try {
    const known = await append(options);
    // What the stream has may be from the attempt that was in doubt.
    return attempts.mayHaveStored ? 0 : known;
  } catch (error) {
    if ((error as AiocError).code === 'AIOC_STORE_AWAY') attempts.mayHaveStored = true;
    throw error;
  }
}

async function append({ store, stream, batches, source }: AppendUnknownOptions): Promise<number> {
  const total = batches.reduce((sum, { count }) => sum + count, 0);
  let rest = batches;
  let known = 0;
  for (;;) {
    const from = source && known > 0 ? { ...source, ...continuing(source.firstSeq + known) } : source;
    const { outcome, mark = 0 } = await store.append(stream, rest, from);
    if (outcome === 'appended') return known;
    if (outcome === 'duplicate' || source === undefined) return total;
    known = mark - source.firstSeq + 1;
    rest = withoutFirst(batches, known);
  }
}

function continuing(firstSeq: number): Pick<BatchSource, 'firstSeq' | 'after'> {
  return { firstSeq, after: firstSeq - 1 };
}

/** The messages behind the first `count`. */
function withoutFirst(batches: readonly Batch[], count: number): readonly Batch[] {
  const kept: Batch[] = [];
  let passed = 0;
  for (const batch of batches) {
    const from = Math.min(batch.count, Math.max(0, count - passed));
    if (from < batch.count) kept.push(messagesFrom(batch, from));
    passed += batch.count;
  }
  return kept;
}
