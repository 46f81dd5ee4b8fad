import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { RecordBatchBuilder, recordsOf } from '../../../engine/protocol/record-batch.ts';
import type { DeliveryObserver, OutboxBatch } from '../../../engine/queues/outbox-batch.ts';
import { Journal } from '../../../engine/storage/journal/journal.ts';
import {
  connected,
  digits,
  enqueued,
  FakeLink,
  type ReceivedText,
  senderOn,
} from '../../helpers/fake-link.ts';
import { NOBODY } from '../../helpers/nobody.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';
import { SimulatedDisk } from '../../helpers/simulated-disk.ts';
import { seededRandom } from '../../helpers/simulated-world.ts';

const KIB = 1024;
const NOTHING = Buffer.alloc(0);
const header = (index: number): Buffer => Buffer.from(`{"tag": "${Math.floor(index / 3)}"}`);

/** Messages of 16 KiB, of which three each have the same header. */
function large(texts: readonly string[], observer: DeliveryObserver = NOBODY): OutboxBatch {
  const builder = new RecordBatchBuilder();
  for (const [index, text] of texts.entries())
    builder.add({
      headerBytes: header(index),
      data: Buffer.from(text.padEnd(16 * KIB, '.')),
      binary: NOTHING,
    });
  return { ...builder.takeWhole(), largestBytes: 16 * KIB, observer, logId: observer === NOBODY ? 0 : 1 };
}

const textsOf = ({ texts }: FakeLink): string[] => texts.map((text) => text.replace(/\.+$/, ''));
const countsOf = ({ frames }: FakeLink): unknown[] => frames.map((frame) => frame.header['aioc_batch']);

test('a batch that is larger than the peer takes goes in several, full ones, with its numbers and headers', async () => {
  const { link, sender } = await connected('small batches', [large(digits(15)), large(digits(15, 15))]);
  assert.deepEqual(countsOf(link), [3, 3, 3, 3, 3, 3, 3, 3, 3, 3]);
  assert.deepEqual(textsOf(link), digits(30));
  const first = link.received[0] as ReceivedText;
  assert.deepEqual(
    link.received.map(({ seq }) => seq - first.seq),
    digits(30).map(Number),
  );
  const headers = link.frames.flatMap(({ data }) =>
    [...recordsOf(data)].map((one) => String(one.headerBytes)),
  );
  assert.deepEqual(
    headers,
    [...digits(15), ...digits(15)].map((index) => String(header(Number(index)))),
  );
  const { epoch } = first;
  sender.onStreamAcks({
    kind: 'ack',
    positions: [{ type: 'any', epoch, upTo: first.seq + 29, dropped: [] }],
  });
  const [outbox] = sender.outboxes;
  assert.deepEqual([outbox?.depth, outbox?.bytes, outbox?.unacked, outbox?.unackedBytes], [0, 0, 0, 0]);
});

test('a message that is larger than the batches that a peer takes goes as a batch of one', async () => {
  const { link } = await connected('small batches', [large(digits(5))], { batchMaxBytes: 10 * KIB });
  assert.deepEqual(countsOf(link), [1, 1, 1, 1, 1]);
  assert.deepEqual(textsOf(link), digits(5));
});

test('a part of a batch is acknowledged alone, and the next peer gets the rest as it takes it', async () => {
  const told: string[] = [];
  const observer: DeliveryObserver = {
    isCommon: true,
    onState: ({ logId, count }, state) => void told.push(`${logId}+${count} ${state}`),
  };
  const { link, sender } = await connected('small batches', [large(digits(9), observer)]);
  const { epoch, seq } = link.received[0] as ReceivedText;
  const position = { type: 'any', epoch, upTo: seq + 2, dropped: [] };
  sender.onStreamAcks({ kind: 'ack', positions: [position] });
  assert.equal(sender.waitingCount, 6);
  sender.detach();
  const second = new FakeLink('small batches');
  sender.attach(second.asLink);
  sender.onStreamAcks({ kind: 'have', positions: [{ ...position, upTo: seq + 3 }] });
  assert.deepEqual([countsOf(second), textsOf(second)], [[3, 2], digits(5, 4)]);
  sender.detach();
  const third = new FakeLink('batches');
  sender.attach(third.asLink);
  sender.onStreamAcks({ kind: 'have', positions: [{ ...position, upTo: seq + 4 }] });
  assert.deepEqual([countsOf(third), textsOf(third)], [[4], digits(4, 5)]);
  sender.onStreamAcks({ kind: 'ack', positions: [{ ...position, upTo: seq + 8 }] });
  assert.equal(sender.waitingCount, 0);
  const received = told.filter((line) => line.endsWith('received'));
  assert.deepEqual(received, ['1+3 received', '4+1 received', '5+1 received', '6+4 received']);
});

test('a peer that stops reading in the middle of a batch gets the rest when it reads on', async () => {
  const { link, sender } = await connected('small batches', []);
  const send = link.send.bind(link);
  link.send = (frame) => {
    send(frame);
    link.writable = false;
  };
  await enqueued(sender, large(digits(9)));
  for (const sent of [3, 6, 9]) {
    assert.deepEqual(textsOf(link), digits(sent));
    link.writable = true;
    sender.pump();
  }
});

test('a journal with large batches goes to a peer of an earlier version once and in order, after each restart', async () => {
  const clock = new SimulatedClock();
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const open = (seed: number): Promise<Journal> =>
    Journal.open({ ...{ disk: disk.mount(), directory: '/journal', clock }, random: seededRandom(seed) });
  let journal = await open(2);
  const offered = senderOn(journal, clock);
  for (let from = 0; from < 300; from += 15) await enqueued(offered, large(digits(15, from)));
  const got: string[] = [];
  const last = new Map<string, number>();
  for (let run = 0; got.length < 300; run += 1) {
    assert.ok(run < 30, `only ${got.length} came`);
    await journal.close();
    journal = await open(run + 3);
    const sender = senderOn(journal, clock, { random: seededRandom(run + 100) });
    await sender.restore([{ type: 'any' }]);
    const link = new FakeLink('small batches');
    sender.attach(link.asLink);
    const positions = () => [...last].map(([epoch, upTo]) => ({ type: 'any', epoch, upTo, dropped: [] }));
    sender.onStreamAcks({ kind: 'have', positions: positions() });
    // The connection is lost in the middle of a batch, after some acks.
    for (let index = 0; index < 25 && index < link.received.length; index += 1) {
      const { epoch, seq, text } = link.received[index] as ReceivedText;
      assert.ok(seq > (last.get(epoch) ?? 0), 'it has been sent again');
      last.set(epoch, seq);
      got.push(text.replace(/\.+$/, ''));
      if (index < 20) sender.onStreamAcks({ kind: 'ack', positions: positions() });
      await clock.pass(1);
    }
    sender.detach();
  }
  assert.deepEqual(got, digits(300));
  assert.ok(LIMITS.largeBatchBytes > LIMITS.leastBatchMaxBytes);
  await journal.close();
});
