import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MemoryBudget } from '../../../engine/base/memory-budget.ts';
import type { Clock } from '../../../engine/base/ports.ts';
import { observerOfRevived } from '../../../engine/peers/delivery-observers.ts';
import type { Link } from '../../../engine/peers/link.ts';
import { Sender } from '../../../engine/peers/sender.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import type { OutFrame } from '../../../engine/protocol/messages.ts';
import { type AckPosition, readStreamAcks, streamAckFrame } from '../../../engine/protocol/stream-frames.ts';
import { encodeRecord } from '../../../engine/queues/message-record.ts';
import type { DeliveryObserver } from '../../../engine/queues/out-batch.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import type { Store } from '../../../engine/storage/store.ts';
import { singles } from '../../helpers/batches.ts';
import { NOBODY } from '../../helpers/nobody.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';
import { seededRandom } from '../../helpers/simulated-world.ts';

function senderOn(store: Store, clock: Clock, observer: DeliveryObserver): Sender {
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
    revive: () => ({ observer, logId: 0 }),
    onChange: () => undefined,
  });
}

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
  const sender = senderOn(store, clock, NOBODY);
  const count = LIMITS.outboxWindow + 10;
  for (let number = 0; number < count; number += 1) {
    const data = Buffer.from(String(number));
    const message = { header: { message_type: 'any' }, data, observer: NOBODY, logId: 0 };
    await new Promise((resolve, reject) => sender.enqueue(message, { kept: resolve, refused: reject }));
  }
  const sent: string[] = [];
  const link = {
    writable: true,
    unreadMaxBytes: Number.POSITIVE_INFINITY,
    maxMessageBytes: Number.POSITIVE_INFINITY,
    send: ({ transportId = '', data }: OutFrame) => {
      sent.push(data.toString());
      clock.after(0, () => sender.acknowledged(transportId, 'received'));
    },
  } as unknown as Link;
  sender.attach(link);
  await clock.pass(10 * LIMITS.storeRetryMs);
  assert.deepEqual(
    sent,
    Array.from({ length: count }, (_, number) => String(number)),
  );
  assert.equal(sender.waitingCount, 0);
});

test('a stored message that cannot be sent fails, is logged, and blocks no other', async () => {
  const clock = new SimulatedClock();
  const store = new MemoryStore(clock);
  const large = { message_type: 'any', tag: 'x'.repeat(LIMITS.headerBytes - 40) };
  const payloads = [large, { message_type: 'any' }].map((header) =>
    encodeRecord({ header, data: Buffer.from('data') }),
  );
  await store.append('out/peer/any', singles(...payloads));
  const told: string[] = [];
  const log = { event: (text: string) => void told.push(text), traffic: () => 0, settle: () => undefined };
  const sender = senderOn(store, clock, observerOfRevived(log));
  await sender.restore(['any']);
  const sent: Buffer[] = [];
  const link = {
    writable: true,
    unreadMaxBytes: Number.POSITIVE_INFINITY,
    maxMessageBytes: Number.POSITIVE_INFINITY,
    send: (frame: OutFrame) => void sent.push(encodeFrame(frame)),
  } as unknown as Link;
  sender.attach(link);
  assert.equal(sent.length, 1);
  assert.equal(sender.waitingCount, 1);
  assert.match(told.join(), /could not be sent and was dropped: the header has/);
});

test('a peer that asks learns which numbers of an epoch will not come, and of one that is unknown none will', async () => {
  const clock = new SimulatedClock();
  const sender = senderOn(new MemoryStore(clock), clock, NOBODY);
  for (let number = 0; number < 5; number += 1) {
    const message = { header: { message_type: 'any' }, data: Buffer.from('x'), observer: NOBODY, logId: 0 };
    await new Promise((resolve, reject) => sender.enqueue(message, { kept: resolve, refused: reject }));
  }
  const sent: string[] = [];
  const gone: AckPosition[] = [];
  const link = {
    ...{ writable: true, speaksStreams: true },
    ...{ unreadMaxBytes: Number.POSITIVE_INFINITY, maxMessageBytes: Number.POSITIVE_INFINITY },
    send: ({ transportId = '' }: OutFrame) => void sent.push(String(transportId)),
    sendGone: (positions: readonly AckPosition[]) => void gone.push(...positions),
  } as unknown as Link;
  sender.attach(link);
  assert.equal(sent.length, 0, 'nothing goes out before it is known what the other side has');
  sender.onStreamAcks({ kind: 'have', positions: [] });
  const epoch = sent[0]?.split('.')[0] ?? '';
  const position = { type: 'any', epoch, upTo: 3, dropped: [] };
  sender.onStreamAcks({ kind: 'ack', positions: [position] });
  sender.detach();
  sender.attach(link);
  const asked = (positions: readonly AckPosition[]) =>
    readStreamAcks({ ...streamAckFrame({ kind: 'have', positions }, 'peer'), binary: undefined } as never);
  const acks = asked([
    { ...position, upTo: 1, hasGap: true },
    { ...position, epoch: 'unknown', hasGap: true },
    { ...position, type: 'other', hasGap: true },
    { ...position, hasGap: false },
  ]);
  assert.ok(acks !== undefined);
  sender.onStreamAcks(acks);
  assert.deepEqual(
    gone.map(({ type, epoch: of, upTo }) => [type, of === epoch, upTo]),
    [
      ['any', true, 3],
      ['any', false, Number.MAX_SAFE_INTEGER],
      ['other', true, Number.MAX_SAFE_INTEGER],
    ],
  );
});
