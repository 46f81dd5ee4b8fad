import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../engine/base/limits.ts';
import type { Disposition } from '../../../engine/peers/file-sink.ts';
import type { Link } from '../../../engine/peers/link.ts';
import { Receiver } from '../../../engine/peers/receiver.ts';
import type { NumberOnWire } from '../../../engine/protocol/message-number.ts';
import type { AckPosition } from '../../../engine/protocol/stream-frames.ts';
import type { StoredPosition } from '../../../engine/queues/message-source.ts';

const EPOCH = 'a'.repeat(22);

/** A connection that only remembers what it is told to say. */
class ToldLink {
  readonly speaksStreams = true;
  readonly speaksBatches: boolean;
  readonly have: (readonly AckPosition[])[] = [];
  readonly confirmed: AckPosition[] = [];

  constructor({ speaksBatches = true } = {}) {
    this.speaksBatches = speaksBatches;
  }

  sendResumePoints(positions: readonly AckPosition[]): void {
    this.have.push(positions);
  }

  confirm(position: AckPosition): void {
    this.confirmed.push(position);
  }

  get upTo(): number | undefined {
    return this.confirmed.at(-1)?.upTo;
  }

  get dropped(): AckPosition['dropped'] {
    return this.confirmed.flatMap(({ dropped }) => dropped);
  }

  get asLink(): Link {
    return this as unknown as Link;
  }
}

interface Handed {
  /** The first message and the last. */
  readonly seq: number;
  readonly last: number;
  settle(disposition: Disposition): void;
  fail(error: Error): void;
}

type Numbered = Partial<NumberOnWire> & { readonly seq: number; readonly count?: number };

/** A receiver whose application decides when each batch is dealt with. */
function receiver(stored: StoredPosition[] = []) {
  const handed: Handed[] = [];
  const of = new Receiver({ peerName: 'client1', stored: () => stored, gone: () => undefined });
  const take = (link: ToldLink, { count = 1, ...number }: Numbered, type = 'a', sizeBytes = 10) =>
    of.take({
      ...{ link: link.asLink, type, count, sizeBytes },
      number: { epoch: EPOCH, ...number },
      deliver: ({ seq }, known) => {
        assert.equal(seq, number.seq + known);
        return new Promise((settle, fail) => {
          handed.push({ seq, last: number.seq + count - 1, settle, fail });
        });
      },
    });
  const numbers = () => handed.map(({ seq, last }) => [seq, last]);
  return { of, handed, numbers, take };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('messages are handed on once, however often and over however many connections they come', async () => {
  const { handed, numbers, take } = receiver();
  const [first, second] = [new ToldLink(), new ToldLink()];
  for (const seq of [1, 4]) void take(first, { seq, count: 3 });
  const again = [1, 4].map((seq) => take(second, { seq, count: 3 }));
  assert.deepEqual(numbers(), [
    [1, 3],
    [4, 6],
  ]);
  for (const { settle } of handed) settle('taken');
  assert.deepEqual(await Promise.all(again), ['taken', 'taken']);
  assert.equal(second.upTo, 6, 'confirmed over the connection that there is now');
  assert.equal(take(second, { seq: 7, after: 6 }) instanceof Promise, true);
});

test('of a repetition that begins in the middle of what is known, only the new messages are handed on', async () => {
  const { handed, numbers, take } = receiver();
  const [first, second] = [new ToldLink(), new ToldLink()];
  void take(first, { seq: 1, count: 4 });
  void take(second, { seq: 3, count: 6 });
  void take(second, { seq: 9, count: 2 });
  assert.deepEqual(numbers(), [
    [1, 4],
    [5, 8],
    [9, 10],
  ]);
  handed[1]?.settle({ dropped: [[1, 2]] });
  await turn();
  assert.equal(second.upTo, undefined, 'the first ones are not settled');
  handed[0]?.settle('taken');
  await turn();
  assert.equal(second.upTo, 8);
  assert.deepEqual(second.dropped, [[6, 7]], 'counted from the first that was handed on');
});

test('nothing is confirmed before what came before it, and what was dropped is told by number', async () => {
  const { handed, take } = receiver();
  const link = new ToldLink();
  for (const seq of [1, 11, 21]) void take(link, { seq, count: 10 });
  handed[2]?.settle({
    dropped: [
      [0, 0],
      [8, 9],
    ],
  });
  handed[1]?.settle('dropped');
  await turn();
  assert.equal(link.upTo, undefined);
  handed[0]?.settle('taken');
  await turn();
  assert.equal(link.upTo, 30);
  assert.deepEqual(link.dropped, [
    [11, 20],
    [21, 21],
    [29, 30],
  ]);
});

test('the position of an earlier run is sent first, and its messages are repetitions', async () => {
  const { of, numbers, take } = receiver([{ type: 'a', epoch: EPOCH, seq: 7, hasGap: false }]);
  const link = new ToldLink();
  of.attach(link.asLink);
  of.attach(link.asLink);
  assert.deepEqual(link.have, [[{ type: 'a', epoch: EPOCH, upTo: 7, dropped: [], hasGap: false }]]);
  assert.equal(take(link, { seq: 5, count: 2 }), 'taken');
  assert.equal(link.upTo, 7);
  assert.equal(of.has('a', { epoch: EPOCH, seq: 7 }), true);
  assert.equal(of.has('b', { epoch: EPOCH, seq: 7 }), false);
  void take(link, { seq: 7, count: 3 });
  assert.deepEqual(numbers(), [[8, 9]]);
});

test('a message that is missing between two of one connection breaks it; one that is left out does not', () => {
  const { take } = receiver();
  const link = new ToldLink();
  void take(link, { seq: 5, count: 2 });
  void take(link, { seq: 9, after: 6 });
  assert.throws(() => take(link, { seq: 11 }), { code: 'AIOC_FRAME_BAD' });
  // Another connection may begin anywhere, and another type has its own numbers.
  void take(new ToldLink(), { seq: 11 });
  void take(link, { seq: 1 }, 'b');
});

test('what was refused is taken again when it comes again', async () => {
  const { handed, numbers, take } = receiver();
  const link = new ToldLink();
  const refused = take(link, { seq: 1, count: 3 }) as Promise<Disposition>;
  handed[0]?.fail(new Error('the store is closed'));
  await assert.rejects(refused, /the store is closed/);
  void take(new ToldLink(), { seq: 1, count: 3 });
  assert.deepEqual(numbers(), [
    [1, 3],
    [1, 3],
  ]);
});

test('of a batch that was stored in part before it was refused, only the rest is handed on again', async () => {
  const stored: StoredPosition[] = [];
  const { handed, numbers, take } = receiver(stored);
  const refused = take(new ToldLink(), { seq: 1, count: 5 }) as Promise<Disposition>;
  stored.push({ type: 'a', epoch: EPOCH, seq: 2, hasGap: false });
  handed[0]?.fail(new Error('the store is closed'));
  await assert.rejects(refused, /the store is closed/);
  void take(new ToldLink(), { seq: 1, count: 5 });
  assert.deepEqual(numbers(), [
    [1, 5],
    [3, 5],
  ]);
});

test('what could not be handed on is not known, and comes again', () => {
  const of = new Receiver({ peerName: 'client1', stored: () => [], gone: () => undefined });
  const link = new ToldLink();
  let delivered = 0;
  const incoming = {
    ...{ link: link.asLink, type: 'a', number: { epoch: EPOCH, seq: 1 }, count: 2, sizeBytes: 10 },
    deliver: (): Disposition => {
      delivered += 1;
      if (delivered === 1) throw new Error('an accident');
      return 'taken';
    },
  };
  assert.throws(() => of.take(incoming), /an accident/);
  assert.equal(of.take({ ...incoming, link: new ToldLink().asLink }), 'taken');
  assert.equal(delivered, 2);
});

test('a sender that has more on its way than may be is cut off, by number or, with batches, by bytes', () => {
  const { take } = receiver();
  const old = new ToldLink({ speaksBatches: false });
  for (let seq = 1; seq <= LIMITS.streamMessages + 1; seq += 1) void take(old, { seq });
  assert.throws(() => take(old, { seq: LIMITS.streamMessages + 2 }), { code: 'AIOC_FRAME_BAD' });
  const link = new ToldLink();
  const count = LIMITS.batchMessages;
  let seq = 1;
  for (let bytes = 0; bytes <= 2 * LIMITS.streamMaxBytes; bytes += LIMITS.batchBytes) {
    void take(link, { seq, count }, 'b', LIMITS.batchBytes);
    seq += count;
  }
  assert.throws(() => take(link, { seq, count }, 'b', LIMITS.batchBytes), { code: 'AIOC_FRAME_BAD' });
});

test('made-up types and epochs fill no memory', async () => {
  const { of, take, handed } = receiver();
  const link = new ToldLink();
  for (let number = 0; number < 3 * LIMITS.streamsPerPeer; number += 1) {
    void take(link, { seq: 1 }, `type ${number}`);
    handed.at(-1)?.settle('taken');
    if (number % 100 === 0) await turn();
  }
  await turn();
  of.attach(link.asLink);
  assert.ok((link.have[0]?.length ?? 0) <= LIMITS.streamsPerPeer);
});

type Step =
  | { readonly do: 'send'; readonly count: number; readonly skip: number }
  | { readonly do: 'settle'; readonly which: number; readonly kind: number }
  | { readonly do: 'reconnect' };

const STEPS: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('send' as const),
        count: fc.integer({ min: 1, max: 6 }),
        skip: fc.constantFrom(0, 0, 0, 2),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('settle' as const), which: fc.nat(20), kind: fc.nat(2) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('reconnect' as const) }) },
  ),
  { maxLength: 80 },
);

const KINDS = ['taken', 'dropped', 'in part'] as const;

/**
 * A sender beside a receiver. It sends runs of numbers, after a new connection again from where the receiver has said
 * that it is, or from some place before it.
 */
class Run {
  /** Numbers that there are, in order: those that it leaves out are not among them. */
  readonly seqs: number[] = [];
  readonly accepted: number[] = [];
  readonly droppedSeqs = new Set<number>();
  link = new ToldLink();
  readonly open: {
    readonly first: number;
    readonly last: number;
    settle(d: Disposition): void;
  }[] = [];
  readonly receiver = new Receiver({ peerName: 'p', stored: () => [], gone: () => undefined });
  /** The index of the next number that it sends on this connection, and the last number sent on it. */
  next = 0;
  last: number | undefined;

  send(count: number, skip: number): void {
    if (this.next === this.seqs.length) {
      const from = (this.seqs.at(-1) ?? 0) + 1 + skip;
      for (let index = 0; index < count; index += 1) this.seqs.push(from + index);
    }
    const seq = this.seqs[this.next] as number;
    let sent = 0;
    // A batch has no number left out in it.
    while (sent < count && this.seqs[this.next + sent] === seq + sent) sent += 1;
    const after = this.last === undefined || this.last === seq - 1 ? undefined : this.last;
    this.next += sent;
    this.last = seq + sent - 1;
    const last = this.last;
    void this.receiver.take({
      ...{ link: this.link.asLink, type: 'a', count: sent, sizeBytes: sent },
      number: { epoch: EPOCH, seq, after },
      deliver: (source) => {
        for (let at = source.seq; at <= last; at += 1) this.accepted.push(at);
        return new Promise((settle) => this.open.push({ first: source.seq, last, settle }));
      },
    });
  }

  settle(which: number, kind: (typeof KINDS)[number]): void {
    const [one] = this.open.splice(which % Math.max(1, this.open.length), 1);
    if (one === undefined) return;
    const { first, last } = one;
    if (kind === 'taken') return one.settle('taken');
    const from = kind === 'dropped' ? first : first + ((last - first) >> 1);
    for (let seq = from; seq <= last; seq += 1) this.droppedSeqs.add(seq);
    one.settle(kind === 'dropped' ? 'dropped' : { dropped: [[from - first, last - first]] });
  }
}

test('whatever is repeated, settled out of order or dropped in part, each message is handed on once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(STEPS, fc.array(fc.nat(5), { minLength: 80, maxLength: 80 }), async (steps, backs) => {
      const run = new Run();
      const told = new Set<number>();
      for (const [index, step] of steps.entries()) {
        if (step.do === 'send') run.send(step.count, step.skip);
        else if (step.do === 'settle') run.settle(step.which, KINDS[step.kind] as (typeof KINDS)[number]);
        else if (step.do === 'reconnect') {
          for (const position of run.link.confirmed)
            for (const [from, to] of position.dropped)
              for (let seq = from; seq <= to; seq += 1) told.add(seq);
          run.link = new ToldLink();
          run.receiver.attach(run.link.asLink);
          const upTo = run.link.have[0]?.[0]?.upTo ?? 0;
          const resumed = run.seqs.findIndex((seq) => seq > upTo);
          const at = resumed < 0 ? run.seqs.length : resumed;
          // An ack may have been lost, so it may begin before that.
          run.next = Math.max(0, at - (backs[index] as number));
          run.last = undefined;
        }
        await turn();
        assert.deepEqual(run.accepted, run.seqs.slice(0, run.accepted.length));
        const settled =
          run.open.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...run.open.map(({ first }) => first));
        assert.ok((run.link.upTo ?? 0) < settled, 'nothing is confirmed before it is settled');
      }
      while (run.open.length > 0) run.settle(0, 'taken');
      await turn();
      for (const position of run.link.confirmed)
        for (const [from, to] of position.dropped) for (let seq = from; seq <= to; seq += 1) told.add(seq);
      // Those whose acks went with a lost connection are not told again.
      for (const seq of told) assert.ok(run.droppedSeqs.has(seq), `${seq} was not dropped`);
    }),
    { numRuns: 100 },
  );
});
