import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AiocError } from '../../../engine/base/errors.ts';
import type { WhenFull } from '../../../engine/config/shapes.ts';
import { OverflowPolicy } from '../../../engine/queues/overflow-policy.ts';
import { batchOf } from '../../helpers/message-batches.ts';

/** A queue of at most three messages and ten bytes, of which each test says what leaves. */
class SmallQueue {
  readonly inside: string[] = [];
  readonly refused: string[] = [];
  readonly policy: OverflowPolicy;
  isPatient = true;

  constructor(whenFull: WhenFull, { takesOneOfAnySize = false, refusedIsLost = false } = {}) {
    const capacity = { messages: 3, bytes: 10 };
    this.policy = new OverflowPolicy({ queue: this, capacity, whenFull, takesOneOfAnySize, refusedIsLost });
  }

  get depth(): number {
    return this.inside.length;
  }

  get bytes(): number {
    return this.inside.join('').length;
  }

  async dropOldest(): Promise<number> {
    return this.inside.shift() === undefined ? 0 : 1;
  }

  offer(text: string, isPatient = (): boolean => this.isPatient): Promise<void> | undefined {
    return this.policy.whenRoom({
      count: 1,
      sizeBytes: text.length,
      mayWait: isPatient,
      enter: () => void this.inside.push(text),
      refused: ({ code }) => void this.refused.push(`${text} ${code}`),
    });
  }

  leaves(): void {
    this.inside.shift();
    this.policy.changed();
  }
}

test('who waits enters in the order in which it came, and a small one does not pass a large one', async () => {
  const queue = new SmallQueue('refuse');
  for (const text of ['aaaa', 'bbbb']) assert.equal(queue.offer(text), undefined);
  const waits = ['cccc', 'd', 'e'].map((text) => queue.offer(text));
  assert.deepEqual([queue.inside, queue.policy.waiting], [['aaaa', 'bbbb'], 3]);
  queue.leaves();
  assert.deepEqual(queue.inside, ['bbbb', 'cccc', 'd']);
  await Promise.all(waits.slice(0, 2));
  queue.leaves();
  await waits[2];
  assert.deepEqual([queue.inside, queue.refused, queue.policy.dropped], [['cccc', 'd', 'e'], [], 0]);
});

test('who does not wait is refused behind one that waits, though it would fit', async () => {
  const queue = new SmallQueue('refuse');
  queue.offer('aaaaaaaa');
  void queue.offer('bbbb');
  await queue.offer('c', () => false);
  assert.deepEqual(queue.refused, ['c AIOC_QUEUE_FULL']);
  queue.leaves();
  assert.deepEqual(queue.inside, ['bbbb']);
});

test('one whose patience ends is refused, and the next one is looked at', async () => {
  const queue = new SmallQueue('refuse');
  queue.offer('aaaaaaaa');
  const waits = [queue.offer('bbbb'), queue.offer('c')];
  queue.isPatient = false;
  queue.policy.changed();
  await Promise.all(waits);
  assert.deepEqual([queue.refused, queue.inside], [['bbbb AIOC_QUEUE_FULL'], ['aaaaaaaa', 'c']]);
});

test('what is larger than the whole queue never waits, and nothing is dropped for it', async () => {
  for (const whenFull of ['refuse', 'drop_oldest'] as const) {
    const queue = new SmallQueue(whenFull);
    queue.offer('a');
    await queue.offer('b'.repeat(11));
    assert.deepEqual([queue.inside.length, queue.refused.length], [1, 1]);
  }
  const queue = new SmallQueue('refuse', { takesOneOfAnySize: true });
  assert.equal(queue.offer('b'.repeat(11)), undefined);
});

test('drop_oldest makes room, drop_newest does not, and both are counted; refused ones where they are lost', async () => {
  const kept = { drop_oldest: ['b', 'c', 'd'], drop_newest: ['a', 'b', 'c'], refuse: ['a', 'b', 'c'] };
  for (const whenFull of ['drop_oldest', 'drop_newest', 'refuse'] as const) {
    const queue = new SmallQueue(whenFull, { refusedIsLost: true });
    queue.isPatient = false;
    for (const text of ['a', 'b', 'c', 'd']) await queue.offer(text);
    assert.deepEqual([queue.inside, queue.policy.dropped], [kept[whenFull], 1], whenFull);
  }
});

test('at the end who waits enters over the limit, or all are refused for another reason and count as nothing', async () => {
  const queue = new SmallQueue('refuse', { refusedIsLost: true });
  queue.offer('aaaaaaaa');
  const waits = [queue.offer('bbbb'), queue.offer('cccc')];
  queue.policy.admitAll();
  await Promise.all([...waits, queue.offer('dddd')]);
  assert.deepEqual(queue.inside, ['aaaaaaaa', 'bbbb', 'cccc', 'dddd']);
  queue.policy.reopen();
  const late = queue.offer('eeee');
  queue.policy.refuseAll(new AiocError('AIOC_CANCELLED', 'the connector stops'));
  await late;
  assert.deepEqual([queue.refused, queue.policy.dropped], [['eeee AIOC_CANCELLED'], 0]);
});

/** A queue that holds so much, with as much room as the test says. */
function policyOf(
  queue: { depth: number; bytes: number },
  { messages = 10, bytes = 1e6 } = {},
  anySize = false,
  whenFull: WhenFull = 'refuse',
) {
  return new OverflowPolicy({
    queue: { ...queue, dropOldest: async () => 0 },
    capacity: { messages, bytes },
    whenFull,
    takesOneOfAnySize: anySize,
    refusedIsLost: false,
  });
}

test('of a batch as many messages fit as there is room for, by number and by bytes', () => {
  const batch = batchOf(['aa', 'bb', 'cc', 'dd']);
  const two = batchOf(['aa', 'bb']).records.length;
  assert.equal(policyOf({ depth: 6, bytes: 0 }).fitting(batch, 0), 4);
  assert.equal(policyOf({ depth: 7, bytes: 0 }).fitting(batch, 0), 3);
  assert.equal(policyOf({ depth: 10, bytes: 0 }).fitting(batch, 0), 0);
  assert.equal(policyOf({ depth: 11, bytes: 2e6 }).fitting(batch, 0), 0);
  for (const [room, count] of [
    [two - 1, 1],
    [two, 2],
    [batch.records.length - 1, 3],
    [batch.records.length, 4],
    [5, 0],
  ] as const)
    assert.equal(policyOf({ depth: 1, bytes: 100 }, { bytes: 100 + room }).fitting(batch, 0), count);
  assert.equal(policyOf({ depth: 0, bytes: 0 }, { bytes: 5 }, true).fitting(batch, 0), 1);
  assert.equal(policyOf({ depth: 1, bytes: 0 }, { bytes: 5 }, true).fitting(batch, 0), 0);
});

test('a batch that no empty queue takes goes in the largest parts that one takes, of one message at least', () => {
  const batch = batchOf(['aa', 'bb', 'cc', 'dd']);
  assert.equal(policyOf({ depth: 9, bytes: 0 }).largestPart(batch, 0), 4);
  assert.equal(policyOf({ depth: 9, bytes: 0 }, { messages: 3 }).largestPart(batch, 0), 3);
  assert.equal(
    policyOf({ depth: 9, bytes: 0 }, { bytes: batch.records.length - 1 }).largestPart(batch, 0),
    3,
  );
  assert.equal(policyOf({ depth: 9, bytes: 0 }, { bytes: 1 }).largestPart(batch, 0), 1);
  for (const whenFull of ['drop_oldest', 'drop_newest'] as const) {
    const policy = policyOf({ depth: 9, bytes: 0 }, { messages: 3 }, false, whenFull);
    assert.equal(policy.largestPart(batch, 0), 1, 'no message is dropped for one that came with it');
  }
});
