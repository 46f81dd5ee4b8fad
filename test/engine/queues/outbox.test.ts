import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MemoryBudget, MemoryLease } from '../../../engine/base/memory-budget.ts';
import type { WhenFull } from '../../../engine/config/shapes.ts';
import { newEpoch } from '../../../engine/protocol/message-number.ts';
import type { Capacity } from '../../../engine/queues/capacity.ts';
import { messagesFrom } from '../../../engine/queues/message-batch.ts';
import { Outbox } from '../../../engine/queues/outbox.ts';
import type { DeliveryObserver, OutboxBatch } from '../../../engine/queues/outbox-batch.ts';
import type { OutboxEntry } from '../../../engine/queues/outbox-entry.ts';
import { outboxHead } from '../../../engine/queues/outbox-head.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import { type Store, sizeOfBatch } from '../../../engine/storage/store.ts';
import { batchOf, outgoing, textsIn } from '../../helpers/message-batches.ts';
import { NOBODY } from '../../helpers/nobody.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';
import { seededRandom } from '../../helpers/simulated-world.ts';
import { slowStore } from '../../helpers/slow-store.ts';

/** Each outbox has its own epochs. */
const random = seededRandom(1);

interface Options {
  readonly whenFull?: WhenFull;
  readonly store?: Store;
  readonly capacity?: Capacity;
  readonly budget?: MemoryBudget;
}

function outbox({
  whenFull = 'refuse',
  store = new MemoryStore(new SimulatedClock()),
  capacity = { messages: LIMITS.outboxMessages, bytes: LIMITS.outboxBytes },
  budget = new MemoryBudget(LIMITS.memoryBudgetBytes),
}: Options = {}): Outbox {
  return new Outbox({
    type: 'any',
    stream: 'out/peer/any',
    store,
    clock: new SimulatedClock(),
    budget,
    random,
    capacity,
    whenFull,
    revive: () => ({ observer: NOBODY, logId: 0 }),
    onKept: () => undefined,
    isDraining: () => false,
  });
}

type Outcome = readonly ['kept' | 'refused', number];

/** Resolves with the outcomes of its messages, in the order in which they were reported. */
function outcomesOf(queue: Outbox, batch: OutboxBatch): Promise<readonly Outcome[]> {
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
function offer(queue: Outbox, batch: OutboxBatch): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    let rest = batch.count;
    const kept = (count: number, cancel?: () => void): void => {
      rest -= count;
      if (rest === 0) resolve(cancel);
    };
    void queue.enqueue(batch, { kept, refused: (_count, error) => reject(error) });
  });
}

const one = (text: string): OutboxBatch => outgoing([text]);
const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `m${from + index}`);

/** The texts of an entry that are not sent yet. */
function unsentOf(entry: OutboxEntry): string[] {
  assert.ok(entry.records !== undefined);
  const from = Math.max(entry.sent, entry.left);
  return textsIn(messagesFrom({ count: entry.count, records: entry.records }, from));
}

/** Sends and acknowledges everything that waits, and says what it was. */
async function drain(queue: Outbox): Promise<string[]> {
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

test('far more than the window comes out in order, and each once', async () => {
  const queue = outbox();
  const texts = numbered(LIMITS.outboxWindow * 3 + 7);
  for (let at = 0; at < texts.length; ) {
    const count = 1 + (at % 3);
    await offer(queue, outgoing(texts.slice(at, at + count)));
    at += count;
  }
  assert.equal(queue.depth, texts.length);
  assert.deepEqual(await drain(queue), texts);
  assert.deepEqual([queue.depth, queue.bytes, queue.unacked, queue.unackedBytes], [0, 0, 0, 0]);
});

/** What a queue holds, as simply as it can be said. Numbers count from 1 in the order of queueing. */
class Model {
  readonly texts: string[] = [];
  /** How many, from the first, have left. */
  left = 0;
  /** The last one sent on this connection. */
  sent = 0;

  get depth(): number {
    return this.texts.length - this.left;
  }
}

type Step =
  | { readonly do: 'offer'; readonly count: number; readonly sizeBytes: number }
  | { readonly do: 'send'; readonly part: number }
  | { readonly do: 'ack'; readonly share: number }
  | { readonly do: 'reconnect'; readonly share: number }
  | { readonly do: 'load' }
  | { readonly do: 'restart' };

const STEPS: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('offer' as const),
        count: fc.integer({ min: 1, max: 6 }),
        sizeBytes: fc.constantFrom(0, 10, 300_000),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('send' as const), part: fc.nat(6) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('ack' as const),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('reconnect' as const),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('load' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  ),
  { maxLength: 60 },
);

/** A queue beside its model: one message of the peer's order is compared at a time. */
class Compared {
  readonly store = new MemoryStore(new SimulatedClock());
  readonly model = new Model();
  queue = outbox({ store: this.store });
  /** The number on the wire of each message by its index; it must never change. */
  readonly #numbers = new Map<number, string>();
  /** What was sent on this connection: the numbers of its last message. */
  #lastSent: { readonly epoch: string; readonly seq: number } | undefined;

  async perform(step: Step): Promise<void> {
    if (step.do === 'offer') await this.#offer(step);
    else if (step.do === 'send') this.#send(step.part);
    else if (step.do === 'ack') this.#ack(step.share, false);
    else if (step.do === 'reconnect') this.#reconnect(step.share);
    else if (step.do === 'load') await this.queue.load();
    else await this.#restart();
    const { queue, model } = this;
    assert.equal(queue.depth, model.depth, step.do);
    assert.equal(queue.unacked, Math.max(0, model.sent - model.left), `unacked after ${step.do}`);
    // The bytes of a batch count until its last message has left.
    assert.ok(queue.unackedBytes > 0 || model.sent === model.left, `unackedBytes after ${step.do}`);
    const { bytes } = await this.store.stat('out/peer/any');
    assert.equal(queue.bytes, bytes, `bytes after ${step.do}`);
  }

  async #offer({ count, sizeBytes }: Extract<Step, { do: 'offer' }>): Promise<void> {
    const { texts } = this.model;
    const added = numbered(count, texts.length).map((text) => text.padEnd(sizeBytes, '.'));
    texts.push(...added);
    await offer(this.queue, outgoing(added));
  }

  #send(part: number): void {
    const { queue, model } = this;
    const entry = queue.next();
    if (entry === undefined) return;
    const from = Math.max(model.sent, model.left);
    const unsent = unsentOf(entry);
    assert.deepEqual(unsent, model.texts.slice(from, from + unsent.length));
    // To some peers they go one by one.
    const count = part === 0 ? unsent.length : Math.min(part, unsent.length);
    const { epoch, seq, after } = queue.send(entry, count);
    for (let index = 0; index < count; index += 1) {
      const number = `${epoch}.${seq + index}`;
      assert.equal(this.#numbers.get(from + index) ?? number, number, 'its number has changed');
      this.#numbers.set(from + index, number);
    }
    const last = this.#lastSent;
    const before = last?.epoch === epoch ? last.seq : undefined;
    assert.equal(after, before === undefined || before === seq - 1 ? undefined : before);
    this.#lastSent = { epoch, seq: seq + count - 1 };
    model.sent = from + count;
  }

  /** The peer acknowledges a share of what was sent on this connection or, if `everSent`, of what it was ever sent. */
  #ack(share: number, everSent: boolean): void {
    const { queue, model } = this;
    const end = everSent ? this.#numbers.size : model.sent;
    const upTo = model.left + Math.round(share * (end - model.left));
    if (upTo <= model.left) return;
    const [epoch = '', seq] = (this.#numbers.get(upTo - 1) as string).split('.');
    // The numbers of earlier lives come first: a peer that has some of this one has all of those.
    const epochs = new Map<string, number>();
    for (let index = model.left; index < upTo; index += 1) {
      const [of = '', its] = (this.#numbers.get(index) as string).split('.');
      epochs.set(of, Number(its));
    }
    epochs.set(epoch, Number(seq));
    const left = [...epochs].flatMap(([of, its]) => queue.acked({ epoch: of, seq: its }, { everSent }));
    assert.equal(
      left.reduce((sum, { from, to }) => sum + to - from, 0),
      upTo - model.left,
    );
    model.left = upTo;
    if (model.sent < model.left) model.sent = model.left;
  }

  #reconnect(share: number): void {
    this.queue.rewind();
    this.#lastSent = undefined;
    this.model.sent = this.model.left;
    // Only what is in the window can be found by a resume point.
    if (!this.queue.hasMore) this.#ack(share, true);
    this.model.sent = this.model.left;
  }

  async #restart(): Promise<void> {
    this.queue = outbox({ store: this.store });
    await this.queue.restore();
    this.#lastSent = undefined;
    this.model.sent = this.model.left;
    assert.equal(await this.store.stat('out/peer/any').then(({ count }) => count), this.model.depth);
  }

  async end(): Promise<void> {
    const { queue, model } = this;
    queue.rewind();
    assert.deepEqual(await drain(queue), model.texts.slice(model.left));
    assert.deepEqual([queue.depth, queue.bytes, queue.unacked, queue.unackedBytes], [0, 0, 0, 0]);
    assert.equal((await this.store.stat('out/peer/any')).count, 0);
  }
}

test('whatever is queued, sent in parts, acknowledged inside batches and resumed, each comes once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(STEPS, async (steps) => {
      const compared = new Compared();
      for (const step of steps) await compared.perform(step);
      await compared.end();
    }),
    { numRuns: 150 },
  );
});

test('a restart inside a batch sends the rest of it, under the numbers that it had', async () => {
  const store = new MemoryStore(new SimulatedClock());
  const first = outbox({ store });
  await offer(first, outgoing(['a', 'b', 'c', 'd']));
  const entry = first.next();
  assert.ok(entry !== undefined);
  const { epoch, seq } = first.send(entry, 4);
  first.acked({ epoch, seq: seq + 1 });
  assert.equal(first.depth, 2);

  const second = outbox({ store });
  await second.restore();
  assert.deepEqual([second.depth, second.bytes], [2, first.bytes]);
  const rest = second.next();
  assert.ok(rest !== undefined);
  assert.deepEqual(unsentOf(rest), ['c', 'd']);
  assert.deepEqual(second.send(rest, 2), { epoch, seq: seq + 2 });
});

test('a resume point in mid-connection counts only what was sent', async () => {
  const queue = outbox();
  await offer(queue, outgoing(['a', 'b', 'c', 'd']));
  const entry = queue.next();
  assert.ok(entry !== undefined);
  const { epoch, seq } = queue.send(entry, 1);
  queue.acked({ epoch, seq: seq + 2 }, { everSent: true });
  assert.deepEqual([queue.unacked, queue.depth], [0, 1]);
  queue.send(entry, 1);
  assert.equal(queue.unacked, 1);
  queue.acked({ epoch, seq: seq + 3 });
  assert.deepEqual([queue.unacked, queue.unackedBytes, queue.depth, queue.bytes], [0, 0, 0, 0]);
});

test('messages acknowledged out of order leave once, and the log shows only the others as waiting again', async () => {
  const told: string[] = [];
  const observer: DeliveryObserver = {
    isCommon: true,
    onState: ({ logId, count }, state) => void told.push(`${logId}+${count} ${state}`),
  };
  const queue = outbox();
  await offer(queue, outgoing(['a', 'b', 'c', 'd', 'e'], { observer, logId: 10 }));
  const entry = queue.next();
  assert.ok(entry !== undefined);
  const { epoch, seq } = queue.send(entry, 5);
  for (const index of [1, 3]) assert.ok(queue.ackedOne({ epoch, seq: seq + index }) !== undefined);
  assert.equal(queue.ackedOne({ epoch, seq: seq + 1 }), undefined, 'it has left');
  assert.deepEqual([queue.depth, queue.unacked, entry.left], [3, 3, 0]);
  queue.rewind();
  assert.deepEqual(told, ['10+1 waiting', '12+1 waiting', '14+1 waiting']);
  assert.equal(entry.hasHoles, true);
  for (const index of [0, 2, 4]) {
    // As the sender does, which passes over those that have left.
    while (entry.hasLeft(Math.max(entry.sent, entry.left))) entry.sent = Math.max(entry.sent, entry.left) + 1;
    assert.equal(queue.send(entry, 1).seq, seq + index);
    queue.ackedOne({ epoch, seq: seq + index });
  }
  assert.deepEqual([queue.depth, queue.bytes, queue.unacked, queue.unackedBytes], [0, 0, 0, 0]);
});

test('drop_oldest counts what was still there of a batch', async () => {
  const capacity = { messages: 5, bytes: 1_000_000 };
  const queue = outbox({ whenFull: 'drop_oldest', capacity });
  await offer(queue, outgoing(['a', 'b', 'c', 'd', 'e']));
  const entry = queue.next();
  assert.ok(entry !== undefined);
  const { epoch, seq } = queue.send(entry, 5);
  queue.acked({ epoch, seq });
  queue.ackedOne({ epoch, seq: seq + 3 });
  queue.rewind();
  assert.equal(queue.depth, 3);
  await offer(queue, outgoing(numbered(5)));
  assert.deepEqual([queue.dropped, queue.depth], [3, 5]);
  assert.deepEqual(await drain(queue), numbered(5));
});

type DropStep = 'offer' | 'large' | 'send' | 'ack' | 'rewind' | 'cancel' | 'load';

test('with drop_oldest each message has one outcome, whatever is sent, cancelled or dropped, and the order stays', async () => {
  const steps = fc.array(
    fc.constantFrom<DropStep>('offer', 'offer', 'large', 'send', 'send', 'ack', 'rewind', 'cancel', 'load'),
    { maxLength: 80 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const capacity = { messages: 12, bytes: 1_000_000 };
      const queue = outbox({ whenFull: 'drop_oldest', capacity });
      const outcome = new Map<number, string>();
      const has = (index: number, state: string): void => {
        assert.equal(outcome.get(index), undefined, `${index} is ${state} and was ${outcome.get(index)}`);
        outcome.set(index, state);
      };
      const observer: DeliveryObserver = {
        isCommon: false,
        onState: ({ logId, count }, state) => {
          if (state !== 'dropped' && state !== 'refused') return;
          for (let index = 0; index < count; index += 1) has(logId - 1 + index, state);
        },
      };
      let offered = 0;
      const waiting: Promise<unknown>[] = [];
      const cancels: (() => void)[] = [];
      const received: number[] = [];
      const noteLeft = (left: ReturnType<Outbox['acked']>): void => {
        for (const { entry, from, to } of left)
          for (const text of textsIn({ records: entry.records as Buffer }).slice(from, to)) {
            has(Number(text), 'received');
            received.push(Number(text));
          }
      };
      let last: { readonly epoch: string; readonly seq: number } | undefined;
      for (const step of all) {
        if (step === 'offer' || step === 'large') {
          const count = step === 'large' ? 15 : 1 + (offered % 4);
          const texts = Array.from({ length: count }, (_, index) => `${offered + index}`);
          const first = offered;
          const offering = offer(queue, outgoing(texts, { observer, logId: first + 1 }));
          waiting.push(
            offering
              .catch(() => undefined)
              .then((cancel) => {
                if (count !== 1) return;
                cancels.push(() => {
                  const before = queue.depth;
                  cancel?.();
                  if (queue.depth < before) has(first, 'cancelled');
                });
              }),
          );
          offered += count;
        }
        const entry = queue.next();
        if (step === 'send' && entry !== undefined) {
          const rest = unsentOf(entry).length;
          const count = Math.ceil(rest / 2);
          const { epoch, seq } = queue.send(entry, count);
          last = { epoch, seq: seq + count - 1 };
        } else if (step === 'ack' && last !== undefined) noteLeft(queue.acked(last));
        else if (step === 'rewind') {
          queue.rewind();
          last = undefined;
        } else if (step === 'cancel') cancels.shift()?.();
        else if (step === 'load') await queue.load();
        await new Promise((resolve) => setImmediate(resolve));
        assert.ok(queue.depth <= capacity.messages);
      }
      queue.rewind();
      await Promise.all(waiting);
      for (const text of await drain(queue)) {
        has(Number(text), 'received');
        received.push(Number(text));
      }
      assert.deepEqual(
        received,
        received.toSorted((a, b) => a - b),
      );
      assert.equal(outcome.size, offered);
      const lost = [...outcome.values()].filter((state) => state === 'dropped' || state === 'refused');
      assert.equal(queue.dropped, lost.length);
      assert.deepEqual([queue.depth, queue.bytes, queue.unacked, queue.unackedBytes], [0, 0, 0, 0]);
    }),
    { numRuns: 60 },
  );
});

async function fill(queue: Outbox, observer: DeliveryObserver = NOBODY): Promise<void> {
  for (let at = 0; at < LIMITS.outboxMessages; at += 100)
    await offer(queue, outgoing(numbered(100, at), { observer, logId: 1 + at }));
}

test('a full outbox refuses, and loses nothing that it has', async () => {
  const queue = outbox();
  await fill(queue);
  await assert.rejects(offer(queue, one('one more')), { code: 'AIOC_QUEUE_FULL' });
  assert.deepEqual([queue.depth, queue.dropped], [LIMITS.outboxMessages, 0]);
});

test('of a batch that fits in part, the first messages are kept before the others are refused', async () => {
  const capacity = { messages: 5, bytes: 1_000_000 };
  for (const store of [slowStore(), new MemoryStore(new SimulatedClock())]) {
    const queue = outbox({ capacity, store });
    await offer(queue, outgoing(['a', 'b']));
    const outcomes = await outcomesOf(queue, outgoing(['c', 'd', 'e', 'f', 'g']));
    assert.deepEqual(outcomes, [
      ['kept', 3],
      ['refused', 2],
    ]);
    assert.deepEqual(await drain(queue), ['a', 'b', 'c', 'd', 'e']);
    assert.equal(queue.bytes, 0);
  }
});

test('a batch that is larger than the queue goes in parts, with drop_oldest the last of them', async () => {
  const capacity = { messages: 4, bytes: 1_000_000 };
  const queue = outbox({ whenFull: 'drop_oldest', capacity });
  assert.deepEqual(await outcomesOf(queue, outgoing(numbered(10))), [
    ['kept', 4],
    ['kept', 4],
    ['kept', 2],
  ]);
  assert.ok(queue.depth <= 4);
  assert.equal(queue.dropped + queue.depth, 10);
  assert.deepEqual(await drain(queue), numbered(queue.dropped === 8 ? 2 : 6, queue.dropped));
});

test('by bytes too, only what fits is taken of a batch', async () => {
  const head = outboxHead({ epoch: newEpoch(random), seq: 1 });
  const bytes = sizeOfBatch({ head, records: batchOf(numbered(4)).records });
  const queue = outbox({ capacity: { messages: 100, bytes } });
  const [first, ...others] = await outcomesOf(queue, outgoing(numbered(10)));
  assert.deepEqual(first, ['kept', 4]);
  assert.ok(others.every(([outcome]) => outcome === 'refused'));
  assert.equal(queue.bytes, bytes);
});

test('one that drops the newest counts each, one that drops the oldest tells whose they were', async () => {
  const newest = outbox({ whenFull: 'drop_newest' });
  await fill(newest);
  await assert.rejects(offer(newest, one('one more')), { code: 'AIOC_QUEUE_FULL' });
  assert.equal(newest.dropped, 1);
  const told: string[] = [];
  const observer: DeliveryObserver = {
    isCommon: true,
    onState: ({ logId, count }, state) => void told.push(`${logId}+${count} ${state}`),
  };
  const oldest = outbox({ whenFull: 'drop_oldest' });
  await fill(oldest, observer);
  await offer(oldest, one('one more'));
  assert.deepEqual(told, ['1+100 dropped'], 'a batch is dropped as a whole');
  assert.deepEqual([oldest.depth, oldest.dropped], [LIMITS.outboxMessages - 99, 100]);
  const rest = await drain(oldest);
  assert.deepEqual([rest[0], rest.at(-1)], ['m100', 'one more']);
});

test('what waits in the store is found again by the next run, in order, also what comes meanwhile', async () => {
  const store = new MemoryStore(new SimulatedClock());
  const first = outbox({ store });
  const count = LIMITS.outboxWindow + 100;
  for (const text of numbered(count)) await offer(first, one(text));
  const gone = first.next();
  assert.ok(gone !== undefined);
  first.cancel(gone);

  const second = outbox({ store });
  await second.restore();
  assert.equal(second.depth, count - 1);
  await offer(second, one('late'));
  assert.deepEqual(await drain(second), [...numbered(count - 1, 1), 'late']);
  assert.deepEqual([second.depth, second.bytes], [0, 0]);
});

test('a message that is cancelled does not go out, in the window or behind it, nor does it count', async () => {
  const queue = outbox();
  const observer: DeliveryObserver = { isCommon: false, onState: () => undefined };
  const texts = numbered(LIMITS.outboxWindow + 50);
  const cancelled = new Set([3, LIMITS.outboxWindow + 20, LIMITS.outboxWindow + 49]);
  const cancels: (() => void)[] = [];
  for (const [index, text] of texts.entries()) {
    const cancel = await offer(queue, outgoing([text], { observer }));
    if (cancelled.has(index)) cancels.push(cancel as () => void);
  }
  for (const cancel of [...cancels, ...cancels]) cancel();
  assert.equal(queue.depth, texts.length - 3);
  assert.deepEqual(
    await drain(queue),
    texts.filter((_, index) => !cancelled.has(index)),
  );
  assert.deepEqual([queue.depth, queue.bytes], [0, 0]);
});

test('dropping the oldest goes on behind the window, and keeps the order of those offered at once', async () => {
  const queue = outbox({ whenFull: 'drop_oldest' });
  const total = LIMITS.outboxMessages + LIMITS.outboxWindow + 50;
  await Promise.all(numbered(total).map((text) => offer(queue, one(text))));
  assert.equal(queue.dropped, total - LIMITS.outboxMessages);
  assert.deepEqual(await drain(queue), numbered(LIMITS.outboxMessages, total - LIMITS.outboxMessages));
});

test('those offered at once to a slow disk: the newest are kept, though none of them is stored yet', async () => {
  const capacity = { messages: 2, bytes: LIMITS.outboxBytes };
  const queue = outbox({ whenFull: 'drop_oldest', store: slowStore(), capacity });
  await Promise.all(numbered(5).map((text) => offer(queue, one(text))));
  assert.deepEqual([queue.dropped, queue.depth], [3, 2]);
  assert.deepEqual(await drain(queue), ['m3', 'm4']);
});

test('where the store cannot be read, nothing is dropped for a message, and the line moves on', async () => {
  const store = new MemoryStore(new SimulatedClock());
  const queue = outbox({ whenFull: 'drop_oldest', store, capacity: { messages: 2_000, bytes: 1e9 } });
  for (const text of numbered(2_000)) await offer(queue, one(text));
  for (let entry = queue.next(); entry !== undefined; entry = queue.next()) queue.send(entry, 1);
  const read = store.read.bind(store);
  store.read = async () => {
    throw new Error('the disk does not answer');
  };
  await assert.rejects(offer(queue, one('refused')), { code: 'AIOC_QUEUE_FULL' });
  store.read = read;
  await offer(queue, one('taken'));
  assert.equal(queue.depth, 2_000);
});

test('a message that is larger than the whole queue is refused, and nothing is dropped for it', async () => {
  const capacity = { messages: 10, bytes: 1_000 };
  const queue = outbox({ whenFull: 'drop_oldest', store: slowStore(), capacity });
  await offer(queue, one('kept'));
  await assert.rejects(offer(queue, one('x'.repeat(1_000))), { code: 'AIOC_QUEUE_FULL' });
  assert.deepEqual(await outcomesOf(queue, outgoing(['a', 'x'.repeat(1_000), 'b'])), [
    ['kept', 1],
    ['refused', 1],
    ['kept', 1],
  ]);
  assert.deepEqual(await drain(queue), ['kept', 'a', 'b']);
});

test('messages that the store refuses are not in the queue, and the next one is', async () => {
  const store = new MemoryStore(new SimulatedClock());
  const queue = outbox({ store });
  const append = store.append.bind(store);
  store.append = async () => {
    throw new Error('the disk is full');
  };
  assert.deepEqual(await outcomesOf(queue, outgoing(['lost', 'too'])), [['refused', 2]]);
  assert.deepEqual([queue.depth, queue.bytes], [0, 0]);
  store.append = append;
  await offer(queue, one('kept'));
  assert.deepEqual(await drain(queue), ['kept']);
});

test('of large messages few are in memory, however many wait; all come out in order', async () => {
  const budget = new MemoryBudget(LIMITS.memoryBudgetBytes);
  const queue = outbox({ budget });
  const texts = Array.from({ length: 40 }, (_, number) => `${number}`.padEnd(200_000, '.'));
  for (const text of texts) await offer(queue, one(text));
  assert.ok(budget.heldBytes <= LIMITS.outboxWindowBytes, `${budget.heldBytes} bytes`);
  assert.deepEqual(await drain(queue), texts);
  assert.equal(budget.heldBytes, 0);
});

test('where the memory is spent by others a queue goes on with one batch after the other', async () => {
  const budget = new MemoryBudget(1_000);
  new MemoryLease(budget).take(2_000);
  const queue = outbox({ budget });
  for (const text of numbered(50)) await offer(queue, one(text));
  assert.ok(budget.heldBytes < 2_200, 'it holds one');
  const first = queue.next();
  assert.ok(first !== undefined);
  const number = queue.send(first, 1);
  assert.deepEqual([queue.next(), queue.hasMore, queue.mayLoad], [undefined, true, false]);
  queue.acked(number);
  assert.equal(queue.mayLoad, true);
  assert.deepEqual(await drain(queue), numbered(49, 1));
  assert.equal(budget.heldBytes, 2_000);
});
