import { LIMITS } from '../../base/limits.ts';
import { lastPositionOf, type StoredBatch, type StreamStat, sizeOfBatch } from '../store.ts';
import { lastPositionIn, openMessages, type RecordView } from './format.ts';
import { countedStreamOfView } from './held.ts';
import type { JournalStream, RecordRun, Segment } from './model.ts';
import { scan } from './scan.ts';
import type { SegmentFiles } from './segment-files.ts';

/** Called when bytes that should be a record are damaged. */
type OnDamage = (segment: Segment, from: number, to: number) => void;

export interface ReadOptions {
  readonly files: SegmentFiles;
  readonly onDamage: OnDamage;
  /** Reads batches with messages after this position. */
  readonly after: number;
  readonly maxBytes: number;
}

/** Read beyond the messages that are wanted: the headers and heads of their records. */
const OVERHEAD_BYTES = 8 * 1024;

/** An answer with so much of what was asked for is full: a large batch behind it would be read and not fit. */
const FULL_SHARE = 0.75;

/** The bytes are slices of a larger read buffer. */
type ReadBatch = { -readonly [Key in keyof StoredBatch]: StoredBatch[Key] };

/**
 * Reads batches of a stream with messages after a position: as many as fit into `maxBytes`, but at least one if any.
 *
 * @throws the system's errors
 */
export async function readStream(
  stream: JournalStream,
  options: ReadOptions,
): Promise<readonly StoredBatch[]> {
  const found = new FoundBatches(options.maxBytes);
  let after = options.after;
  while (!found.isFull) {
    after = Math.max(after, stream.acked);
    const run = runBehind(stream, after);
    if (run === undefined) break;
    const last = run.lastPosition;
    await readRun(run, { ...options, after, into: found }, (batch) => {
      // Batches that were confirmed during this read belong to the next read.
      if (batch.position > last) return false;
      return found.add(batch);
    });
    after = last;
  }
  return found.compacted();
}

/** Counts the unacknowledged messages of a stream. */
export async function statStream(
  stream: JournalStream,
  { files, onDamage }: Pick<ReadOptions, 'files' | 'onDamage'>,
): Promise<StreamStat> {
  for (;;) {
    const [first] = stream.runs;
    const { lastPosition, acked } = stream;
    if (first === undefined) return { count: 0, bytes: 0, oldestAtMs: undefined, lastPosition, acked };
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
    return { count, bytes, oldestAtMs: front.atMs, lastPosition, acked };
  }
}

/** Counts the acknowledged messages of the first run that also has unacknowledged ones. */
async function findFront(run: RecordRun, options: Omit<ReadOptions, 'maxBytes'>): Promise<void> {
  const entry = run.entry(run.indexBefore(options.after));
  let count = entry?.count ?? 0;
  let bytes = entry?.bytes ?? 0;
  let atMs: number | undefined;
  await readRun(run, { ...options, after: 0, from: entry?.position ?? 0 }, (batch) => {
    if (lastPositionOf(batch) <= options.after) {
      count += batch.count;
      bytes += sizeOfBatch(batch);
      return true;
    }
    count += Math.max(0, options.after - batch.position + 1);
    atMs = batch.atMs;
    return false;
  });
  run.stream.front = { acked: options.after, run, count, bytes, atMs: atMs ?? 0 };
}

/** The first run with a message after the position. */
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

interface RunOptions extends Omit<ReadOptions, 'maxBytes'> {
  readonly from?: number;
  readonly maxBytes?: number;
  /** What takes the batches: nothing more is read when it is full. */
  readonly into?: Pick<FoundBatches, 'isFull'>;
}

/**
 * Reads the batches of a run with messages after a position, one block with records of it after the other.
 *
 * @param each returns false to stop; the next read begins with that batch
 */
async function readRun(
  run: RecordRun,
  options: RunOptions,
  each: (batch: ReadBatch) => boolean,
): Promise<void> {
  const { segment, stream } = run;
  const { after, maxBytes = LIMITS.journalBlockBytes, onDamage, into } = options;
  const wantedBytes = Math.max(maxBytes, LIMITS.journalBlockBytes) + OVERHEAD_BYTES;
  const chunkBytes = Math.min(wantedBytes, LIMITS.journalReadBytes);
  const end = run.endOffset;
  const { codec } = segment;
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
        { file, codec, from, to: stretch.to, chunkBytes, isKept: true },
        {
          record: (view, bytes, bodyAt) => {
            if (view.offset >= stretch.stop) return false;
            const lastPosition = lastPositionIn(view);
            if (view.count === 0 || lastPosition <= after) return true;
            if (countedStreamOfView(stream.rules, view, bytes, bodyAt) !== stream.number) return true;
            const isTaken = each(foundBatch(stream, view, bytes, bodyAt));
            if (isTaken) stream.resume = { run, position: lastPosition, offset: view.end };
            goesOn = isTaken && into?.isFull !== true;
            return goesOn;
          },
          damage: (damageFrom, to) => onDamage(segment, damageFrom, to),
        },
      );
    }
  });
}

function foundBatch(stream: JournalStream, view: RecordView, bytes: Buffer, bodyAt: number): ReadBatch {
  const { source, seq, headBytes, recordsBytes } = openMessages(view, bytes, bodyAt);
  const end = bodyAt + view.bodyBytes;
  const recordsAt = end - recordsBytes;
  const known = source === 0 ? undefined : stream.sourceOf(source);
  return {
    position: view.position,
    count: view.count,
    head: headBytes === 0 ? NO_HEAD : bytes.subarray(recordsAt - headBytes, recordsAt),
    records: bytes.subarray(recordsAt, end),
    atMs: view.atMs,
    seq: source === 0 ? undefined : seq,
    sender: known?.sender,
    epoch: known?.epoch,
  };
}

const NO_HEAD = Buffer.alloc(0);

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

class FoundBatches {
  readonly #maxBytes: number;
  readonly #batches: ReadBatch[] = [];
  #bytes = 0;
  isFull = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns whether it was added */
  add(batch: ReadBatch): boolean {
    this.#bytes += batch.records.length;
    const isOver = this.#batches.length > 0 && this.#bytes > this.#maxBytes;
    this.isFull = isOver || this.#bytes >= FULL_SHARE * this.#maxBytes;
    if (!isOver) this.#batches.push(batch);
    return !isOver;
  }

  /** A few batches would keep a large chunk in memory, so they are copied. */
  compacted(): readonly StoredBatch[] {
    const held = new Set(this.#batches.map(({ records }) => records.buffer));
    let heldBytes = 0;
    for (const buffer of held) heldBytes += buffer.byteLength;
    const used = this.#batches.reduce((sum, { head, records }) => sum + head.length + records.length, 0);
    if (2 * used >= heldBytes) return this.#batches;
    const own = Buffer.allocUnsafeSlow(used);
    let at = 0;
    const copied = (bytes: Buffer): Buffer => {
      own.set(bytes, at);
      at += bytes.length;
      return own.subarray(at - bytes.length, at);
    };
    for (const batch of this.#batches) {
      batch.head = copied(batch.head);
      batch.records = copied(batch.records);
    }
    return this.#batches;
  }
}
