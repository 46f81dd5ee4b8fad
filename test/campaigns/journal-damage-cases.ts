import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { parseHeldStream } from '../../engine/storage/held-streams.ts';
import {
  codecOf,
  decodeSegmentHeader,
  openMessages,
  SEGMENT_START,
} from '../../engine/storage/journal/format.ts';
import { Journal } from '../../engine/storage/journal/journal.ts';
import { totalLost } from '../../engine/storage/journal/report.ts';
import { scan } from '../../engine/storage/journal/scan.ts';
import type { BatchSource, StoredBatch } from '../../engine/storage/store.ts';
import { bytesOf, singles } from '../helpers/batches.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { SimulatedDisk } from '../helpers/simulated-disk.ts';
import { seededRandom } from '../helpers/simulated-world.ts';

const DIRECTORY = '/journal';

/** A record of the sound journal, and where it lies. */
interface Lying {
  readonly path: string;
  readonly offset: number;
  readonly end: number;
  /** Of messages; 0: it is the journal's own. */
  readonly count: number;
  /** Of the first message; 0: it has no source. */
  readonly seq: number;
  readonly key: string;
}

/** A journal of some hundred records in three streams that was closed in order, as bytes. */
export interface Sample {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly records: readonly Lying[];
  /** What a reader gets of it: batches, by `stream position count bytes`. */
  readonly keys: readonly string[];
}

const SENDER = 'ann';
const STREAMS = ['inbox news', 'outbox alice', 'outbox bob'];

function openOn(disk: SimulatedDisk): Promise<Journal> {
  return Journal.open({
    disk: disk.mount(),
    directory: DIRECTORY,
    clock: new FakeClock(1_700_000_000_000),
    random: seededRandom(7),
    segmentBytes: 12_000,
  });
}

async function keysOf(journal: Journal): Promise<string[]> {
  const keys: string[] = [];
  for (const stream of STREAMS) {
    const batches = await journal.read(stream, 0, 1_000_000_000);
    for (const batch of batches) keys.push(`${stream} ${keyOf(batch)}`);
    const stat = await journal.stat(stream);
    const count = batches.reduce((sum, batch) => sum + batch.count, 0);
    assert.deepEqual([stat.count, stat.bytes], [count, bytesOf(batches)], 'stat is exact');
  }
  for (const name of await journal.streams()) {
    const held = parseHeldStream(name);
    if (held === undefined) continue;
    const mark = await markIn(journal, held.stream);
    for (const batch of await journal.read(name, 0, 1_000_000_000)) {
      const { seq = 0 } = batch;
      keys.push(`${held.stream} ${keyOf(batch)}`);
      assert.ok(seq > mark + 1, `${name}: ${seq} is held back behind ${mark}`);
    }
  }
  return keys;
}

function keyOf({ position, count, head, records }: StoredBatch): string {
  return `${position} ${count} ${head.toString('hex')}-${records.toString('hex')}`;
}

async function markIn(journal: Journal, stream: string): Promise<number> {
  return (await journal.marks(stream, SENDER))[0]?.seq ?? 0;
}

export async function makeSample(records: number, seed: number): Promise<Sample> {
  const random = seededRandom(seed);
  const disk = new SimulatedDisk({ random });
  const journal = await openOn(disk);
  for (let made = 0, append = 0; made < records; append += 1) {
    const batches = Array.from({ length: append % 4 === 3 ? 5 : 1 }, () => ({
      count: 1 + Math.floor(random.fraction() * 4),
      head: random.bytes(Math.floor(random.fraction() * 4)),
      records: random.bytes(Math.floor(random.fraction() * 60)),
    }));
    const stream = STREAMS[append % STREAMS.length] as string;
    await journal.append(stream, batches, append % 2 === 0 ? undefined : await sourceIn(journal, stream));
    made += batches.length;
  }
  const keys = await keysOf(journal);
  await journal.close();
  const files = new Map(
    disk.paths.map((path) => [path, Buffer.from(disk.file(path).read(0, disk.file(path).size))]),
  );
  return { files, keys, records: await layoutOf(files) };
}

async function sourceIn(journal: Journal, stream: string): Promise<BatchSource> {
  return { sender: SENDER, epoch: 'epoch', firstSeq: (await markIn(journal, stream)) + 1 };
}

async function layoutOf(files: ReadonlyMap<string, Buffer>): Promise<Lying[]> {
  const found: Lying[] = [];
  for (const [path, bytes] of files) {
    const disk = new SimulatedDisk({ random: seededRandom(1) });
    disk.put(path, bytes);
    const header = decodeSegmentHeader(bytes);
    assert.ok(header !== undefined);
    const file = await disk.mount().open(path, 'read');
    await scan(
      { file, codec: codecOf(header), from: SEGMENT_START, to: bytes.length, chunkBytes: 1_000_000 },
      {
        record: (view, body, bodyAt) => {
          const { offset, end, count, position } = view;
          const lying = { path, offset, end, count, seq: 0, key: '' };
          if (count > 0) {
            const { seq, headBytes, recordsBytes } = openMessages(view, body, bodyAt);
            const bodyEnd = bodyAt + view.bodyBytes;
            const recordsAt = bodyEnd - recordsBytes;
            const head = body.toString('hex', recordsAt - headBytes, recordsAt);
            const key = `${position} ${count} ${head}-${body.toString('hex', recordsAt, bodyEnd)}`;
            Object.assign(lying, { seq, key });
          }
          found.push(lying);
          return true;
        },
        damage: () => assert.fail('the sample is sound'),
      },
    );
  }
  return found;
}

interface Found {
  readonly missing: readonly string[];
  /** Damaged places. */
  readonly reported: number;
  readonly lost: number;
  readonly isExact: boolean;
  readonly disk: SimulatedDisk;
}

/** Opens a changed copy of the journal, and says what is missing of it. */
async function missingFrom(sample: Sample, change: (files: Map<string, Buffer>) => void): Promise<Found> {
  const files = new Map(sample.files);
  change(files);
  const disk = new SimulatedDisk({ random: seededRandom(2) });
  for (const [path, bytes] of files) disk.put(path, bytes);
  const journal = await openOn(disk);
  const keys = new Set(await keysOf(journal));
  const { damaged, torn } = journal.report;
  await checkMarks(sample, journal, keys);
  assert.deepEqual(
    [...keys].filter((key) => !sample.keys.includes(key)),
    [],
    'nothing is there that never was',
  );
  // It can be used, and the next start finds nothing amiss any more.
  await journal.append('afterwards', singles('x'));
  await journal.close();
  disk.kill();
  const again = await openOn(disk);
  assert.deepEqual([again.report.damaged, again.report.torn], [[], []], 'put right for good');
  assert.deepEqual(new Set(await keysOf(again)), keys, 'the same after the next start');
  await again.close();
  const missing = sample.keys.filter((key) => !keys.has(key)).map((key) => key.split(' ').slice(2).join(' '));
  const missingCount = missing.reduce((sum, key) => sum + Number(key.split(' ')[1]), 0);
  const places = [...damaged, ...torn];
  const { lost, isExact } = totalLost(places);
  const where = JSON.stringify(places);
  // A cut between two writes at the end of the last segment leaves no trace.
  const isCounted = isExact ? lost === missingCount : lost <= missingCount || lost === 1;
  assert.ok(isCounted || places.length === 0, `counted: ${where}`);
  return { missing, reported: places.length, lost, isExact, disk };
}

/** What is missing is asked for again: the last number that is known of its source comes before it. */
async function checkMarks(sample: Sample, journal: Journal, keys: ReadonlySet<string>): Promise<void> {
  for (const key of sample.keys) {
    if (keys.has(key)) continue;
    const [inbox, name, ...rest] = key.split(' ');
    const record = sample.records.find((one) => one.key === rest.join(' '));
    const mark = await markIn(journal, `${inbox} ${name}`);
    if (record !== undefined && record.seq > 0)
      assert.ok(mark < record.seq, `${mark} is behind what is missing: ${record.seq}`);
  }
}

/** One flipped byte takes the batch that it is in, and nothing else, and is reported; its bytes are in quarantine. */
export async function checkFlip(sample: Sample, path: string, at: number, mask: number): Promise<void> {
  const { missing, reported, disk } = await missingFrom(sample, (files) => {
    const bytes = Buffer.from(files.get(path) as Buffer);
    bytes[at] = (bytes[at] as number) ^ mask;
    files.set(path, bytes);
  });
  const touched = sample.records.find(
    (record) => record.path === path && at >= record.offset && at < record.end,
  );
  const where = `${basename(path)}, byte ${at} flipped with ${mask}`;
  assert.deepEqual(missing, touched !== undefined && touched.count > 0 ? [touched.key] : [], where);
  assert.ok(reported > 0, `${where}: reported`);
  assert.ok(
    disk.paths.some((name) => name.includes('/quarantine/')),
    `${where}: in quarantine`,
  );
}

/** A file that ends too early has lost what lay there, and a batch that is not all there any more; it is reported. */
export async function checkCut(sample: Sample, path: string, at: number): Promise<void> {
  const { missing, reported } = await missingFrom(sample, (files) => {
    files.set(path, (files.get(path) as Buffer).subarray(0, at));
  });
  const where = `${basename(path)}, cut at ${at}`;
  const inFile = sample.records.filter((record) => record.path === path);
  const gone = inFile.filter(({ count, end }) => count > 0 && end > at).map(({ key }) => key);
  assert.deepEqual([...missing].sort(), [...gone].sort(), where);
  const isBetween = at >= SEGMENT_START && inFile.some(({ offset, end }) => offset === at || end === at);
  if (!isBetween && at > 0) assert.ok(reported > 0, `${where}: reported`);
}

/**
 * One file with any change: nothing is there that never was, and the journal can be used.
 *
 * @param which the number of the file, modulo how many there are
 */
export async function checkMutated(
  sample: Sample,
  change: (bytes: Buffer) => Buffer,
  which: number,
): Promise<void> {
  const paths = [...sample.files.keys()];
  const changed = paths[which % paths.length];
  const disk = new SimulatedDisk({ random: seededRandom(2) });
  for (const [path, bytes] of sample.files) disk.put(path, path === changed ? change(bytes) : bytes);
  const journal = await openOn(disk);
  const known = new Set(sample.keys);
  const added = (await keysOf(journal)).filter((key) => !known.has(key));
  assert.deepEqual(added, [], 'nothing is there that never was');
  await journal.append('afterwards', singles('x'));
  await journal.close();
}

/** The first block of a segment is zeroed, and with it nothing but its two headers. */
export async function checkHeaderGone(sample: Sample, path: string): Promise<void> {
  const { missing, reported } = await missingFrom(sample, (files) => {
    const bytes = Buffer.from(files.get(path) as Buffer);
    files.set(path, bytes.fill(0, 0, SEGMENT_START));
  });
  assert.deepEqual(missing, [], `${basename(path)} without its headers`);
  assert.ok(reported > 0, `${basename(path)} without its headers: reported`);
}
