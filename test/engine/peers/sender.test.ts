import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MemoryBudget } from '../../../engine/base/memory-budget.ts';
import type { Clock } from '../../../engine/base/ports.ts';
import { observerOfRevived } from '../../../engine/peers/delivery-observers.ts';
import type { Link } from '../../../engine/peers/link.ts';
import { Sender, type SenderOptions } from '../../../engine/peers/sender.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import { pythonJson } from '../../../engine/protocol/header.ts';
import { numberIn } from '../../../engine/protocol/message-number.ts';
import type { OutFrame } from '../../../engine/protocol/messages.ts';
import { checkBatch } from '../../../engine/protocol/record-batch.ts';
import type { AckPosition, SeqRange } from '../../../engine/protocol/stream-frames.ts';
import type { DeliveryObserver, OutboxBatch } from '../../../engine/queues/outbox-batch.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import type { Store } from '../../../engine/storage/store.ts';
import { singles } from '../../helpers/batches.ts';
import { batchOf, outgoing, textsIn } from '../../helpers/message-batches.ts';
import { NOBODY } from '../../helpers/nobody.ts';
import { oldOutgoingRecord } from '../../helpers/old-record.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';
import { seededRandom } from '../../helpers/simulated-world.ts';

function senderOn(store: Store, clock: Clock, more: Partial<SenderOptions> = {}): Sender {
  return new Sender({
    clock,
    random: seededRandom(1),
    store,
    budget: new MemoryBudget(LIMITS.memoryBudgetBytes),
    sourceId: () => 'us',
    destinationId: 'them',
    streamPrefix: 'out/peer/',
    whenFull: 'refuse',
    capacityOf: () => ({ messages: 10_000, bytes: 1e9 }),
    revive: () => ({ observer: NOBODY, logId: 0 }),
    onChange: () => undefined,
    ...more,
  });
}

function offer(sender: Sender, batch: OutboxBatch): Promise<void> {
  return new Promise((resolve, reject) => {
    let rest = batch.count;
    const kept = (count: number): void => {
      rest -= count;
      if (rest === 0) resolve();
    };
    void sender.enqueue('any', batch, { kept, refused: (_count, error) => reject(error) });
  });
}

type PeerKind = 'batches' | 'streams' | 'python';

interface Received {
  readonly epoch: string;
  readonly seq: number;
  readonly text: string;
}

interface FakeLinkOptions {
  readonly maxMessageBytes?: number;
  readonly unreadMaxBytes?: number;
}

/** A connection to a peer of a kind, which checks what it gets as that kind of peer would. */
class FakeLink {
  writable = true;
  readonly speaksStreams: boolean;
  readonly speaksBatches: boolean;
  readonly maxMessageBytes: number;
  readonly unreadMaxBytes: number;
  readonly frames: OutFrame[] = [];
  readonly received: Received[] = [];
  readonly gone: AckPosition[] = [];
  #last: { readonly epoch: string; readonly seq: number } | undefined;

  constructor(kind: PeerKind, { maxMessageBytes = 1e9, unreadMaxBytes = 1e9 }: FakeLinkOptions = {}) {
    this.speaksStreams = kind !== 'python';
    this.speaksBatches = kind === 'batches';
    this.maxMessageBytes = maxMessageBytes;
    this.unreadMaxBytes = unreadMaxBytes;
  }

  send(frame: OutFrame): void {
    // Throws where a frame cannot be written.
    encodeFrame(frame);
    this.frames.push(frame);
    const { transportId, header, data, binary } = frame;
    const number = numberIn(transportId);
    assert.ok(number !== undefined);
    const { epoch, seq, after = seq - 1 } = number;
    if (this.#last?.epoch === epoch) assert.equal(after, this.#last.seq, 'a number is missing');
    const count = header['aioc_batch'] as number | undefined;
    if (count === undefined) assert.ok(data.length + (binary?.length ?? 0) <= this.maxMessageBytes);
    else {
      assert.ok(this.speaksBatches, 'a batch for a peer without batches');
      assert.ok(checkBatch(data, count).largestBytes <= this.maxMessageBytes);
      assert.ok(count <= LIMITS.batchMessages);
    }
    assert.equal(header['source_id'], 'us');
    assert.equal(header['destination_id'], 'them');
    const texts = count === undefined ? [data.toString()] : textsIn({ records: data });
    for (const [index, text] of texts.entries()) this.received.push({ epoch, seq: seq + index, text });
    this.#last = { epoch, seq: seq + texts.length - 1 };
  }

  sendGone(positions: readonly AckPosition[]): void {
    this.gone.push(...positions);
  }

  get texts(): string[] {
    return this.received.map(({ text }) => text);
  }

  get asLink(): Link {
    return this as unknown as Link;
  }
}

const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `${from + index}`);

/** What a peer has, on all of its connections: it takes a number once. */
class Peer {
  readonly texts: string[] = [];
  readonly #last = new Map<string, number>();

  take(received: readonly Received[]): void {
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
  | { readonly do: 'reconnect'; readonly kind: PeerKind; readonly share: number }
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
        kind: fc.constantFrom<PeerKind>('batches', 'streams', 'python'),
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
  #kind: PeerKind = 'batches';
  /** How much of what was sent on this connection the peer has read. */
  #read = 0;
  offered = 0;

  get sender(): Sender {
    return this.#sender;
  }

  async perform(step: Step): Promise<void> {
    if (step.do === 'offer') {
      const texts = numbered(step.count, this.offered);
      this.offered += step.count;
      const size = step.isLarge ? 20_000 : 0;
      await offer(this.#sender, outgoing(texts.map((text) => text.padEnd(size, '.'))));
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
  connect(kind: PeerKind, part: number): void {
    if (this.#link !== undefined) this.#readSome(part);
    this.#sender.detach();
    this.#attach(kind);
  }

  #attach(kind: PeerKind): void {
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
    await this.#sender.restore(['any']);
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
        numbered(offered),
      );
    }),
    { numRuns: 30 },
  );
});

/** A sender with batches in its queue and a connection. */
async function connected(
  kind: PeerKind,
  batches: readonly OutboxBatch[],
  options: FakeLinkOptions = {},
): Promise<{ readonly sender: Sender; readonly link: FakeLink; readonly clock: SimulatedClock }> {
  const clock = new SimulatedClock();
  const sender = senderOn(new MemoryStore(clock), clock);
  for (const batch of batches) await offer(sender, batch);
  const link = new FakeLink(kind, options);
  sender.attach(link.asLink);
  if (kind !== 'python') sender.onStreamAcks({ kind: 'have', positions: [] });
  return { sender, link, clock };
}

test('a batch goes as one frame to a peer with batches, as single ones to others, with the same numbers', async () => {
  const texts = numbered(5);
  const numbers: unknown[] = [];
  for (const kind of ['batches', 'streams', 'python'] as const) {
    const { link } = await connected(kind, [outgoing(texts)]);
    assert.equal(link.frames.length, kind === 'batches' ? 1 : 5);
    assert.deepEqual(link.texts, texts);
    numbers.push(link.received.map(({ epoch, seq }) => [epoch, seq]));
  }
  assert.deepEqual(numbers[0], numbers[1]);
  assert.deepEqual(numbers[0], numbers[2]);
});

test('a resume point inside a batch sends the rest of it, under the number of its first message', async () => {
  for (const kind of ['batches', 'streams'] as const) {
    const { sender, link } = await connected('batches', [outgoing(numbered(6)), outgoing(numbered(2, 6))]);
    const { epoch, seq } = link.received[0] as Received;
    sender.detach();
    const second = new FakeLink(kind);
    sender.attach(second.asLink);
    assert.equal(second.frames.length, 0);
    const position = { type: 'any', epoch, upTo: seq + 3, dropped: [] };
    sender.onStreamAcks({ kind: 'have', positions: [position] });
    assert.equal(sender.waitingCount, 4);
    assert.deepEqual(
      second.received.map((one) => [one.seq, one.text]),
      numbered(4, 4).map((text) => [seq + Number(text), text]),
    );
    sender.onStreamAcks({ kind: 'ack', positions: [{ ...position, upTo: seq + 7 }] });
    assert.equal(sender.waitingCount, 0);
  }
});

test('acks inside a batch report each message once, the dropped ones apart', async () => {
  const told: string[] = [];
  const observer: DeliveryObserver = {
    isCommon: true,
    onState: ({ logId, count }, state) => void told.push(`${logId}+${count} ${state}`),
  };
  const { sender, link } = await connected('batches', [
    outgoing(numbered(10), { observer, logId: 1 }),
    outgoing(numbered(5), { observer, logId: 101 }),
  ]);
  const { epoch, seq } = link.received[0] as Received;
  told.length = 0;
  const ack = (upTo: number, dropped: readonly SeqRange[]) =>
    sender.onStreamAcks({ kind: 'ack', positions: [{ type: 'any', epoch, upTo, dropped }] });
  ack(seq + 3, [[seq + 1, seq + 2]]);
  ack(seq + 11, [
    [seq + 9, seq + 10],
    [seq + 2, seq + 3],
  ]);
  ack(seq + 11, []);
  ack(seq + 14, []);
  assert.deepEqual(told, [
    '1+1 received',
    '2+2 dropped',
    '4+1 received',
    '5+5 received',
    '10+1 dropped',
    '101+1 dropped',
    '102+1 received',
    '103+3 received',
  ]);
  assert.equal(sender.waitingCount, 0);
});

test('of a batch for a peer that takes only smaller messages, the large ones fail and the others go', async () => {
  const told: string[] = [];
  const observer: DeliveryObserver = {
    isCommon: true,
    onState: ({ logId, count }, state) => void told.push(`${logId}+${count} ${state}`),
  };
  const large = 'x'.repeat(200);
  for (const kind of ['batches', 'streams', 'python'] as const) {
    told.length = 0;
    const batch = outgoing(['a', large, 'b', large], { observer, logId: 1 });
    const { sender, link, clock } = await connected(kind, [batch, outgoing(['c', 'd'])], {
      maxMessageBytes: 100,
    });
    assert.deepEqual(link.texts, ['a', 'b', 'c', 'd'], kind);
    assert.deepEqual(told, ['1+1 sent', '2+1 failed', '3+1 sent', '4+1 failed']);
    const { epoch, seq } = link.received.at(-1) as Received;
    if (kind !== 'python')
      sender.onStreamAcks({ kind: 'ack', positions: [{ type: 'any', epoch, upTo: seq, dropped: [] }] });
    else for (const { transportId = '' } of link.frames) sender.acknowledged(transportId, 'received');
    await clock.pass(1);
    assert.equal(sender.waitingCount, 0, kind);
    await assert.rejects(offer(sender, outgoing([large])), { code: 'AIOC_FRAME_TOO_LARGE' });
  }
});

test('a Python peer has few messages on its way, in bytes too, whatever batches they are in', async () => {
  const { sender, link } = await connected('python', [outgoing(numbered(LIMITS.unackedMessages + 10))]);
  assert.equal(link.frames.length, LIMITS.unackedMessages);
  // Some Python peers acknowledge out of order.
  for (const index of [5, 3, 0]) sender.acknowledged(link.frames[index]?.transportId ?? '', 'received');
  assert.equal(link.frames.length, LIMITS.unackedMessages + 3);
  const few = await connected('python', [outgoing(['a', 'b', 'c'].map((text) => text.repeat(40)))], {
    unreadMaxBytes: 200,
  });
  assert.equal(few.link.frames.length, 1, 'a header counts as well');
  few.sender.acknowledged(few.link.frames[0]?.transportId ?? '', 'received');
  assert.equal(few.link.frames.length, 2);
});

test('what a Python peer has acknowledged out of order does not go to the aioc that takes its place', async () => {
  const { sender, link } = await connected('python', [outgoing(numbered(6)), outgoing(['last'])]);
  for (const index of [0, 2, 5]) sender.acknowledged(link.frames[index]?.transportId ?? '', 'received');
  sender.detach();
  const second = new FakeLink('batches');
  sender.attach(second.asLink);
  sender.onStreamAcks({ kind: 'have', positions: [] });
  assert.deepEqual(second.texts, ['1', '3', '4', 'last']);
  const { epoch, seq } = second.received.at(-1) as Received;
  sender.onStreamAcks({ kind: 'ack', positions: [{ type: 'any', epoch, upTo: seq, dropped: [] }] });
  const [outbox] = sender.outboxes;
  assert.deepEqual([outbox?.depth, outbox?.bytes, outbox?.unacked, outbox?.unackedBytes], [0, 0, 0, 0]);
});

test('a message whose with_file names no file goes in a frame of its own, since no batch may have one', async () => {
  for (const with_file of [null, 'x', { src_path: '/gone', file_error: 'it is gone' }]) {
    const headerBytes = Buffer.from(pythonJson({ with_file }));
    const batch = { ...outgoing(['data']), ...batchOf(['data'], headerBytes) };
    const { link } = await connected('batches', [batch, outgoing(['with_file'])]);
    assert.deepEqual(
      link.frames.map(({ header }) => [header['with_file'], header['aioc_batch']]),
      [
        [with_file, undefined],
        [undefined, 1],
      ],
    );
  }
});

test('a message with a file that is cancelled while it is being opened goes nowhere, and leaves its number alone', async () => {
  const clock = new SimulatedClock();
  const sender = senderOn(new MemoryStore(clock), clock);
  const link = new FakeLink('batches');
  sender.attach(link.asLink);
  sender.onStreamAcks({ kind: 'have', positions: [] });
  const opening: (() => void)[] = [];
  let closed = 0;
  const body = {
    ...{ sizeBytes: 1, whenUnreadable: 'fail' as const },
    open: () =>
      new Promise<never>((resolve) =>
        opening.push(() =>
          resolve({
            sizeBytes: 1,
            chunks: () => assert.fail('it was cancelled'),
            close: async () => {
              closed += 1;
            },
          } as never),
        ),
      ),
    onProgress: () => undefined,
    onDelivered: () => undefined,
  };
  const observer: DeliveryObserver = { isCommon: false, onState: () => undefined };
  const cancel = await new Promise<(() => void) | undefined>((kept, refused) => {
    const batch = { ...outgoing(['with file'], { observer }), body };
    void sender.enqueue('any', batch, { kept: (_count, how) => kept(how), refused });
  });
  await offer(sender, outgoing(['next']));
  assert.equal(opening.length, 1);
  cancel?.();
  opening[0]?.();
  await clock.pass(1);
  assert.deepEqual([link.texts, closed, sender.waitingCount], [['next'], 1, 1]);
  const [outbox] = sender.outboxes;
  assert.equal(outbox?.unacked, 1);
});

test('what lies behind the window goes out in the end, also when the store could not be read at first', async () => {
  const clock = new SimulatedClock();
  const store = new MemoryStore(clock);
  const read = store.read.bind(store);
  let failures = 2;
  store.read = async (...asked) => {
    failures -= 1;
    if (failures >= 0) throw new Error('the disk does not answer');
    return read(...asked);
  };
  const sender = senderOn(store, clock);
  const count = LIMITS.outboxWindow + 10;
  for (const text of numbered(count)) await offer(sender, outgoing([text]));
  const link = new FakeLink('python');
  const send = link.send.bind(link);
  link.send = (frame) => {
    send(frame);
    clock.after(0, () => sender.acknowledged(frame.transportId ?? '', 'received'));
  };
  sender.attach(link.asLink);
  await clock.pass(10 * LIMITS.storeRetryMs);
  assert.deepEqual(link.texts, numbered(count));
  assert.equal(sender.waitingCount, 0);
});

test('a stored message that cannot be sent fails, is logged, and blocks no other, on the same connection', async () => {
  for (const kind of ['batches', 'streams', 'python'] as const) {
    const clock = new SimulatedClock();
    const store = new MemoryStore(clock);
    const epoch = 'A'.repeat(22);
    const records = ['first', 'x'.repeat(LIMITS.headerBytes - 40), 'last'].map((tag, index) =>
      oldOutgoingRecord({
        header: { message_type: 'any', tag },
        data: Buffer.from(`${index}`),
        number: { epoch, seq: index + 1 },
      }),
    );
    await store.append('out/peer/any', singles(...records));
    const told: string[] = [];
    const log = { event: (text: string) => void told.push(text), traffic: () => 0, settle: () => undefined };
    const observer = observerOfRevived(log);
    const sender = senderOn(store, clock, { revive: () => ({ observer, logId: 0 }) });
    await sender.restore(['any']);
    const link = new FakeLink(kind);
    sender.attach(link.asLink);
    if (kind !== 'python') sender.onStreamAcks({ kind: 'have', positions: [] });
    assert.deepEqual(link.texts, ['0', '2']);
    assert.equal(sender.waitingCount, 2);
    assert.match(told.join(), /could not be sent and was dropped: the header has/);
  }
});

test('a peer that asks learns which numbers of an epoch will not come, and of one that is unknown none will', async () => {
  const { sender, link } = await connected('streams', [outgoing(numbered(2)), outgoing(numbered(3))]);
  const { epoch, seq } = link.received[0] as Received;
  const position = { type: 'any', epoch, upTo: seq + 2, dropped: [] };
  sender.onStreamAcks({ kind: 'ack', positions: [position] });
  sender.detach();
  sender.attach(link.asLink);
  sender.onStreamAcks({
    kind: 'have',
    positions: [
      { ...position, upTo: seq, hasGap: true },
      { ...position, epoch: 'unknown', hasGap: true },
      { ...position, type: 'other', hasGap: true },
      { ...position, hasGap: false },
    ],
  });
  assert.deepEqual(
    link.gone.map(({ type, epoch: of, upTo }) => [type, of === epoch, upTo]),
    [
      ['any', true, seq + 2],
      ['any', false, Number.MAX_SAFE_INTEGER],
      ['other', true, Number.MAX_SAFE_INTEGER],
    ],
  );
});
