import { FLAG_SOURCE, KIND, RECORD_HEADER_BYTES, type RecordView, SOURCE_BYTES } from './format.ts';
import type { Segment } from './model.ts';
import type { SegmentFacts } from './record-writer.ts';
import type { ScanSink } from './scan.ts';

/** A record as the survey keeps it, without its payload. */
export interface FoundRecord {
  readonly segment: Segment;
  readonly offset: number;
  readonly end: number;
  readonly kind: number;
  readonly stream: number;
  readonly following: number;
  readonly position: number;
  readonly atMs: number;
  /** 0: none. */
  readonly source: number;
  readonly seq: number;
  readonly payloadBytes: number;
  /** What a record of another kind than data says, in the words of its kind. */
  readonly text: string;
  readonly acked: number;
  readonly segments: readonly SegmentFacts[];
}

/** Bytes of a segment that are no record. */
export interface Damage {
  readonly segment: Segment;
  readonly from: number;
  readonly to: number;
  /** `torn`: what a crash left of the last write; it had not been confirmed. */
  readonly kind: 'damaged' | 'torn';
  /** Of which stream a record was in it, where that can still be read. */
  readonly stream: number | undefined;
  readonly position: number | undefined;
}

export interface SegmentVerdict {
  /** It was certainly on the disk. */
  certain(record: FoundRecord): void;
  /** It is there, but the disk need not have it for good: it has to be written again before it counts. */
  uncertain(record: FoundRecord): void;
  damage(damage: Damage): void;
}

/**
 * Decides what of a segment counts. Up to where the disk had it for certain every whole record does, and anything else
 * is damage. Behind that, where a crash may have torn it, it is only what comes before the first damage, in whole
 * batches: a later record might lean on one that is gone.
 */
export class SegmentSurvey implements ScanSink {
  readonly #segment: Segment;
  readonly #verdict: SegmentVerdict;
  #certainTo: number;
  #open: (FoundRecord | Damage)[] = [];

  /** @param certainTo up to where the disk had it for certain, as far as that is known from elsewhere */
  constructor(segment: Segment, certainTo: number, verdict: SegmentVerdict) {
    this.#segment = segment;
    this.#certainTo = certainTo;
    this.#verdict = verdict;
  }

  get certainTo(): number {
    return this.#certainTo;
  }

  record(view: RecordView, bytes: Buffer, bodyAt: number): boolean {
    const record = foundRecord(this.#segment, view, bytes, bodyAt);
    if (view.offset < this.#certainTo && this.#open.length === 0) this.#verdict.certain(record);
    else this.#open.push(record);
    if (view.syncedTo > this.#certainTo) {
      this.#certainTo = view.syncedTo;
      this.#settleCertain();
    }
    return true;
  }

  damage(from: number, to: number, record: RecordView | undefined): void {
    const isData = record?.kind === KIND.data;
    this.#open.push({
      segment: this.#segment,
      from,
      to,
      kind: 'damaged',
      stream: isData ? record.stream : undefined,
      position: isData ? record.position : undefined,
    });
    this.#settleCertain();
  }

  /** The segment has been gone through. Returns where what counts of it ends. */
  finish(sizeBytes: number): number {
    const torn = this.#open.findIndex((found) => !isRecord(found));
    const isTorn = torn >= 0;
    const count = wholeBatches(this.#open.slice(0, isTorn ? torn : undefined));
    for (const found of this.#open.slice(0, count)) if (isRecord(found)) this.#verdict.uncertain(found);
    const rest = this.#open[count];
    this.#open = [];
    if (rest === undefined) return sizeBytes;
    const from = isRecord(rest) ? rest.offset : rest.from;
    const of = isRecord(rest) ? { stream: rest.stream, position: rest.position } : rest;
    this.#verdict.damage({
      segment: this.#segment,
      from,
      to: sizeBytes,
      kind: 'torn',
      stream: of.stream,
      position: of.position,
    });
    return from;
  }

  #settleCertain(): void {
    let count = 0;
    for (const found of this.#open) {
      if ((isRecord(found) ? found.offset : found.from) >= this.#certainTo) break;
      if (isRecord(found)) this.#verdict.certain(found);
      else this.#verdict.damage(found);
      count += 1;
    }
    if (count > 0) this.#open = this.#open.slice(count);
  }
}

function isRecord(found: FoundRecord | Damage): found is FoundRecord {
  return 'offset' in found;
}

/** How many of the records remain when a batch at their end that is not all there is left out. */
function wholeBatches(records: readonly (FoundRecord | Damage)[]): number {
  let count = records.length;
  const last = records[count - 1];
  if (last === undefined || !isRecord(last) || last.kind !== KIND.data || last.following === 0) return count;
  for (let following = last.following; count > 0; following += 1) {
    const record = records[count - 1];
    if (record === undefined || !isRecord(record) || record.kind !== KIND.data) break;
    if (record.stream !== last.stream || record.following !== following) break;
    count -= 1;
  }
  return count;
}

function foundRecord(segment: Segment, view: RecordView, bytes: Buffer, bodyAt: number): FoundRecord {
  const { offset, kind, flags, stream, following, position, atMs, bodyBytes } = view;
  const end = offset + RECORD_HEADER_BYTES + bodyBytes;
  const hasSource = kind === KIND.data && (flags & FLAG_SOURCE) !== 0;
  const isSource = hasSource || kind === KIND.source;
  return {
    segment,
    offset,
    end,
    kind,
    stream,
    following,
    position,
    atMs,
    source: isSource ? bytes.readUInt32LE(bodyAt) : 0,
    seq: isSource ? bytes.readUIntLE(bodyAt + 4, 6) : 0,
    payloadBytes: kind === KIND.data ? bodyBytes - (hasSource ? SOURCE_BYTES : 0) : 0,
    text: textOf(view, bytes, bodyAt),
    acked: kind === KIND.stream ? bytes.readUIntLE(bodyAt, 6) : kind === KIND.ack ? position : 0,
    segments: kind === KIND.segments ? segmentList(bytes, bodyAt, bodyBytes) : NO_SEGMENTS,
  };
}

const NO_SEGMENTS: readonly SegmentFacts[] = [];

function textOf({ kind, bodyBytes }: RecordView, bytes: Buffer, bodyAt: number): string {
  if (kind === KIND.stream) return bytes.toString('utf8', bodyAt + 12, bodyAt + bodyBytes);
  if (kind === KIND.source) return bytes.toString('utf8', bodyAt + 10, bodyAt + bodyBytes);
  return '';
}

export function segmentList(bytes: Buffer, bodyAt: number, bodyBytes: number): SegmentFacts[] {
  return Array.from({ length: Math.floor(bodyBytes / 12) }, (_, index) => ({
    number: bytes.readUInt32LE(bodyAt + 12 * index),
    generation: bytes.readUInt32LE(bodyAt + 12 * index + 4),
    end: bytes.readUInt32LE(bodyAt + 12 * index + 8),
  }));
}
