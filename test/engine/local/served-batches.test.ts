import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MemoryBudget } from '../../../engine/base/memory-budget.ts';
import { type GivenBatch, ServedSubscription } from '../../../engine/local/native/served-subscription.ts';
import { Inbox } from '../../../engine/queues/inbox.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { incoming, textsIn } from '../../helpers/message-batches.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Given {
  readonly position: number;
  readonly text: string;
  readonly redelivered: boolean;
}

/** A program with a subscription, and all that it was given. */
class Program {
  readonly given: Given[] = [];
  readonly subscription: ServedSubscription;

  constructor(inbox: Inbox, clock: FakeClock, budget: MemoryBudget, credit: number) {
    this.subscription = new ServedSubscription({
      ...{ inbox, clock, budget, credit },
      give: (batch: GivenBatch) => {
        for (const [index, text] of textsIn(batch).entries())
          this.given.push({ position: batch.position + index, text, redelivered: batch.redelivered });
      },
      onSuperseded: () => undefined,
      onChange: () => undefined,
    });
    void inbox.consumers
      .subscribe(this.subscription, { holdsSocket: true, takeOver: true })
      .then(() => this.subscription.start());
  }
}

function world() {
  const clock = new FakeClock(0);
  const budget = new MemoryBudget(LIMITS.memoryBudgetBytes);
  const inbox = new Inbox({
    ...{
      type: 'any',
      stream: 'in/any',
      store: new MemoryStore(clock),
      clock,
      whenFull: 'refuse',
      isStored: true,
    },
    capacity: { messages: 100_000, bytes: 1e9 },
  });
  return { budget, inbox, program: (credit: number) => new Program(inbox, clock, budget, credit) };
}

const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `${from + index}`);

test('a subscription gets whole batches while it has credit left, and counts messages', async () => {
  const { inbox, program } = world();
  for (let at = 0; at < 40; at += 10) await inbox.put(incoming(numbered(10, at)));
  const { given, subscription } = program(15);
  await turn();
  assert.equal(given.length, 20, 'the second batch began below the credit');
  subscription.taken(given[3]?.position ?? 0);
  await turn();
  assert.equal(given.length, 20);
  subscription.taken(given[5]?.position ?? 0);
  await turn();
  assert.deepEqual([given.length, inbox.depth], [30, 34]);
  subscription.taken(given[25]?.position ?? 0);
  await turn();
  assert.deepEqual([given.length, inbox.depth], [40, 14]);
  subscription.taken(Number.MAX_SAFE_INTEGER);
  assert.deepEqual([inbox.depth, inbox.bytes], [0, 0]);
});

test('what is taken twice, or was never given, takes nothing', async () => {
  const { inbox, program } = world();
  await inbox.put(incoming(numbered(5)));
  const { given, subscription } = program(100);
  await turn();
  for (const index of [2, 2, 1]) subscription.taken(given[index]?.position ?? 0);
  subscription.taken(-1);
  assert.equal(inbox.depth, 2);
  await inbox.put(incoming(numbered(5, 5)));
  subscription.taken(Number.MAX_SAFE_INTEGER);
  assert.equal(inbox.depth, 5, 'the next batch had not been given');
});

type Step =
  | { readonly do: 'put'; readonly count: number; readonly sizeBytes: number }
  | { readonly do: 'take'; readonly share: number }
  | { readonly do: 'leave'; readonly credit: number };

const STEPS: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('put' as const),
        count: fc.integer({ min: 1, max: 12 }),
        sizeBytes: fc.constantFrom(0, 100, 200_000),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('take' as const),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('leave' as const), credit: fc.integer({ min: 1, max: 30 }) }),
    },
  ),
  { maxLength: 50 },
);

test('whatever is taken inside batches and given to the next program, each message is taken once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(STEPS, async (steps) => {
      const { inbox, budget, program } = world();
      let current = program(5);
      let put = 0;
      let taken = 0;
      let everGiven = 0;
      const take = (count: number): void => {
        const part = current.given.splice(0, count);
        for (const { text } of part) {
          assert.equal(Number(text.split('.')[0]), taken);
          taken += 1;
        }
        const last = part.at(-1);
        if (last !== undefined) current.subscription.taken(last.position);
      };
      for (const step of steps) {
        if (step.do === 'put') {
          const texts = numbered(step.count, put).map((text) =>
            text.padEnd(step.sizeBytes / step.count, '.'),
          );
          put += step.count;
          await inbox.put(incoming(texts));
        } else if (step.do === 'take') take(Math.ceil(step.share * current.given.length));
        else {
          everGiven = Math.max(everGiven, taken + current.given.length);
          current.subscription.end();
          const before = everGiven;
          current = program(step.credit);
          await turn();
          for (const { text, redelivered } of current.given)
            assert.ok(
              redelivered || Number(text.split('.')[0]) >= before,
              `${text.slice(0, 9)} may be known`,
            );
        }
        await turn();
        assert.equal(inbox.depth, put - taken);
        assert.ok(current.given.length > 0 || inbox.depth === 0, 'a program with credit gets something');
      }
      for (let round = 0; taken < put; round += 1) {
        assert.ok(round < 1_000, 'all is given in the end');
        take(current.given.length);
        await turn();
      }
      assert.deepEqual([inbox.depth, inbox.bytes, budget.heldBytes], [0, 0, 0]);
    }),
    { numRuns: 60 },
  );
});
