import assert from 'node:assert/strict';
import { HeldMessages } from '../../engine/queues/held-messages.ts';
import { decodeSegmentHeader, KIND, SEGMENT_START, saltOf } from '../../engine/storage/journal/format.ts';
import { Journal } from '../../engine/storage/journal/journal.ts';
import { totalLost } from '../../engine/storage/journal/report.ts';
import { scan } from '../../engine/storage/journal/scan.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { SimulatedDisk } from '../helpers/simulated-disk.ts';
import { seededRandom } from '../helpers/simulated-world.ts';

const DIRECTORY = '/journal';
const SEGMENT = `${DIRECTORY}/0000000001.segment`;
const STREAM = 'in/news';

/** One segment with some records before, and then one group of messages that were stored together. */
export interface GroupSample {
  readonly bytes: Buffer;
  /** Where each message of the group lies. */
  readonly messages: readonly { readonly offset: number; readonly end: number }[];
  /** Where the group begins, with the definitions before its messages. */
  readonly from: number;
}

function openOn(disk: SimulatedDisk): Promise<Journal> {
  return Journal.open({
    ...{ disk: disk.mount(), directory: DIRECTORY },
    ...{ clock: new FakeClock(1_700_000_000_000), random: seededRandom(7) },
  });
}

/** @param isNoted whether the journal had the time to note down that the disk has all of it */
export async function makeGroup(count: number, { isNoted }: { isNoted: boolean }): Promise<GroupSample> {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const journal = await openOn(disk);
  await journal.append('other', [Buffer.from('before')]);
  const from = disk.file(SEGMENT).size;
  const payloads = Array.from({ length: count }, (_, number) => Buffer.from(`message ${number}`));
  await journal.append(STREAM, payloads, { epoch: 'epoch peer', firstSeq: 1 });
  if (isNoted) await journal.close();
  const file = disk.file(SEGMENT);
  const bytes = Buffer.from(file.read(0, file.size));
  const header = decodeSegmentHeader(bytes);
  assert.ok(header !== undefined);
  const messages: { offset: number; end: number }[] = [];
  await scan(
    {
      file: await disk.mount().open(SEGMENT, 'read'),
      ...{ salt: saltOf(header), from: SEGMENT_START, to: bytes.length, chunkBytes: 1_000_000 },
    },
    {
      record: ({ kind, offset, bodyBytes }) => {
        if (kind === KIND.data && offset > from) messages.push({ offset, end: offset + 40 + bodyBytes });
        return true;
      },
      damage: () => assert.fail('the sample is sound'),
    },
  );
  assert.equal(messages.length, count);
  return { bytes, messages, from };
}

/** What a start makes of it, and how much it says was lost. */
async function opened(
  bytes: Buffer,
): Promise<{ kept: number[]; lost: number; isExact: boolean; places: number; mark: number }> {
  const disk = new SimulatedDisk({ random: seededRandom(2) });
  disk.put(SEGMENT, bytes);
  const journal = await openOn(disk);
  const kept: number[] = [];
  const held = (await journal.streams()).filter((name) => name.startsWith('held/'));
  for (const name of [STREAM, ...held]) {
    if (!name.endsWith(STREAM)) continue;
    for (const { payload } of await journal.read(name, 0, 1_000_000_000))
      kept.push(Number(/^message (\d+)$/.exec(payload.toString())?.[1]));
  }
  assert.ok(
    kept.every((number, index) => number > (kept[index - 1] ?? -1)),
    'in order, none altered, none twice',
  );
  const { damaged, torn } = journal.report;
  const mark = (await journal.lastSource(STREAM)).get('epoch peer') ?? 0;
  return { kept, ...totalLost([...damaged, ...torn]), places: damaged.length + torn.length, mark };
}

/** What a reader of the stream gets, in order. */
async function numbersIn(journal: Journal, name: string): Promise<number[]> {
  const records = await journal.read(name, 0, 1_000_000_000);
  return records.map(({ payload }) => Number(/^message (\d+)$/.exec(payload.toString())?.[1]));
}

/**
 * The next start finds the same; when the sender has nothing more, what was held back follows in order; and from then on
 * it is in the stream, and in the stream alone.
 */
async function checkReleased(bytes: Buffer, expected: readonly number[], mark: number): Promise<void> {
  const disk = new SimulatedDisk({ random: seededRandom(2) });
  disk.put(SEGMENT, bytes);
  await openOn(disk);
  disk.kill();
  const journal = await openOn(disk);
  assert.equal((await journal.lastSource(STREAM)).get('epoch peer') ?? 0, mark, 'the mark at the next start');
  const messages = new HeldMessages({ store: journal, stream: STREAM });
  await messages.restore();
  await messages.release('epoch peer', Number.MAX_SAFE_INTEGER);
  assert.deepEqual(await numbersIn(journal, STREAM), expected, 'released, in order');
  const firstSeq = expected.length + 2;
  const after = [Buffer.from('message 100000')];
  await journal.append(STREAM, after, { epoch: 'epoch peer', firstSeq, after: 0 });
  disk.kill();
  const last = await openOn(disk);
  assert.deepEqual(await numbersIn(last, STREAM), [...expected, 100_000], 'the same at the start after that');
  assert.deepEqual(
    (await last.streams()).filter((name) => name.startsWith('held/')),
    [],
    'nothing is held back any more',
  );
  assert.equal((await last.lastSource(STREAM)).get('epoch peer'), firstSeq, 'nor asked for');
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

/** A flipped byte takes the message that it is in, which is counted; the number before it is the last that is known. */
export async function checkFlipInGroup(sample: GroupSample, at: number): Promise<void> {
  const bytes = Buffer.from(sample.bytes);
  bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
  const { kept, lost, mark, places } = await opened(bytes);
  const hit = sample.messages.findIndex(({ offset, end }) => at >= offset && at < end);
  const all = upTo(sample.messages.length);
  assert.deepEqual(
    kept,
    all.filter((number) => number !== hit),
    `byte ${at} flipped`,
  );
  assert.ok(places > 0, `byte ${at} flipped: seen`);
  assert.equal(lost, hit < 0 ? 0 : 1, `byte ${at} flipped: counted`);
  assert.equal(mark, hit < 0 ? all.length : hit, `byte ${at} flipped: the mark`);
  if (hit >= 0) await checkReleased(bytes, kept, mark);
}

/** What lay before the place is kept; the rest is counted, as far as anything tells of it. */
export async function checkEndOfGroup(sample: GroupSample, at: number, how: 'cut' | 'zeroed'): Promise<void> {
  const { bytes, messages, from } = sample;
  const rest =
    how === 'cut'
      ? bytes.subarray(0, at)
      : Buffer.concat([bytes.subarray(0, at), Buffer.alloc(bytes.length - at)]);
  const { kept, lost, places, mark } = await opened(rest);
  const whole = messages.filter(({ end }) => end <= at).length;
  const where = `${how} from ${at} on`;
  assert.deepEqual(kept, upTo(whole), where);
  assert.equal(mark, whole, `${where}: the mark`);
  if (how === 'cut' && at === from) return;
  assert.ok(places > 0, `${where}: seen`);
  const missing = messages.length - whole;
  // What tells of the others is the header of the first record of the group.
  const isHeadGone = at < from + 40;
  if (missing > 0) assert.ok(lost === missing || (isHeadGone && lost >= 1), `${where}: ${lost} counted`);
}
