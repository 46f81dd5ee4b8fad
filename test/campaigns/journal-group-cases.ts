import assert from 'node:assert/strict';
import { LIMITS } from '../../engine/base/limits.ts';
import {
  codecOf,
  decodeSegmentHeader,
  RECORD_HEADER_BYTES,
  SEGMENT_START,
} from '../../engine/storage/journal/format.ts';
import { Journal } from '../../engine/storage/journal/journal.ts';
import { totalLost } from '../../engine/storage/journal/report.ts';
import { scan } from '../../engine/storage/journal/scan.ts';
import type { Batch, StoredBatch } from '../../engine/storage/store.ts';
import { batchOf, readAll, singles } from '../helpers/batches.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { SimulatedDisk } from '../helpers/simulated-disk.ts';
import { seededRandom } from '../helpers/simulated-world.ts';
import { releaseHeld } from './release-held.ts';

const DIRECTORY = '/journal';
const SEGMENT = `${DIRECTORY}/0000000001.segment`;
const STREAM = 'in/news';
const SENDER = 'peer';
const EPOCH = 'epoch';
const LARGE_FROM = 6;
const LARGE_BYTES = LIMITS.journalCopiedBytes;

/** Where a batch is, and its messages, counted from 0. */
interface GroupBatch {
  readonly offset: number;
  readonly end: number;
  readonly first: number;
  readonly count: number;
}

/** One segment with some records before, and then one group of batches that were stored together. */
export interface GroupSample {
  readonly bytes: Buffer;
  readonly batches: readonly GroupBatch[];
  /** Of messages in the group. */
  readonly count: number;
  /** How many of its first messages are acknowledged, by a record behind the group. */
  readonly acked: number;
  /** Where the group begins, with the definitions before its batches. */
  readonly from: number;
}

export interface GroupOptions {
  /** Whether the journal had the time to note down that the disk has all of it. */
  readonly isNoted: boolean;
  readonly acked?: number;
}

/** The groups that the tests damage: acknowledged messages end inside a batch. */
export const GROUPS: readonly GroupOptions[] = [
  { isNoted: false },
  { isNoted: true },
  { isNoted: true, acked: 8 },
];

function openOn(disk: SimulatedDisk): Promise<Journal> {
  return Journal.open({
    ...{ disk: disk.mount(), directory: DIRECTORY },
    ...{ clock: new FakeClock(1_700_000_000_000), random: seededRandom(7) },
  });
}

export async function makeGroup(count: number, { isNoted, acked = 0 }: GroupOptions): Promise<GroupSample> {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const journal = await openOn(disk);
  await journal.append('other', singles('before'));
  const from = disk.file(SEGMENT).size;
  const made: Batch[] = [];
  // One is so large that it is not copied into the buffer of the write.
  const paddingOf = (first: number): string => (first === LARGE_FROM ? ' '.repeat(LARGE_BYTES) : '');
  for (let first = 0, size = 1; first < count; first += size, size = (size % 4) + 1)
    made.push(batchOf(Math.min(size, count - first), `messages from ${first} on${paddingOf(first)}`, 'head'));
  const { positions } = await journal.append(STREAM, made, { sender: SENDER, epoch: EPOCH, firstSeq: 1 });
  if (acked > 0) await journal.ack(STREAM, (positions[0] ?? 0) + acked - 1);
  if (isNoted) await journal.close();
  const file = disk.file(SEGMENT);
  const bytes = Buffer.from(file.read(0, file.size));
  const header = decodeSegmentHeader(bytes);
  assert.ok(header !== undefined);
  const batches: GroupBatch[] = [];
  await scan(
    {
      file: await disk.mount().open(SEGMENT, 'read'),
      ...{ codec: codecOf(header), from: SEGMENT_START, to: bytes.length, chunkBytes: 1_000_000 },
    },
    {
      record: ({ offset, end, count: messages }) => {
        const last = batches.at(-1);
        const first = last === undefined ? 0 : last.first + last.count;
        if (messages > 0 && offset > from) batches.push({ offset, end, first, count: messages });
        return true;
      },
      damage: () => assert.fail('the sample is sound'),
    },
  );
  assert.equal(batches.length, made.length);
  return { bytes, batches, count, acked, from };
}

/** The numbers of the messages in batches, in order. */
function numbersOf(batches: readonly StoredBatch[]): number[] {
  return batches.flatMap(({ count, records }) => {
    const first = Number(/^messages from (\d+) on *$/.exec(records.toString())?.[1]);
    return Array.from({ length: count }, (_, index) => first + index);
  });
}

const markIn = async (journal: Journal): Promise<number> =>
  (await journal.marks(STREAM, SENDER))[0]?.seq ?? 0;

/** What a start makes of it, and how much it says was lost. */
async function opened(
  bytes: Buffer,
): Promise<{ kept: number[]; lost: number; isExact: boolean; places: number; mark: number }> {
  const disk = new SimulatedDisk({ random: seededRandom(2) });
  disk.put(SEGMENT, bytes);
  const journal = await openOn(disk);
  const kept: number[] = [];
  const held = (await journal.streams()).filter((name) => name.startsWith('held/'));
  for (const name of [STREAM, ...held])
    if (name.endsWith(STREAM)) kept.push(...numbersOf(await readAll(journal, name)));
  assert.ok(
    kept.every((number, index) => number > (kept[index - 1] ?? -1)),
    'in order, none altered, none twice',
  );
  const { damaged, torn } = journal.report;
  const mark = await markIn(journal);
  return { kept, ...totalLost([...damaged, ...torn]), places: damaged.length + torn.length, mark };
}

/**
 * The next start finds the same; when the sender has nothing more, what was held back follows in order; and from then on
 * it is in the stream, and in the stream alone.
 */
async function checkReleased(
  { count }: GroupSample,
  bytes: Buffer,
  expected: readonly number[],
  mark: number,
): Promise<void> {
  const disk = new SimulatedDisk({ random: seededRandom(2) });
  disk.put(SEGMENT, bytes);
  await openOn(disk);
  disk.kill();
  const journal = await openOn(disk);
  assert.equal(await markIn(journal), mark, 'the mark at the next start');
  await releaseHeld(journal, STREAM);
  assert.deepEqual(numbersOf(await readAll(journal, STREAM)), expected, 'released, in order');
  const firstSeq = count + 5;
  const after = [batchOf(1, 'messages from 100000 on')];
  await journal.append(STREAM, after, { sender: SENDER, epoch: EPOCH, firstSeq, after: 0 });
  disk.kill();
  const last = await openOn(disk);
  assert.deepEqual(
    numbersOf(await readAll(last, STREAM)),
    [...expected, 100_000],
    'the same at the next start',
  );
  assert.deepEqual(
    (await last.streams()).filter((name) => name.startsWith('held/')),
    [],
    'nothing is held back any more',
  );
  assert.equal(await markIn(last), firstSeq, 'nor asked for');
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

/** A flipped byte takes the batch that it is in, which is counted; the number before it is the last that is known. */
export async function checkFlipInGroup(sample: GroupSample, at: number): Promise<void> {
  const bytes = Buffer.from(sample.bytes);
  bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
  const { kept, lost, mark, places } = await opened(bytes);
  const { batches, count, acked } = sample;
  const hit = batches.find(({ offset, end }) => at >= offset && at < end);
  const left = batches.filter((batch) => batch.first + batch.count > acked && batch !== hit);
  const expected = left.flatMap((batch) => upTo(batch.count).map((index) => batch.first + index));
  assert.deepEqual(kept, expected, `byte ${at} flipped`);
  assert.ok(places > 0, `byte ${at} flipped: seen`);
  const hitEnd = hit === undefined ? 0 : hit.first + hit.count;
  const firstLost = hit === undefined ? 0 : Math.max(hit.first, acked);
  // Without the header, it is unknown whose messages they were, so the acknowledged ones count as well.
  const isHeaderHit = hit !== undefined && at < hit.offset + RECORD_HEADER_BYTES;
  const expectedLost = isHeaderHit ? hit.count : Math.max(0, hitEnd - firstLost);
  assert.equal(lost, expectedLost, `byte ${at} flipped: counted`);
  assert.equal(mark, hitEnd > firstLost ? firstLost : count, `byte ${at} flipped: the mark`);
  if (hitEnd > firstLost) await checkReleased(sample, bytes, kept, mark);
}

/** What was before the place is kept; the rest is counted, as far as anything tells of it. */
export async function checkEndOfGroup(sample: GroupSample, at: number, how: 'cut' | 'zeroed'): Promise<void> {
  const { bytes, batches, from } = sample;
  const rest =
    how === 'cut'
      ? bytes.subarray(0, at)
      : Buffer.concat([bytes.subarray(0, at), Buffer.alloc(bytes.length - at)]);
  const { kept, lost, places, mark } = await opened(rest);
  const whole = batches.filter(({ end }) => end <= at).reduce((sum, { count }) => sum + count, 0);
  const where = `${how} from ${at} on`;
  assert.deepEqual(kept, upTo(whole), where);
  assert.equal(mark, whole, `${where}: the mark`);
  if (how === 'cut' && at === from) return;
  assert.ok(places > 0, `${where}: seen`);
  const missing = sample.count - whole;
  // What tells of the others is the header of the first record of the group.
  const isHeadGone = at < from + RECORD_HEADER_BYTES;
  if (missing > 0) assert.ok(lost === missing || (isHeadGone && lost >= 1), `${where}: ${lost} counted`);
}
