import { LIMITS } from '../../base/limits.ts';
import type { StoredRecord, StreamStat } from '../store.ts';
import { FLAG_SOURCE, KIND, RECORD_HEADER_BYTES, type RecordView, SOURCE_BYTES } from './format.ts';
import { countedStreamOfView } from './held.ts';
import type { JournalStream, RecordRun, Segment } from './model.ts';
import { scan } from './scan.ts';
import type { SegmentFiles } from './segment-files.ts';

/** Called when bytes that should be a record are damaged. */
type OnDamage = (segment: Segment, from: number, to: number) => void;

export interface ReadOptions {
  readonly files: SegmentFiles;
  readonly onDamage: OnDamage;
  /** Reads records after this position. */
  readonly after: number;
  readonly maxBytes: number;
}

interface ReadRecord {
  readonly position: number;
  readonly atMs: number;
  readonly seq: number | undefined;
  readonly epoch: string | undefined;
  /** A slice of a larger read buffer. */
  payload: Buffer;
}

/**
 * Reads records of a stream after a position: as many as fit into `maxBytes`, but at least one if any.
 *
 * @throws the system's errors
 */
export async function readStream(
  stream: JournalStream,
  options: ReadOptions,
): Promise<readonly StoredRecord[]> {
  const found = new FoundRecords(options.maxBytes);
  let after = options.after;
  while (!found.isFull) {
    after = Math.max(after, stream.acked);
    const run = runBehind(stream, after);
    if (run === undefined) break;
    const last = run.lastPosition;
    await readRun(run, { ...options, after }, (record) => {
      // Records that were confirmed during this read belong to the next read.
      if (record.position > last) return false;
      return found.add(record);
    });
    after = last;
  }
  return found.compacted();
}

/** Counts the unacknowledged records of a stream. */
export async function statStream(
  stream: JournalStream,
  { files, onDamage }: Pick<ReadOptions, 'files' | 'onDamage'>,
): Promise<StreamStat> {
  for (;;) {
    const [first] = stream.runs;
    const { lastPosition } = stream;
    if (first === undefined) return { count: 0, bytes: 0, oldestAtMs: undefined, lastPosition };
    const { acked } = stream;
    if (stream.front?.acked !== acked || stream.front.run !== first)
      await findFront(first, { files, onDamage, after: acked });
    const { front } = stream;
    // An ack may have arrived meanwhile.
    if (front === undefined || front.acked !== stream.acked || front.run !== stream.runs[0]) continue;
    let count = -front.count;
    let bytes = -front.bytes;
    for (const run of stream.runs) {
      count += run.count;
      bytes += run.bytes;
    }
    return { count, bytes, oldestAtMs: front.atMs, lastPosition };
  }
}

/** Counts the acknowledged records of the first run that also has unacknowledged ones. */
async function findFront(run: RecordRun, options: Omit<ReadOptions, 'maxBytes'>): Promise<void> {
  const entry = run.entry(run.indexBefore(options.after));
  let count = entry?.count ?? 0;
  let bytes = entry?.bytes ?? 0;
  let atMs: number | undefined;
  await readRun(run, { ...options, after: 0, from: entry?.position ?? 0 }, (record) => {
    if (record.position <= options.after) {
      count += 1;
      bytes += record.payload.length;
      return true;
    }
    atMs = record.atMs;
    return false;
  });
  run.stream.front = { acked: options.after, run, count, bytes, atMs: atMs ?? 0 };
}

/** The first run with a record after the position. */
function runBehind({ runs }: JournalStream, position: number): RecordRun | undefined {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((runs[middle] as RecordRun).lastPosition <= position) low = middle + 1;
    else high = middle;
  }
  return runs[low];
}

/** Reads the records of a run after a position, one block with records after the other. */
async function readRun(
  run: RecordRun,
  options: Omit<ReadOptions, 'maxBytes'> & { readonly from?: number; readonly maxBytes?: number },
  each: (record: ReadRecord) => boolean,
): Promise<void> {
  const { segment, stream } = run;
  const { after, maxBytes = LIMITS.journalBlockBytes, onDamage } = options;
  const chunkBytes = Math.min(Math.max(maxBytes, LIMITS.journalBlockBytes), LIMITS.journalReadBytes);
  const end = run.endOffset;
  const { salt } = segment;
  await options.files.use(segment, async (file) => {
    let goesOn = true;
    let index = run.indexBefore(options.from ?? after);
    let resume = options.from === undefined ? resumeOffset(run, after) : 0;
    while (goesOn) {
      const stretch = stretchFrom(run, index, end);
      if (stretch === undefined) return;
      index = stretch.next;
      const from = Math.max(stretch.from, resume);
      if (from >= stretch.stop) continue;
      resume = 0;
      await scan(
        { file, salt, from, to: stretch.to, chunkBytes, isKept: true },
        {
          record: (view, bytes, bodyAt) => {
            if (view.offset >= stretch.stop) return false;
            if (view.kind !== KIND.data || view.position <= after) return true;
            if (countedStreamOfView(stream.rules, view, bytes, bodyAt) !== stream.number) return true;
            goesOn = each(foundRecord(stream, view, bytes, bodyAt));
            if (goesOn)
              stream.resume = {
                run,
                position: view.position,
                offset: view.offset + RECORD_HEADER_BYTES + view.bodyBytes,
              };
            return goesOn;
          },
          damage: (damageFrom, to) => onDamage(segment, damageFrom, to),
        },
      );
    }
  });
}

function foundRecord(stream: JournalStream, view: RecordView, bytes: Buffer, bodyAt: number): ReadRecord {
  const prefix = (view.flags & FLAG_SOURCE) === 0 ? 0 : SOURCE_BYTES;
  const payload = bytes.subarray(bodyAt + prefix, bodyAt + view.bodyBytes);
  const seq = prefix === 0 ? undefined : bytes.readUIntLE(bodyAt + 4, 6);
  const epoch = prefix === 0 ? undefined : stream.epochOf(bytes.readUInt32LE(bodyAt));
  return { position: view.position, atMs: view.atMs, payload, seq, epoch };
}

/** Continues where the last read ended, without a search in the index. */
function resumeOffset(run: RecordRun, after: number): number {
  const { resume } = run.stream;
  return resume?.run === run && resume.position === after ? resume.offset : 0;
}

interface Stretch {
  readonly from: number;
  /** Records that start at this offset or later belong to others. */
  readonly stop: number;
  /** A record boundary or the end of the run, so that no record is cut. */
  readonly to: number;
  readonly next: number;
}

/** Adjacent blocks in which a run has records, starting at an index entry. */
function stretchFrom(run: RecordRun, index: number, end: number): Stretch | undefined {
  const first = run.entry(index);
  if (first === undefined || first.offset >= end) return undefined;
  let block = Math.floor(first.offset / LIMITS.journalBlockBytes);
  for (let next = index + 1; ; next += 1) {
    const entry = run.entry(next);
    if (entry === undefined || entry.offset >= end) return { from: first.offset, stop: end, to: end, next };
    const its = Math.floor(entry.offset / LIMITS.journalBlockBytes);
    if (its > block + 1) {
      const stop = (block + 1) * LIMITS.journalBlockBytes;
      return { from: first.offset, stop, to: entry.offset, next };
    }
    block = its;
  }
}

class FoundRecords {
  readonly #maxBytes: number;
  readonly #records: ReadRecord[] = [];
  #bytes = 0;
  isFull = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(record: ReadRecord): boolean {
    this.#bytes += record.payload.length;
    if (this.#records.length > 0 && this.#bytes > this.#maxBytes) this.isFull = true;
    else this.#records.push(record);
    return !this.isFull;
  }

  /** A few records would keep a large chunk in memory, so they are copied. */
  compacted(): readonly StoredRecord[] {
    const held = new Set(this.#records.map(({ payload }) => payload.buffer));
    let heldBytes = 0;
    for (const buffer of held) heldBytes += buffer.byteLength;
    const used = this.#records.reduce((sum, { payload }) => sum + payload.length, 0);
    if (2 * used >= heldBytes) return this.#records;
    const own = Buffer.allocUnsafeSlow(used);
    let at = 0;
    for (const record of this.#records) {
      own.set(record.payload, at);
      record.payload = own.subarray(at, at + record.payload.length);
      at += record.payload.length;
    }
    return this.#records;
  }
}
