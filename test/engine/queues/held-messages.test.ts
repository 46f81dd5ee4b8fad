import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InboxWriter } from '../../../engine/queues/inbox-writer.ts';
import { Journal } from '../../../engine/storage/journal/journal.ts';
import { sizeOfBatch } from '../../../engine/storage/store.ts';
import { readAll, single, singles } from '../../helpers/batches.ts';
import { batchOf, textsInAll } from '../../helpers/message-batches.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';
import { SimulatedDisk } from '../../helpers/simulated-disk.ts';
import { seededRandom } from '../../helpers/simulated-world.ts';

const STREAM = 'in/news';
const SEGMENT = '/journal/0000000001.segment';
const of = { peerName: 'ann', epoch: 'hers' };

/** Ten messages of ann and three of ben, stored in one group each, of which some of ann's have been damaged since. */
async function withHole(damaged: readonly number[]) {
  const clock = new SimulatedClock();
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const open = (): Promise<Journal> =>
    Journal.open({ disk: disk.mount(), directory: '/journal', clock, random: seededRandom(2) });
  const texts = (name: string, count: number): Buffer[] =>
    Array.from({ length: count }, (_, index) => Buffer.from(`${name} ${index + 1}.`));
  const before = await open();
  await before.append(STREAM, singles(...texts('ann', 10)), { sender: 'ann', epoch: 'hers', firstSeq: 1 });
  await before.append(STREAM, singles(...texts('ben', 3)), { sender: 'ben', epoch: 'hers', firstSeq: 1 });
  disk.kill();
  const bytes = Buffer.from(disk.file(SEGMENT).read(0, disk.file(SEGMENT).size));
  for (const seq of damaged) bytes[bytes.indexOf(`ann ${seq}.`)] = 0x41;
  disk.put(SEGMENT, bytes);
  return { clock, disk, open };
}

async function restored(store: Journal, clock: SimulatedClock) {
  const told = { lost: 0, superseded: 0 };
  /** What the queue counts more since the start, besides what is put in. */
  const changed = { bytes: 0 };
  const writer = new InboxWriter({
    ...{ stream: STREAM, store, clock },
    onArrival: () => undefined,
    onSuperseded: ({ count, bytes }) => {
      told.superseded += count;
      changed.bytes -= bytes;
    },
    onReleased: (addedBytes) => {
      changed.bytes += addedBytes;
    },
    onLost: (_, count) => {
      told.lost += count;
    },
  });
  const held = await writer.restore();
  /** Resolves with the number of those that were known. */
  const put = (seq: number): Promise<number> =>
    new Promise((resolve, reject) =>
      writer.add({
        ...{ batch: single(`ann ${seq}.`), source: { ...of, seq } },
        ...{ kept: (_count, known = 0) => resolve(known), refused: (_count, error) => reject(error) },
      }),
    );
  const kept = async (name: string): Promise<number[]> =>
    (await readAll(store, STREAM))
      .map(({ records }) => records.toString().split(/[ .]/))
      .filter(([who]) => who === name)
      .map(([, seq]) => Number(seq));
  return { writer, told, changed, held, put, kept };
}

test('the stored position goes back before the damage, and later messages are held', async () => {
  const { open, clock } = await withHole([4]);
  const journal = await open();
  const { writer, held, kept } = await restored(journal, clock);
  assert.deepEqual(await kept('ann'), [1, 2, 3]);
  assert.deepEqual(await kept('ben'), [1, 2, 3], 'who has lost nothing does not wait');
  assert.equal(held.count, 6);
  assert.deepEqual(writer.storedOf('ann'), [{ epoch: 'hers', seq: 3, hasGap: true }]);
  assert.deepEqual(writer.storedOf('ben'), [{ epoch: 'hers', seq: 3, hasGap: false }]);
});

test('what the sender still has comes again in its place, and nothing twice', async () => {
  const { open, clock } = await withHole([4, 7]);
  const { put, kept, told, writer } = await restored(await open(), clock);
  await writer.gone({ ...of, seq: 3 });
  for (const seq of [4, 5, 6, 7, 8, 9, 10, 11]) assert.equal(await put(seq), 0, `${seq} is no repetition`);
  assert.deepEqual(await kept('ann'), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assert.deepEqual(told, { lost: 0, superseded: 5 });
  assert.deepEqual(writer.storedOf('ann'), [{ epoch: 'hers', seq: 11, hasGap: false }]);
});

test('what the sender has no more is counted lost, and the rest follows in order', async () => {
  const { open, clock } = await withHole([4, 7]);
  const { put, kept, told } = await restored(await open(), clock);
  assert.equal(await put(7), 0);
  assert.deepEqual(await kept('ann'), [1, 2, 3, 5, 6, 7]);
  await put(12);
  assert.deepEqual(await kept('ann'), [1, 2, 3, 5, 6, 7, 8, 9, 10, 12]);
  assert.deepEqual(told, { lost: 2, superseded: 0 }, '4, and the 11 that it left out');
});

test('when the sender says that it has nothing, all that is there comes at once', async () => {
  const { open, clock, disk } = await withHole([4, 7]);
  const journal = await open();
  const { kept, told, writer } = await restored(journal, clock);
  await writer.gone({ ...of, seq: Number.MAX_SAFE_INTEGER });
  assert.deepEqual(await kept('ann'), [1, 2, 3, 5, 6, 8, 9, 10]);
  assert.equal(told.lost, 2);
  await journal.close();
  disk.kill();
  const again = await restored(await open(), clock);
  assert.equal(again.held.count, 0);
  assert.deepEqual(again.writer.storedOf('ann'), [{ epoch: 'hers', seq: 10, hasGap: false }]);
});

test('held messages are restored at each start until the sender reports what it has', async () => {
  const { open, clock, disk } = await withHole([4]);
  for (let start = 0; start < 3; start += 1) {
    const { held, writer } = await restored(await open(), clock);
    assert.equal(held.count, 6);
    assert.deepEqual(writer.storedOf('ann'), [{ epoch: 'hers', seq: 3, hasGap: true }]);
    disk.kill();
  }
  const { put } = await restored(await open(), clock);
  for (const seq of [4, 5]) await put(seq);
  disk.kill();
  const last = await restored(await open(), clock);
  assert.deepEqual(await last.kept('ann'), [1, 2, 3, 4, 5]);
  await last.writer.gone({ ...of, seq: 1_000 });
  assert.deepEqual(await last.kept('ann'), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('what a listener had taken before the damage is neither missing nor asked for', async () => {
  const { open, clock, disk } = await withHole([]);
  const journal = await open();
  const records = await readAll(journal, STREAM);
  await journal.ack(STREAM, records[5]?.position ?? 0);
  disk.kill();
  const bytes = Buffer.from(disk.file(SEGMENT).read(0, disk.file(SEGMENT).size));
  bytes[bytes.indexOf('ann 4.')] = 0x41;
  disk.put(SEGMENT, bytes);
  const { held, writer } = await restored(await open(), clock);
  assert.equal(held.count, 0);
  assert.deepEqual(writer.storedOf('ann'), [{ epoch: 'hers', seq: 10, hasGap: false }]);
});

test('held batches are superseded and released in the middle, as far as they have arrived again', async () => {
  const clock = new SimulatedClock();
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const open = (): Promise<Journal> =>
    Journal.open({ disk: disk.mount(), directory: '/journal', clock, random: seededRandom(2) });
  const batch = (from: number, count: number) => {
    const texts = Array.from({ length: count }, (_, index) => `ann ${from + index}.`);
    return { ...batchOf(texts), head: Buffer.from('head') };
  };
  const before = await open();
  for (const firstSeq of [1, 5, 9, 13])
    await before.append(STREAM, [batch(firstSeq, 4)], { sender: 'ann', epoch: 'hers', firstSeq });
  disk.kill();
  const bytes = Buffer.from(disk.file(SEGMENT).read(0, disk.file(SEGMENT).size));
  bytes[bytes.indexOf('ann 6.')] = 0x41;
  disk.put(SEGMENT, bytes);
  const journal = await open();
  const { writer, told, changed, held } = await restored(journal, clock);
  const stored = (await journal.stat(STREAM)).bytes + held.bytes;
  const kept = async (): Promise<number[]> =>
    textsInAll(await readAll(journal, STREAM)).map((text) => Number(text.split(/[ .]/)[1]));
  assert.deepEqual(await kept(), [1, 2, 3, 4]);
  assert.equal(held.count, 8);
  assert.deepEqual(writer.storedOf('ann'), [{ epoch: 'hers', seq: 4, hasGap: true }]);
  const known = await new Promise((resolve, reject) =>
    writer.add({
      ...{ batch: batch(5, 6), source: { ...of, seq: 5 } },
      ...{ kept: (_count, count) => resolve(count), refused: (_count, error) => reject(error) },
    }),
  );
  assert.equal(known, 0);
  assert.deepEqual(await kept(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.deepEqual(told, { lost: 0, superseded: 2 });
  await writer.gone({ ...of, seq: 14 });
  assert.deepEqual(await kept(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  const bytesNow = [...(await journal.streams())].map(async (name) => (await journal.stat(name)).bytes);
  const allBytes = (await Promise.all(bytesNow)).reduce((sum, bytes) => sum + bytes, 0);
  assert.equal(stored + sizeOfBatch(batch(5, 6)) + changed.bytes, allBytes, 'bytes of a batch in two parts');
  await journal.close();
  disk.kill();
  const again = await restored(await open(), clock);
  assert.equal(again.held.count, 2, 'an interrupted release goes on at the next start');
  await again.writer.gone({ ...of, seq: Number.MAX_SAFE_INTEGER });
  assert.deepEqual(again.told, { lost: 0, superseded: 0 });
  assert.deepEqual(again.writer.storedOf('ann'), [{ epoch: 'hers', seq: 16, hasGap: false }]);
});
