import type { DiskFile } from '../../base/disk.ts';
import { LIMITS } from '../../base/limits.ts';
import { type SegmentHeader, saltOf } from './format.ts';
import { type HeldRule, NO_RULES } from './held.ts';

/** One file of the journal, and which records of which streams lie in it. */
export class Segment {
  readonly header: SegmentHeader;
  readonly salt: number;
  readonly path: string;
  /** By stream number, those with acknowledged records only as well. */
  readonly runs = new Map<number, RecordRun>();
  /** Runs with records that are not acknowledged. */
  liveRuns = 0;
  /** Where the next record goes. */
  end: number;
  /** How far the disk has it for certain. */
  synced: number;
  /** What its last record says of that. */
  marked = 0;
  /** A write or sync of it has failed: nothing is written to it any more. */
  isBroken = false;
  /** Bytes in it were found to be damaged: it will be written anew without them. */
  isDamaged = false;
  isGone = false;
  /** Records are being written to it: its file stays open. */
  isActive = false;
  /** Who reads it at the moment; its file is neither closed nor removed meanwhile. */
  users = 0;
  file: DiskFile | undefined;

  constructor(header: SegmentHeader, path: string, end: number) {
    this.header = header;
    this.salt = saltOf(header);
    this.path = path;
    this.end = end;
    this.synced = end;
  }

  get number(): number {
    return this.header.number;
  }

  /** Bytes of its file that records which are not acknowledged take, roughly. */
  get liveBytes(): number {
    let bytes = 0;
    for (const run of this.runs.values()) bytes += run.liveFileBytes;
    return bytes;
  }
}

/** The run of a stream in a segment, made when there is none; the stream itself does not know of it yet. */
export function runIn(segment: Segment, stream: JournalStream): RecordRun {
  let run = segment.runs.get(stream.number);
  if (run === undefined) {
    run = new RecordRun(segment, stream);
    segment.runs.set(stream.number, run);
  }
  return run;
}

/** Numbers of one entry of a run's index: position, offset in the segment, and the records and bytes before it. */
const ENTRY = 4;

export interface IndexEntry {
  readonly position: number;
  readonly offset: number;
  readonly count: number;
  readonly bytes: number;
}

/** The records of one stream in one segment: which they are, and where in it one finds them. */
export class RecordRun {
  readonly segment: Segment;
  readonly stream: JournalStream;
  lastPosition = 0;
  /** Behind its last record. */
  endOffset = 0;
  count = 0;
  /** Of the payloads. */
  bytes = 0;
  #fileBytes = 0;
  #lastBlock = -1;
  /** One entry for the first record in each block of the segment that has any. */
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
    readonly offset: number;
    readonly payloadBytes: number;
    readonly end: number;
  }): void {
    const block = Math.floor(record.offset / LIMITS.journalBlockBytes);
    if (block !== this.#lastBlock) {
      this.#entries.push(record.position, record.offset, this.count, this.bytes);
      this.#lastBlock = block;
    }
    this.lastPosition = record.position;
    this.endOffset = record.end;
    this.count += 1;
    this.bytes += record.payloadBytes;
    this.#fileBytes += record.end - record.offset;
  }

  /** The number of the last entry at or before the position, or 0. */
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

/** Where the batches of a stream came from, and how far. */
export interface RecordSource {
  readonly number: number;
  readonly stream: number;
  epoch: string;
  seq: number;
  /** Whether a segment that counts says which epoch the number stands for. */
  isDefined: boolean;
}

/** The records before the first one that is not acknowledged, within the first run that has such. */
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
  /** Of its last record that is confirmed. */
  lastPosition = 0;
  /** With records that are not acknowledged, in their order. */
  runs: RecordRun[] = [];
  /** Segments that hold records of it, acknowledged ones included. */
  segments = 0;
  readonly sources = new Map<string, RecordSource>();
  /** Which of the records in its name count for another, or the other way round. */
  rules: readonly HeldRule[] = NO_RULES;
  /** Whether a segment that counts says which name the number stands for. */
  isDefined = false;
  front: Front | undefined;
  #latestSource: RecordSource | undefined;
  /** Where the last reading ended. */
  resume: { readonly run: RecordRun; readonly position: number; readonly offset: number } | undefined;

  constructor(number: number, name: string) {
    this.number = number;
    this.name = name;
  }

  /** The epoch that a number in a record stands for; undefined when it has been forgotten. */
  epochOf(sourceNumber: number): string | undefined {
    // Most often it is that of the record before.
    const known = this.#latestSource;
    if (known?.number === sourceNumber && this.sources.get(known.epoch) === known) return known.epoch;
    for (const source of this.sources.values())
      if (source.number === sourceNumber) this.#latestSource = source;
    const found = this.#latestSource;
    return found?.number === sourceNumber ? found.epoch : undefined;
  }
}
