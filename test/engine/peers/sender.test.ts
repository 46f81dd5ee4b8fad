import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { observerOfRevived } from '../../../engine/peers/delivery-observers.ts';
import { pythonJson } from '../../../engine/protocol/header.ts';
import type { SeqRange } from '../../../engine/protocol/stream-frames.ts';
import type { DeliveryObserver } from '../../../engine/queues/outbox-batch.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import { singles } from '../../helpers/batches.ts';
import {
  connected,
  digits,
  enqueued,
  FakeLink,
  type ReceivedText,
  senderOn,
} from '../../helpers/fake-link.ts';
import { batchOf, outgoing } from '../../helpers/message-batches.ts';
import { oldOutgoingRecord } from '../../helpers/old-record.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';

test('a batch goes as one frame to a peer with batches, as single ones to others, with the same numbers', async () => {
  const texts = digits(5);
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
    const { sender, link } = await connected('batches', [outgoing(digits(6)), outgoing(digits(2, 6))]);
    const { epoch, seq } = link.received[0] as ReceivedText;
    sender.detach();
    const second = new FakeLink(kind);
    sender.attach(second.asLink);
    assert.equal(second.frames.length, 0);
    const position = { type: 'any', epoch, upTo: seq + 3, dropped: [] };
    sender.onStreamAcks({ kind: 'have', positions: [position] });
    assert.equal(sender.waitingCount, 4);
    assert.deepEqual(
      second.received.map((one) => [one.seq, one.text]),
      digits(4, 4).map((text) => [seq + Number(text), text]),
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
    outgoing(digits(10), { observer, logId: 1 }),
    outgoing(digits(5), { observer, logId: 101 }),
  ]);
  const { epoch, seq } = link.received[0] as ReceivedText;
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
    const { epoch, seq } = link.received.at(-1) as ReceivedText;
    if (kind !== 'python')
      sender.onStreamAcks({ kind: 'ack', positions: [{ type: 'any', epoch, upTo: seq, dropped: [] }] });
    else for (const { transportId = '' } of link.frames) sender.acknowledged(transportId, 'received');
    await clock.pass(1);
    assert.equal(sender.waitingCount, 0, kind);
    await assert.rejects(enqueued(sender, outgoing([large])), { code: 'AIOC_FRAME_TOO_LARGE' });
  }
});

test('a Python peer has few messages on its way, in bytes too, whatever batches they are in', async () => {
  const { sender, link } = await connected('python', [outgoing(digits(LIMITS.unackedMessages + 10))]);
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
  const { sender, link } = await connected('python', [outgoing(digits(6)), outgoing(['last'])]);
  for (const index of [0, 2, 5]) sender.acknowledged(link.frames[index]?.transportId ?? '', 'received');
  sender.detach();
  const second = new FakeLink('batches');
  sender.attach(second.asLink);
  sender.onStreamAcks({ kind: 'have', positions: [] });
  assert.deepEqual(second.texts, ['1', '3', '4', 'last']);
  const { epoch, seq } = second.received.at(-1) as ReceivedText;
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
    source: () => assert.fail('the peer takes no transfers'),
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
  await enqueued(sender, outgoing(['next']));
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
  for (const text of digits(count)) await enqueued(sender, outgoing([text]));
  const link = new FakeLink('python');
  const send = link.send.bind(link);
  link.send = (frame) => {
    send(frame);
    clock.after(0, () => sender.acknowledged(frame.transportId ?? '', 'received'));
  };
  sender.attach(link.asLink);
  await clock.pass(10 * LIMITS.storeRetryMs);
  assert.deepEqual(link.texts, digits(count));
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
    await sender.restore([{ type: 'any' }]);
    const link = new FakeLink(kind);
    sender.attach(link.asLink);
    if (kind !== 'python') sender.onStreamAcks({ kind: 'have', positions: [] });
    assert.deepEqual(link.texts, ['0', '2']);
    assert.equal(sender.waitingCount, 2);
    assert.match(told.join(), /could not be sent and was dropped: the header has/);
  }
});

test('a peer that asks learns which numbers of an epoch will not come, and of one that is unknown none will', async () => {
  const { sender, link } = await connected('streams', [outgoing(digits(2)), outgoing(digits(3))]);
  const { epoch, seq } = link.received[0] as ReceivedText;
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
