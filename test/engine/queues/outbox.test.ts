import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MemoryBudget, MemoryLease } from '../../../engine/base/memory-budget.ts';
import type { WhenFull } from '../../../engine/config/shapes.ts';
import { newEpoch } from '../../../engine/protocol/message-number.ts';
import type { Capacity } from '../../../engine/queues/capacity.ts';
import { decodeRecord, encodeRecord } from '../../../engine/queues/message-record.ts';
import type { DeliveryObserver, OutMessage } from '../../../engine/queues/out-batch.ts';
import { Outbox } from '../../../engine/queues/outbox.ts';
import type { QueuedMessage } from '../../../engine/queues/outbox-entry.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import type { Store } from '../../../engine/storage/store.ts';
import { NOBODY } from '../../helpers/nobody.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';
import { seededRandom } from '../../helpers/simulated-world.ts';
import { slowStore } from '../../helpers/slow-store.ts';

function outbox(
  whenFull: WhenFull = 'refuse',
  store: Store = new MemoryStore(new SimulatedClock()),
  capacity: Capacity = { messages: LIMITS.outboxMessages, bytes: LIMITS.outboxBytes },
  budget = new MemoryBudget(LIMITS.memoryBudgetBytes),
): Outbox {
  return new Outbox({
    type: 'any',
    stream: 'out/peer/any',
    store,
    clock: new SimulatedClock(),
    budget,
    random: seededRandom(1),
    capacity,
    whenFull,
    revive: () => ({ observer: NOBODY, logId: 0 }),
    onKept: () => undefined,
    isDraining: () => false,
  });
}

type Told = (state: string, logId: number) => void;

function message(text: string, told?: Told): OutMessage {
  const observer: DeliveryObserver =
    told === undefined
      ? NOBODY
      : { isCommon: false, onState: (logId: number, state: string) => told(state, logId) };
  return { header: { message_type: 'any' }, data: Buffer.from(text), observer, logId: 0 };
}

/** Resolves when it is in the queue. */
function offer(queue: Outbox, offered: OutMessage): Promise<QueuedMessage | undefined> {
  return new Promise((resolve, reject) => queue.enqueue(offered, { kept: resolve, refused: reject }));
}

/** Sends and acknowledges everything that waits, and says what it was. */
async function drain(queue: Outbox): Promise<string[]> {
  const got: string[] = [];
  for (;;) {
    const entry = queue.next();
    if (entry !== undefined) {
      got.push(entry.parts.data.toString());
      queue.remove(entry);
    } else if (queue.hasMore) await queue.load();
    else return got;
  }
}

test('a message is packed and unpacked unchanged', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.string(),
      fc.uint8Array(),
      fc.uint8Array({ minLength: 1 }),
      (type, tag, data, binary) => {
        const parts = {
          header: { message_type: type, tag },
          data: Buffer.from(data),
          binary: Buffer.from(binary),
        };
        const unpacked = decodeRecord(encodeRecord(parts));
        const { forwardedHeader } = unpacked;
        assert.deepEqual(unpacked, { ...parts, forwardedHeader, number: undefined });
        assert.deepEqual(JSON.parse(String(forwardedHeader)), parts.header);
        const number = { epoch: newEpoch(seededRandom(1)), seq: 7 };
        const plain = { header: parts.header, data: parts.data, number };
        const again = decodeRecord(encodeRecord(plain));
        assert.deepEqual(again, { ...plain, forwardedHeader, binary: undefined });
      },
    ),
  );
});

test('far more than the window comes out in order, and each once', async () => {
  const queue = outbox();
  const texts = Array.from({ length: LIMITS.outboxWindow * 3 + 7 }, (_, number) => `m${number}`);
  for (const text of texts) await offer(queue, message(text));
  assert.equal(queue.depth, texts.length);
  assert.deepEqual(await drain(queue), texts);
  assert.deepEqual([queue.depth, queue.bytes], [0, 0]);
});

test('after a lost connection what was not acknowledged comes again, in the same order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('offer', 'send', 'ack', 'rewind'), { maxLength: 200 }),
      async (steps) => {
        const queue = outbox();
        const acknowledged: string[] = [];
        const sent: NonNullable<ReturnType<Outbox['next']>>[] = [];
        let offered = 0;
        for (const step of steps) {
          const entry = queue.next();
          if (step === 'offer') await offer(queue, message(`${offered++}`));
          else if (step === 'rewind') {
            queue.rewind();
            sent.length = 0;
          } else if (step === 'send' && entry !== undefined) {
            entry.sent = true;
            sent.push(entry);
          } else if (step === 'ack' && sent[0] !== undefined) {
            const first = sent.shift() as (typeof sent)[0];
            acknowledged.push(first.parts.data.toString());
            queue.remove(first);
          }
        }
        queue.rewind();
        acknowledged.push(...(await drain(queue)));
        assert.deepEqual(
          acknowledged,
          Array.from({ length: offered }, (_, number) => `${number}`),
        );
      },
    ),
  );
});

async function fill(queue: Outbox, told: string[]): Promise<void> {
  for (let number = 0; number < LIMITS.outboxMessages; number += 1) {
    await offer(
      queue,
      message(`m${number}`, (state) => told.push(`m${number} ${state}`)),
    );
  }
}

test('a full outbox refuses, and loses nothing that it has', async () => {
  const queue = outbox('refuse');
  await fill(queue, []);
  await assert.rejects(offer(queue, message('one more')), { code: 'AIOC_QUEUE_FULL' });
  assert.deepEqual([queue.depth, queue.dropped], [LIMITS.outboxMessages, 0]);
});

test('one that drops the newest counts each, one that drops the oldest tells whose it was', async () => {
  const newest = outbox('drop_newest');
  await fill(newest, []);
  await assert.rejects(offer(newest, message('one more')), { code: 'AIOC_QUEUE_FULL' });
  assert.equal(newest.dropped, 1);
  const told: string[] = [];
  const oldest = outbox('drop_oldest');
  await fill(oldest, told);
  await offer(oldest, message('one more'));
  assert.deepEqual(told, ['m0 dropped']);
  assert.deepEqual([oldest.depth, oldest.dropped], [LIMITS.outboxMessages, 1]);
  const rest = await drain(oldest);
  assert.deepEqual([rest[0], rest.at(-1)], ['m1', 'one more']);
});

test('what waits in the store is found again by the next run, in order, also what comes meanwhile', async () => {
  const store = new MemoryStore(new SimulatedClock());
  const first = outbox('refuse', store);
  const count = LIMITS.outboxWindow + 100;
  for (let number = 0; number < count; number += 1) await offer(first, message(`m${number}`));
  const gone = first.next();
  assert.ok(gone !== undefined);
  first.remove(gone);

  const second = outbox('refuse', store);
  await second.restore();
  assert.equal(second.depth, count - 1);
  await offer(second, message('late'));
  const rest = Array.from({ length: count - 1 }, (_, number) => `m${number + 1}`);
  assert.deepEqual(await drain(second), [...rest, 'late']);
  assert.deepEqual([second.depth, second.bytes], [0, 0]);
});

test('dropping the oldest goes on behind the window, and keeps the order of those offered at once', async () => {
  const queue = outbox('drop_oldest');
  const total = LIMITS.outboxMessages + LIMITS.outboxWindow + 50;
  await Promise.all(Array.from({ length: total }, (_, number) => offer(queue, message(`m${number}`))));
  assert.equal(queue.dropped, total - LIMITS.outboxMessages);
  const kept = Array.from(
    { length: LIMITS.outboxMessages },
    (_, at) => `m${total - LIMITS.outboxMessages + at}`,
  );
  assert.deepEqual(await drain(queue), kept);
});

test('those offered at once to a slow disk: the newest are kept, though none of them is stored yet', async () => {
  const queue = outbox('drop_oldest', slowStore(), { messages: 2, bytes: LIMITS.outboxBytes });
  const offers = ['m0', 'm1', 'm2', 'm3', 'm4'].map((text) => offer(queue, message(text)));
  await Promise.all(offers);
  assert.deepEqual([queue.dropped, queue.depth], [3, 2]);
  assert.deepEqual(await drain(queue), ['m3', 'm4']);
});

test('a message that is larger than the whole queue is refused, and nothing is dropped for it', async () => {
  const queue = outbox('drop_oldest', slowStore(), { messages: 10, bytes: 1_000 });
  await offer(queue, message('kept'));
  await assert.rejects(offer(queue, message('x'.repeat(1_000))), { code: 'AIOC_QUEUE_FULL' });
  assert.deepEqual(await drain(queue), ['kept']);
});

test('a message that the store refuses is not in the queue, and the next one is', async () => {
  const store = new MemoryStore(new SimulatedClock());
  const queue = outbox('refuse', store);
  const append = store.append.bind(store);
  store.append = async () => {
    throw new Error('the disk is full');
  };
  await assert.rejects(offer(queue, message('lost')), /the disk is full/);
  assert.deepEqual([queue.depth, queue.bytes], [0, 0]);
  store.append = append;
  await offer(queue, message('kept'));
  assert.deepEqual(await drain(queue), ['kept']);
});

test('of large messages few are in memory, however many wait; all come out in order', async () => {
  const budget = new MemoryBudget(LIMITS.memoryBudgetBytes);
  const queue = outbox('refuse', undefined, undefined, budget);
  const texts = Array.from({ length: 40 }, (_, number) => `${number}`.padEnd(200_000, '.'));
  for (const text of texts) await offer(queue, message(text));
  assert.ok(budget.heldBytes <= LIMITS.outboxWindowBytes, `${budget.heldBytes} bytes`);
  assert.deepEqual(await drain(queue), texts);
  assert.equal(budget.heldBytes, 0);
});

test('where the memory is spent by others a queue goes on with one message after the other', async () => {
  const budget = new MemoryBudget(1_000);
  new MemoryLease(budget).take(2_000);
  const queue = outbox('refuse', undefined, undefined, budget);
  const texts = Array.from({ length: 50 }, (_, number) => `m${number}`);
  for (const text of texts) await offer(queue, message(text));
  assert.ok(budget.heldBytes < 2_200, 'it holds one');
  const [first] = [queue.next()];
  assert.ok(first !== undefined);
  queue.send(first);
  assert.deepEqual([queue.next(), queue.hasMore, queue.mayLoad], [undefined, true, false]);
  queue.remove(first);
  assert.equal(queue.mayLoad, true);
  assert.deepEqual(await drain(queue), texts.slice(1));
  assert.equal(budget.heldBytes, 2_000);
});

test('a header to which no number could be added any more is refused, and the queue goes on', async () => {
  const queue = outbox();
  const large = { message_type: 'any', tag: 'x'.repeat(LIMITS.headerBytes - 100) };
  const named = { ...message('data'), header: large };
  const forwarded = { ...named, forwardedHeader: Buffer.from(JSON.stringify(large)) };
  await assert.rejects(offer(queue, named), { code: 'AIOC_FRAME_TOO_LARGE' });
  await assert.rejects(offer(queue, forwarded), { code: 'AIOC_FRAME_TOO_LARGE' });
  assert.deepEqual([queue.depth, queue.bytes], [0, 0]);
  await offer(queue, message('next'));
  assert.deepEqual(await drain(queue), ['next']);
});
