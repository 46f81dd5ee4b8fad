import type { DiskFile } from '../../base/disk.ts';
import { LIMITS } from '../../base/limits.ts';
import { parseMarkName } from '../mark-name.ts';
import { lastPositionOf, type SourceMark } from '../store.ts';
import { codecOf, type SegmentCodec, type SegmentHeader } from './format.ts';
import { type HeldRule, NO_RULES } from './held.ts';

/** One file of the journal, with the runs of records in it. */
export class Segment {
  readonly header: SegmentHeader;
  readonly codec: SegmentCodec;
  readonly path: string;
  /** By stream number. Includes runs whose records are all acknowledged. */
  readonly runs = new Map<number, RecordRun>();
  /** Number of runs with unacknowledged records. */
  liveRuns = 0;
  /** Offset of the next record. */
  end: number;
  /** Everything before this offset is synced. */
  synced: number;
  /** The value of `synced` that its last record states. */
  marked = 0;
  /** A write or sync failed: nothing is written to it again. */
  isBroken = false;
  /** It has damaged bytes and will be compacted without them. */
  isDamaged = false;
  isGone = false;
  /** Records are being written to it, so its file stays open. */
  isActive = false;
  /** Number of current readers. While there are any, the file is neither closed nor removed. */
  users = 0;
  file: DiskFile | undefined;

  constructor(header: SegmentHeader, path: string, end: number) {
    this.header = header;
    this.codec = codecOf(header);
    this.path = path;
    this.end = end;
    this.synced = end;
  }

  get number(): number {
    return this.header.number;
  }

  /** Approximate size of the unacknowledged records in its file. */
  get liveBytes(): number {
    let bytes = 0;
    for (const run of this.runs.values()) bytes += run.liveFileBytes;
    return bytes;
  }
}

/** Returns the run of a stream in a segment, and creates it if necessary, without adding it to the stream. */
export function runIn(segment: Segment, stream: JournalStream): RecordRun {
  let run = segment.runs.get(stream.number);
  if (run === undefined) {
    run = new RecordRun(segment, stream);
    segment.runs.set(stream.number, run);
  }
  return run;
}

/** Numbers per index entry: position, offset in the segment, and the messages and bytes before it. */
const ENTRY = 4;

export interface IndexEntry {
  readonly position: number;
  readonly offset: number;
  readonly count: number;
  readonly bytes: number;
}

/** The records of one stream in one segment, with an index to find them. */
export class RecordRun {
  readonly segment: Segment;
  readonly stream: JournalStream;
  /** Of its last message. */
  lastPosition = 0;
  /** The end of its last record. */
  endOffset = 0;
  /** Number of messages. */
  count = 0;
  /** Their bytes. */
  bytes = 0;
  #fileBytes = 0;
  #lastBlock = -1;
  /** One entry for the first record in each block that has records of this run. */
  readonly #entries: number[] = [];

  constructor(segment: Segment, stream: JournalStream) {
    this.segment = segment;
    this.stream = stream;
  }

  get isLive(): boolean {
    return this.lastPosition > this.stream.acked;
  }

  get liveFileBytes(): number {
    if (!this.isLive) return 0;
    const entries = this.#entries.length / ENTRY;
    return (this.#fileBytes * (entries - this.indexBefore(this.stream.acked + 1))) / entries;
  }

  add(record: {
    readonly position: number;
    /** Of messages. */
    readonly count: number;
    readonly offset: number;
    /** See `sizeOfBatch`. */
    readonly sizeBytes: number;
    readonly end: number;
  }): void {
    const block = Math.floor(record.offset / LIMITS.journalBlockBytes);
    if (block !== this.#lastBlock) {
      this.#entries.push(record.position, record.offset, this.count, this.bytes);
      this.#lastBlock = block;
    }
    this.lastPosition = lastPositionOf(record);
    this.endOffset = record.end;
    this.count += record.count;
    this.bytes += record.sizeBytes;
    this.#fileBytes += record.end - record.offset;
  }

  /** The number of the last entry at or before the position; 0 if there is none. */
  indexBefore(position: number): number {
    let low = 0;
    let high = this.#entries.length / ENTRY - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#entries[middle * ENTRY] as number) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  entry(index: number): IndexEntry | undefined {
    const at = index * ENTRY;
    const [position, offset, count, bytes] = this.#entries.slice(at, at + ENTRY);
    if (position === undefined || offset === undefined || count === undefined || bytes === undefined)
      return undefined;
    return { position, offset, count, bytes };
  }
}

/** The origin of batches of a stream, and its mark. */
export interface RecordSource extends SourceMark {
  readonly number: number;
  readonly stream: number;
  readonly markName: string;
  seq: number;
  /** Whether a segment that counts has the name of this number. */
  isDefined: boolean;
}

export function recordSource(
  number: number,
  { stream, markName, seq }: Pick<RecordSource, 'stream' | 'markName' | 'seq'>,
): RecordSource {
  return { number, stream, markName, ...parseMarkName(markName), seq, isDefined: false };
}

/** The sources of a stream by the names of their marks. There may be one for each name that a stranger made up. */
class RecordSources extends Map<string, RecordSource> {
  readonly #byNumber = new Map<number, RecordSource>();

  withNumber(number: number): RecordSource | undefined {
    return this.#byNumber.get(number);
  }

  override set(name: string, source: RecordSource): this {
    this.delete(name);
    this.#byNumber.set(source.number, source);
    return super.set(name, source);
  }

  override delete(name: string): boolean {
    const known = this.get(name);
    if (known !== undefined) this.#byNumber.delete(known.number);
    return super.delete(name);
  }
}

/**
 * The acknowledged messages at the start of the first run that also has unacknowledged ones. The bytes are those of
 * batches without any.
 */
export interface Front {
  readonly acked: number;
  readonly run: RecordRun;
  readonly count: number;
  readonly bytes: number;
  readonly atMs: number;
}

export class JournalStream {
  readonly number: number;
  name: string;
  acked = 0;
  /** Position of its last confirmed message. */
  lastPosition = 0;
  /** Runs with unacknowledged records, in order. */
  runs: RecordRun[] = [];
  /** Number of segments with records of it, including acknowledged ones. */
  segments = 0;
  readonly sources = new RecordSources();
  /** Which of the records that name this stream count for another stream, and the reverse. */
  rules: readonly HeldRule[] = NO_RULES;
  /** Whether a segment that counts has the name of this number. */
  isDefined = false;
  front: Front | undefined;
  /** The source that was used last, if it was not forgotten. */
  latestSource: RecordSource | undefined;
  /** Where the last read ended. */
  resume: { readonly run: RecordRun; readonly position: number; readonly offset: number } | undefined;

  constructor(number: number, name: string) {
    this.number = number;
    this.name = name;
  }

  /** The source with this number in a record; undefined if it was forgotten. */
  sourceOf(sourceNumber: number): RecordSource | undefined {
    if (this.latestSource?.number === sourceNumber) return this.latestSource;
    const source = this.sources.withNumber(sourceNumber);
    this.latestSource = source ?? this.latestSource;
    return source;
  }

  forgetSource(name: string): void {
    if (this.latestSource?.markName === name) this.latestSource = undefined;
    this.sources.delete(name);
  }
}
