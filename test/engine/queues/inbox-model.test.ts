import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { WhenFull } from '../../../engine/config/shapes.ts';
import { Inbox, type LentMessage } from '../../../engine/queues/inbox.ts';
import type { IndexRange } from '../../../engine/queues/inbox-arrival.ts';
import type { InboxBatch } from '../../../engine/queues/inbox-batch.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { incoming, textsIn } from '../../helpers/message-batches.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

type Step =
  | { readonly do: 'put'; readonly count: number; readonly back: number }
  | { readonly do: 'take' | 'lend' | 'settle'; readonly count: number }
  | { readonly do: 'takeBack' }
  | { readonly do: 'restart' };

const STEPS: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('put' as const),
        count: fc.integer({ min: 1, max: 14 }),
        back: fc.constantFrom(0, 0, 1, 4),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constantFrom('take' as const, 'take' as const, 'lend' as const, 'settle' as const),
        count: fc.integer({ min: 1, max: 8 }),
      }),
    },
    { weight: 1, arbitrary: fc.constantFrom({ do: 'takeBack' as const }, { do: 'restart' as const }) },
  ),
  { maxLength: 60 },
);

interface Mode {
  readonly whenFull: WhenFull;
  readonly isStored: boolean;
}

const CAPACITY = 10;

/** An inbox with room for ten messages, one sender with numbers from 1, and one listener. */
class World {
  readonly #mode: Mode;
  readonly #clock = new FakeClock(0);
  readonly #store = new MemoryStore(this.#clock);
  inbox: Inbox;
  sent = 0;
  readonly taken: number[] = [];
  /** Numbers and positions of lent messages. */
  readonly #lent: number[] = [];
  readonly #positions: number[] = [];
  /** Of those that are not stored: what the sender was told to be dropped. */
  readonly told = new Set<number>();
  pending = 0;
  #droppedBefore = 0;
  /** Its capacity, or more while lent messages have come back meanwhile. */
  #mostMessages = CAPACITY;

  constructor(mode: Mode) {
    this.#mode = mode;
    this.inbox = this.#open();
  }

  #open(): Inbox {
    return new Inbox({
      ...{ type: 'any', stream: 'in/any', store: this.#store, clock: this.#clock, ...this.#mode },
      capacity: { messages: CAPACITY, bytes: 1e6 },
    });
  }

  get dropped(): number {
    return this.#droppedBefore + this.inbox.dropped;
  }

  put(count: number, back: number): void {
    const first = Math.max(1, this.sent + 1 - back);
    const texts = Array.from({ length: count }, (_, index) => `${first + index}`);
    this.sent = Math.max(this.sent, first + count - 1);
    this.pending += 1;
    const source = { peerName: 'ann', epoch: 'hers', seq: first };
    void this.inbox
      .put(incoming(texts), { source, senderKeeps: true })
      .then((ranges) => this.#settled(first, ranges))
      .finally(() => {
        this.pending -= 1;
      });
  }

  #settled(first: number, ranges: readonly IndexRange[]): void {
    for (const [from, to] of ranges)
      for (let index = from; index <= to; index += 1) this.told.add(first + index);
  }

  /** The next messages, at most `count`, each with what the queue shrinks by. */
  async #next(count: number): Promise<readonly (LentMessage & { readonly seq: number })[]> {
    const next: (LentMessage & { readonly seq: number })[] = [];
    let after = 0;
    while (next.length < count) {
      const batches = await this.inbox.read(after);
      for (const batch of batches) next.push(...this.#messages(batch, after));
      const last = batches.at(-1);
      if (last === undefined) break;
      after = last.position + last.count - 1;
    }
    return next.slice(0, count);
  }

  #messages(batch: InboxBatch, after: number): (LentMessage & { readonly seq: number })[] {
    const { position, count, sizeBytes, atMs } = batch;
    const from = this.inbox.firstIndex(batch, after);
    return textsIn(batch)
      .map((text, index) => ({
        ...{ seq: Number(text), position: position + index, atMs },
        queueBytes: index === count - 1 ? sizeBytes : 0,
      }))
      .slice(from);
  }

  async take(count: number): Promise<void> {
    // Only one kind of listener at a time.
    if (this.#lent.length > 0) return this.settle(count);
    const messages = await this.#next(count);
    const last = messages.at(-1);
    if (last === undefined) return;
    const bytes = messages.reduce((sum, { queueBytes }) => sum + queueBytes, 0);
    await this.inbox.done(last, { count: messages.length, bytes });
    this.taken.push(...messages.map(({ seq }) => seq));
  }

  async lend(count: number): Promise<void> {
    if (!this.#mode.isStored) return this.take(count);
    const messages = await this.#next(count);
    this.inbox.lend(messages);
    this.#lent.push(...messages.map(({ seq }) => seq));
    this.#positions.push(...messages.map(({ position }) => position));
  }

  async settle(count: number): Promise<void> {
    const upTo = this.#positions[Math.min(count, this.#positions.length) - 1];
    if (upTo === undefined) return;
    this.taken.push(...this.#lent.splice(0, count));
    this.#positions.splice(0, count);
    await this.inbox.settle(upTo);
  }

  /** With drop_oldest, lent messages are dropped with the oldest ones, and count as handed over. */
  takeBack(): void {
    const { count } = this.inbox.takeBack();
    const gone = this.#lent.length - count;
    this.taken.push(...this.#lent.splice(0).slice(0, gone));
    this.#positions.splice(0);
  }

  /** Only what is stored and acknowledged outlives it; its sender sends the rest again. */
  async restart(): Promise<void> {
    if (this.pending > 0 || !this.#mode.isStored) return;
    this.takeBack();
    this.#droppedBefore = this.dropped;
    const { depth, bytes } = this.inbox;
    this.inbox = this.#open();
    await this.inbox.restore();
    assert.equal(this.inbox.depth, depth, 'depth after a restart');
    assert.equal(this.inbox.bytes, bytes, 'bytes after a restart');
  }

  async perform(step: Step): Promise<void> {
    // A repetition of what does not fit would be dropped once more.
    if (step.do === 'put') this.put(step.count, this.#mode.whenFull === 'refuse' ? step.back : 0);
    else if (step.do === 'restart') await this.restart();
    else if (step.do === 'takeBack') this.takeBack();
    else if (step.do === 'take') await this.take(step.count);
    else if (step.do === 'lend') await this.lend(step.count);
    else await this.settle(step.count);
    const mayGrow = step.do === 'takeBack' || step.do === 'restart';
    if (mayGrow) this.#mostMessages = Math.max(this.#mostMessages, this.inbox.depth);
    await turn();
    const { depth, bytes } = this.inbox;
    assert.ok(depth <= this.#mostMessages, `${depth} messages after ${step.do}`);
    this.#mostMessages = Math.max(CAPACITY, depth);
    if (this.#lent.length > 0) return;
    const stored = await this.#store.stat('in/any');
    assert.deepEqual([depth, bytes], [stored.count, stored.bytes], `depth and bytes after ${step.do}`);
  }

  async end(): Promise<void> {
    this.takeBack();
    for (let round = 0; this.inbox.depth > 0 || this.pending > 0; round += 1) {
      assert.ok(round < 1_000, `${this.pending} puts are still waiting`);
      await this.take(3);
      await turn();
    }
  }
}

for (const whenFull of ['refuse', 'drop_oldest', 'drop_newest'] as const) {
  for (const isStored of [true, false]) {
    const where = isStored ? 'on the disk' : 'in memory';
    test(`${where}, ${whenFull}: each message is taken once and in order, or dropped and counted`, async () => {
      await fc.assert(
        fc.asyncProperty(STEPS, async (steps) => {
          const world = new World({ whenFull, isStored });
          for (const step of steps) await world.perform(step);
          await world.end();
          const { inbox, taken, sent, told } = world;
          assert.deepEqual(
            taken,
            [...new Set(taken)].toSorted((a, b) => a - b),
          );
          assert.equal(taken.length + world.dropped, sent);
          assert.deepEqual([inbox.depth, inbox.bytes, inbox.waiting], [0, 0, 0]);
          if (whenFull === 'refuse') assert.equal(world.dropped, 0);
          if (!isStored || whenFull === 'drop_newest') assert.equal(told.size, world.dropped);
          for (const seq of taken) assert.ok(!told.has(seq), `${seq} was told to be dropped, and taken`);
        }),
        { numRuns: 60 },
      );
    });
  }
}
