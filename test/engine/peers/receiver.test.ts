import assert from 'node:assert/strict';
import { test } from 'node:test';
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
  readonly have: (readonly AckPosition[])[] = [];
  readonly confirmed: AckPosition[] = [];

  sendResumePoints(positions: readonly AckPosition[]): void {
    this.have.push(positions);
  }

  confirm(position: AckPosition): void {
    this.confirmed.push(position);
  }

  get upTo(): number | undefined {
    return this.confirmed.at(-1)?.upTo;
  }

  get asLink(): Link {
    return this as unknown as Link;
  }
}

interface Handed {
  readonly seq: number;
  settle(disposition: Disposition): void;
  fail(error: Error): void;
}

/** A receiver whose application decides when each message is dealt with. */
function receiver(stored: StoredPosition[] = []) {
  const handed: Handed[] = [];
  const of = new Receiver({ peerName: 'client1', stored: () => stored, gone: () => undefined });
  const take = (link: ToldLink, number: Partial<NumberOnWire> & { readonly seq: number }, type = 'a') =>
    of.take({
      link: link.asLink,
      type,
      number: { epoch: EPOCH, ...number },
      sizeBytes: 10,
      deliver: ({ seq }) =>
        new Promise((settle, fail) => {
          handed.push({ seq, settle, fail });
        }),
    });
  return { of, handed, take };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a message is handed on once, however often and over however many connections it comes', async () => {
  const { handed, take } = receiver();
  const [first, second] = [new ToldLink(), new ToldLink()];
  for (const seq of [1, 2]) void take(first, { seq });
  const again = [1, 2].map((seq) => take(second, { seq }));
  assert.deepEqual(
    handed.map(({ seq }) => seq),
    [1, 2],
  );
  for (const { settle } of handed) settle('taken');
  assert.deepEqual(await Promise.all(again), ['taken', 'taken']);
  assert.equal(second.upTo, 2, 'confirmed over the connection that there is now');
  assert.equal(take(second, { seq: 3, after: 2 }) instanceof Promise, true);
});

test('nothing is confirmed before what came before it', async () => {
  const { handed, take } = receiver();
  const link = new ToldLink();
  for (const seq of [1, 2, 3]) void take(link, { seq });
  handed[2]?.settle('taken');
  handed[1]?.settle('dropped');
  await turn();
  assert.equal(link.upTo, undefined);
  handed[0]?.settle('taken');
  await turn();
  assert.equal(link.upTo, 3);
  assert.deepEqual(
    link.confirmed.flatMap(({ dropped }) => dropped),
    [2],
  );
});

test('the position of an earlier run is sent first, and its messages are repetitions', async () => {
  const { of, handed, take } = receiver([{ type: 'a', epoch: EPOCH, seq: 7, hasGap: false }]);
  const link = new ToldLink();
  of.attach(link.asLink);
  of.attach(link.asLink);
  assert.deepEqual(link.have, [[{ type: 'a', epoch: EPOCH, upTo: 7, dropped: [], hasGap: false }]]);
  assert.equal(take(link, { seq: 6 }), 'taken');
  assert.equal(link.upTo, 7);
  assert.equal(of.has('a', { epoch: EPOCH, seq: 7 }), true);
  assert.equal(of.has('b', { epoch: EPOCH, seq: 7 }), false);
  void take(link, { seq: 8, after: 6 });
  assert.deepEqual(
    handed.map(({ seq }) => seq),
    [8],
  );
});

test('a message that is missing between two of one connection breaks it; one that is said to be left out does not', () => {
  const { take } = receiver();
  const link = new ToldLink();
  void take(link, { seq: 5 });
  void take(link, { seq: 9, after: 5 });
  assert.throws(() => take(link, { seq: 11 }), { code: 'AIOC_FRAME_BAD' });
  // Another connection may begin anywhere, and another type has its own numbers.
  void take(new ToldLink(), { seq: 11 });
  void take(link, { seq: 1 }, 'b');
});

test('what was refused is taken again when it comes again', async () => {
  const stored: StoredPosition[] = [];
  const { handed, take } = receiver(stored);
  const link = new ToldLink();
  const refused = take(link, { seq: 1 }) as Promise<Disposition>;
  handed[0]?.fail(new Error('the store is closed'));
  await assert.rejects(refused, /the store is closed/);
  void take(new ToldLink(), { seq: 1 });
  assert.deepEqual(
    handed.map(({ seq }) => seq),
    [1, 1],
  );
});

test('a sender that has more on its way than may be is cut off', () => {
  const { take } = receiver();
  const link = new ToldLink();
  for (let seq = 1; seq <= LIMITS.streamMessages + 1; seq += 1) void take(link, { seq });
  assert.throws(() => take(link, { seq: LIMITS.streamMessages + 2 }), { code: 'AIOC_FRAME_BAD' });
});

test('who makes up types and epochs fills no memory', async () => {
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
