import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Sender } from '../../../engine/peers/sender.ts';
import { numberIn } from '../../../engine/protocol/message-number.ts';
import type { AckPosition } from '../../../engine/protocol/stream-frames.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import {
  digits,
  enqueued,
  FakeLink,
  type LinkKind,
  type ReceivedText,
  senderOn,
} from '../../helpers/fake-link.ts';
import { outgoing } from '../../helpers/message-batches.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';
import { seededRandom } from '../../helpers/simulated-world.ts';

/** What a peer has, on all of its connections: it takes a number once. */
class Peer {
  readonly texts: string[] = [];
  readonly #last = new Map<string, number>();

  take(received: readonly ReceivedText[]): void {
    for (const { epoch, seq, text } of received) {
      if (seq <= (this.#last.get(epoch) ?? 0)) continue;
      this.#last.set(epoch, seq);
      this.texts.push(text);
    }
  }

  positions(): AckPosition[] {
    return [...this.#last].map(([epoch, upTo]) => ({ type: 'any', epoch, upTo, dropped: [] }));
  }
}

type Step =
  | { readonly do: 'offer'; readonly count: number; readonly isLarge: boolean }
  | { readonly do: 'ack'; readonly share: number }
  | { readonly do: 'reconnect'; readonly kind: LinkKind; readonly share: number }
  | { readonly do: 'restart' };

const share = fc.double({ min: 0, max: 1, noNaN: true });
const STEPS: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('offer' as const),
        count: fc.integer({ min: 1, max: 30 }),
        isLarge: fc.boolean(),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('ack' as const), share }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('reconnect' as const),
        kind: fc.constantFrom<LinkKind>('batches', 'small batches', 'streams', 'python'),
        share,
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  ),
  { maxLength: 40 },
);

/** A sender and one peer, which is of another kind with each connection. */
class Conversation {
  readonly #clock = new SimulatedClock();
  readonly #store = new MemoryStore(this.#clock);
  readonly peer = new Peer();
  #sender = senderOn(this.#store, this.#clock);
  #link: FakeLink | undefined;
  #kind: LinkKind = 'batches';
  /** How much of what was sent on this connection the peer has read. */
  #read = 0;
  offered = 0;

  get sender(): Sender {
    return this.#sender;
  }

  async perform(step: Step): Promise<void> {
    if (step.do === 'offer') {
      const texts = digits(step.count, this.offered);
      this.offered += step.count;
      const size = step.isLarge ? 20_000 : 0;
      await enqueued(this.#sender, outgoing(texts.map((text) => text.padEnd(size, '.'))));
    } else if (step.do === 'ack') this.ack(step.share);
    else if (step.do === 'reconnect') this.connect(step.kind, step.share);
    else await this.#restart();
    await this.#clock.pass(1);
  }

  /** The peer reads a share of what is on its way, and acknowledges all that it has read. */
  ack(part: number): void {
    const link = this.#link;
    if (link === undefined) return;
    const before = this.#read;
    this.#readSome(part);
    const read = link.received.slice(before, this.#read);
    if (this.#kind !== 'python') this.#sender.onStreamAcks({ kind: 'ack', positions: this.peer.positions() });
    else for (const { epoch, seq } of read) this.#acknowledge(link, epoch, seq);
  }

  #acknowledge(link: FakeLink, epoch: string, seq: number): void {
    const of = link.frames.find(({ transportId = '' }) => transportId.startsWith(`${epoch}.${seq}`));
    const transportIds = link.frames.map(({ transportId = '' }) => transportId);
    const exact = transportIds.find((id) => numberIn(id)?.epoch === epoch && numberIn(id)?.seq === seq);
    assert.ok(of !== undefined && exact !== undefined);
    this.#sender.acknowledged(exact, 'received');
  }

  #readSome(part: number): void {
    const link = this.#link as FakeLink;
    const until = this.#read + Math.ceil(part * (link.received.length - this.#read));
    this.peer.take(link.received.slice(this.#read, until));
    this.#read = until;
  }

  /** @param part of what is on its way arrives before the connection is lost, and is not acknowledged */
  connect(kind: LinkKind, part: number): void {
    if (this.#link !== undefined) this.#readSome(part);
    this.#sender.detach();
    this.#attach(kind);
  }

  #attach(kind: LinkKind): void {
    this.#kind = kind;
    this.#link = new FakeLink(kind);
    this.#read = 0;
    this.#sender.attach(this.#link.asLink);
    if (kind === 'python') return;
    assert.equal(this.#link.frames.length, 0, 'nothing goes out before the resume points');
    this.#sender.onStreamAcks({ kind: 'have', positions: this.peer.positions() });
  }

  async #restart(): Promise<void> {
    this.#sender.detach();
    this.#sender = senderOn(this.#store, this.#clock, { random: seededRandom(this.offered + 7) });
    await this.#sender.restore([{ type: 'any' }]);
    if (this.#link !== undefined) this.#attach(this.#kind);
  }

  async end(): Promise<void> {
    if (this.#link === undefined) this.#attach('batches');
    for (let round = 0; this.#sender.waitingCount > 0; round += 1) {
      assert.ok(round < 2_000, `${this.#sender.waitingCount} still wait`);
      this.ack(1);
      await this.#clock.pass(1);
    }
    const [outbox] = this.#sender.outboxes;
    if (outbox !== undefined)
      assert.deepEqual([outbox.bytes, outbox.unacked, outbox.unackedBytes], [0, 0, 0]);
  }
}

test('to a peer that changes its kind with each connection, each message goes once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(STEPS, async (steps) => {
      const conversation = new Conversation();
      for (const step of steps) await conversation.perform(step);
      await conversation.end();
      const { peer, offered } = conversation;
      assert.deepEqual(
        peer.texts.map((text) => text.replace(/\.+$/, '')),
        digits(offered),
      );
    }),
    { numRuns: 30 },
  );
});
