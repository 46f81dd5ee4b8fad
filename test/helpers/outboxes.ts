import assert from 'node:assert/strict';
import { LIMITS } from '../../engine/base/limits.ts';
import { MemoryBudget } from '../../engine/base/memory-budget.ts';
import type { WhenFull } from '../../engine/config/shapes.ts';
import type { Capacity } from '../../engine/queues/capacity.ts';
import { messagesFrom } from '../../engine/queues/message-batch.ts';
import { Outbox } from '../../engine/queues/outbox.ts';
import type { OutboxBatch } from '../../engine/queues/outbox-batch.ts';
import type { OutboxEntry } from '../../engine/queues/outbox-entry.ts';
import { MemoryStore } from '../../engine/storage/memory-store.ts';
import type { Store } from '../../engine/storage/store.ts';
import { outgoing, textsIn } from './message-batches.ts';
import { NOBODY } from './nobody.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { seededRandom } from './simulated-world.ts';

/** Each outbox has its own epochs. */
const random = seededRandom(1);

interface OutboxChoices {
  readonly whenFull?: WhenFull;
  readonly store?: Store;
  readonly capacity?: Capacity;
  readonly budget?: MemoryBudget;
  /** Whether the peer is connected. */
  readonly isDraining?: () => boolean;
  readonly clock?: SimulatedClock;
}

/** An outbox on a store in memory. */
export function outbox({
  whenFull = 'refuse',
  store = new MemoryStore(new SimulatedClock()),
  capacity = { messages: LIMITS.outboxMessages, bytes: LIMITS.outboxBytes },
  budget = new MemoryBudget(LIMITS.memoryBudgetBytes),
  isDraining = () => false,
  clock = new SimulatedClock(),
}: OutboxChoices = {}): Outbox {
  return new Outbox({
    type: 'any',
    stream: 'out/peer/any',
    store,
    clock,
    budget,
    random,
    capacity,
    whenFull,
    revive: () => ({ observer: NOBODY, logId: 0 }),
    onKept: () => undefined,
    isDraining,
  });
}

type Outcome = readonly ['kept' | 'refused', number];

/** Resolves with the outcomes of its messages, in the order in which they were reported. */
export function outcomesOf(queue: Outbox, batch: OutboxBatch): Promise<readonly Outcome[]> {
  return new Promise((resolve) => {
    const outcomes: Outcome[] = [];
    let rest = batch.count;
    const report = (outcome: Outcome): void => {
      outcomes.push(outcome);
      rest -= outcome[1];
      if (rest === 0) resolve(outcomes);
    };
    void queue.enqueue(batch, {
      kept: (count) => report(['kept', count]),
      refused: (count) => report(['refused', count]),
    });
  });
}

/** Resolves when all are in the queue, with what cancels them. */
export function offer(queue: Outbox, batch: OutboxBatch): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    let rest = batch.count;
    const kept = (count: number, cancel?: () => void): void => {
      rest -= count;
      if (rest === 0) resolve(cancel);
    };
    void queue.enqueue(batch, { kept, refused: (_count, error) => reject(error) });
  });
}

/** A batch of one message. */
export const one = (text: string): OutboxBatch => outgoing([text]);
/** Texts of messages. */
export const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `m${from + index}`);

/** The texts of an entry that are not sent yet. */
export function unsentOf(entry: OutboxEntry): string[] {
  assert.ok(entry.records !== undefined);
  const from = Math.max(entry.sent, entry.left);
  return textsIn(messagesFrom({ count: entry.count, records: entry.records }, from));
}

/** Sends and acknowledges everything that waits, and says what it was. */
export async function drain(queue: Outbox): Promise<string[]> {
  const got: string[] = [];
  for (;;) {
    const entry = queue.next();
    if (entry !== undefined) {
      const texts = unsentOf(entry);
      got.push(...texts);
      const { epoch, seq } = queue.send(entry, texts.length);
      queue.acked({ epoch, seq: seq + texts.length - 1 });
    } else if (queue.hasMore) await queue.load();
    else return got;
  }
}
