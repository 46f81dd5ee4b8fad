import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Outbox } from '../../../engine/queues/outbox.ts';
import type { DeliveryObserver } from '../../../engine/queues/outbox-batch.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import { outgoing, textsIn } from '../../helpers/message-batches.ts';
import { drain, numbered, offer, outbox, unsentOf } from '../../helpers/outboxes.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';

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
