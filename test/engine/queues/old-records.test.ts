import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MemoryBudget } from '../../../engine/base/memory-budget.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import type { Header } from '../../../engine/protocol/header.ts';
import { checkBatch, recordsOf } from '../../../engine/protocol/record-batch.ts';
import { Inbox } from '../../../engine/queues/inbox.ts';
import { framesOfInboxBatch } from '../../../engine/queues/inbox-batch.ts';
import { readOldIncoming, readOldOutgoing } from '../../../engine/queues/old-records.ts';
import { Outbox } from '../../../engine/queues/outbox.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import { singles } from '../../helpers/batches.ts';
import { incoming, outgoing, textsIn } from '../../helpers/message-batches.ts';
import { NOBODY } from '../../helpers/nobody.ts';
import { oldOutgoingRecord } from '../../helpers/old-record.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';
import { seededRandom } from '../../helpers/simulated-world.ts';

const EPOCH = `${'A'.repeat(20)}BA`;
const capacity = { messages: 1_000, bytes: 1e9 };

const RESERVED = ['message_type', 'source_id', 'destination_id', 'transport_id', 'with_binary', 'aioc_batch'];
const bytes = fc.uint8Array({ maxLength: 50 }).map((all) => Buffer.from(all));
const own = fc.dictionary(
  fc.string().filter((key) => key !== '__proto__' && !RESERVED.includes(key)),
  fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)),
  { maxKeys: 4, noNullPrototype: true },
);
const shared = fc.record(
  { message_type: fc.string({ minLength: 1 }), source_id: fc.string(), destination_id: fc.string() },
  { requiredKeys: ['message_type'], noNullPrototype: true },
);
const number = fc.option(
  fc.integer({ min: 1, max: 2 ** 47 }).map((seq) => ({ epoch: EPOCH, seq })),
  { nil: undefined },
);

/** The only message of a batch that passes the check for what comes in. */
function only(batch: { readonly count: number; readonly records: Buffer }) {
  assert.equal(batch.count, 1);
  checkBatch(batch.records, 1);
  const [record, ...others] = recordsOf(batch.records);
  assert.ok(record !== undefined && others.length === 0);
  return {
    header: JSON.parse(record.headerBytes.toString()) as object,
    data: record.data,
    binary: record.binary,
  };
}

test('an outbox’s record of an earlier version is read as a batch of one, with its number', () => {
  fc.assert(
    fc.property(shared, own, bytes, bytes, number, (all, its, data, binary, numbered) => {
      const header = { ...its, ...all, transport_id: 7, with_binary: binary.length > 0 } as Header;
      const read = readOldOutgoing(
        oldOutgoingRecord({ header, data, binary, ...(numbered !== undefined && { number: numbered }) }),
      );
      assert.deepEqual({ ...read.header }, header);
      assert.deepEqual(read.number, numbered);
      assert.deepEqual(only(read.batch), { header: its, data, binary });
    }),
  );
});

test('an inbox’s frame of an earlier version is read as a batch of one, with its header apart', () => {
  fc.assert(
    fc.property(shared, own, bytes, bytes, (all, its, data, binary) => {
      const header: Header = { ...all, ...its, ...(binary.length > 0 && { with_binary: true }) };
      const read = readOldIncoming(encodeFrame({ header, data, binary }));
      assert.deepEqual({ ...read.header }, header);
      assert.deepEqual(only(read.batch), { header: its, data, binary });
    }),
  );
});

test('other bytes are not taken for a record of an outbox', () => {
  const record = oldOutgoingRecord({ header: { message_type: 'any' }, data: Buffer.from('data') });
  for (const other of [Buffer.alloc(0), Buffer.from([3, 1, 2, 3]), record.subarray(0, record.length - 1)])
    assert.throws(() => readOldOutgoing(other), RangeError);
});

test('an outbox sends what an earlier version has stored, under its numbers, before what comes now', async () => {
  const clock = new SimulatedClock();
  const store = new MemoryStore(clock);
  const header = { message_type: 'any', source_id: 'former', destination_id: 'peer', tag: 'kept' };
  const numbered = ['1', '2', '3'].map((text, index) =>
    oldOutgoingRecord({ header, data: Buffer.from(text), number: { epoch: EPOCH, seq: 5 + index } }),
  );
  const unnumbered = ['4', '5'].map((text) => oldOutgoingRecord({ header, data: Buffer.from(text) }));
  await store.append('out/peer/any', singles(...numbered, ...unnumbered));
  await store.ack('out/peer/any', 1);
  const queue = new Outbox({
    ...{ type: 'any', stream: 'out/peer/any', store, clock, capacity, whenFull: 'refuse' },
    ...{ random: seededRandom(1), budget: new MemoryBudget(LIMITS.memoryBudgetBytes) },
    revive: (its) => {
      assert.equal(its?.['tag'], 'kept', 'it may name a file');
      return { observer: NOBODY, logId: 0 };
    },
    onKept: () => undefined,
    isDraining: () => false,
  });
  await queue.restore();
  assert.equal(queue.depth, 4);
  await new Promise<void>((resolve, refused) => {
    void queue.enqueue(outgoing(['6', '7']), {
      kept: () => resolve(),
      refused: (_count, error) => refused(error),
    });
  });
  const sent: string[] = [];
  const numbers: string[] = [];
  for (let entry = queue.next(); entry !== undefined; entry = queue.next()) {
    sent.push(...textsIn({ records: entry.records as Buffer }));
    const { epoch, seq } = queue.send(entry, entry.count);
    numbers.push(epoch === EPOCH ? `old ${seq}` : `new ${seq}`);
    queue.acked({ epoch, seq: seq + entry.count - 1 });
  }
  assert.deepEqual(sent, ['2', '3', '4', '5', '6', '7']);
  assert.deepEqual(numbers, ['old 6', 'old 7', 'new 1', 'new 2', 'new 1']);
  assert.deepEqual([queue.depth, queue.bytes], [0, 0]);
});

test('an inbox gives what an earlier version has stored, from the sender that it knows, before what comes now', async () => {
  const clock = new SimulatedClock();
  for (const [soleSender, named] of [
    [undefined, 'ann'],
    ['server', 'server'],
  ] as const) {
    const store = new MemoryStore(clock);
    const frame = (text: string, source_id: string) =>
      encodeFrame({ header: { message_type: 'any', source_id, tag: 'kept' }, data: Buffer.from(text) });
    await store.append('in/any', singles(frame('1', 'mallory')), { sender: 'ann', epoch: 'e', firstSeq: 1 });
    await store.append('in/any', singles(frame('2', 'ben')));
    const inbox = new Inbox({
      ...{ type: 'any', stream: 'in/any', store, clock, capacity, whenFull: 'refuse', isStored: true },
      soleSender,
    });
    await inbox.restore();
    const { bytes: storedBytes } = inbox;
    await inbox.put(incoming(['3', '4']), { source: { peerName: 'ann', epoch: 'e', seq: 2 } });
    const batches = await inbox.read(0);
    const frames = batches.flatMap((batch) => [...framesOfInboxBatch(batch)]);
    assert.deepEqual(
      frames.map(({ header, data }) => [data.toString(), header['source_id'], header['tag']]),
      [
        ['1', named, 'kept'],
        ['2', soleSender ?? 'ben', 'kept'],
        ['3', 'peer', undefined],
        ['4', 'peer', undefined],
      ],
    );
    assert.equal(
      batches.slice(0, 2).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      storedBytes,
    );
    for (const { position, count, atMs, sizeBytes } of batches)
      await inbox.done({ position: position + count - 1, atMs }, { count, bytes: sizeBytes });
    assert.deepEqual([inbox.depth, inbox.bytes], [0, 0]);
  }
});
