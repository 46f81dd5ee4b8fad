import { KIND, openMessages, type RecordView, SEGMENT_START } from './format.ts';
import type { HeldRule } from './held.ts';
import { LostMessageCounter, type LostMessages } from './lost-messages.ts';
import type { Segment } from './model.ts';
import type { SegmentFacts } from './record-writer.ts';
import type { ScanSink } from './scan.ts';

/** A record as the scan keeps it, without its messages. */
export interface FoundRecord {
  readonly segment: Segment;
  readonly offset: number;
  readonly end: number;
  readonly kind: number;
  readonly stream: number;
  /** Of its first message. */
  readonly position: number;
  /** Number of its messages; 0 if it is the journal's own. */
  readonly count: number;
  readonly atMs: number;
  /** 0: none. */
  readonly source: number;
  readonly seq: number;
  readonly headBytes: number;
  readonly recordsBytes: number;
  /** The content of a record without messages, depending on its kind. */
  readonly text: string;
  readonly acked: number;
  readonly segments: readonly SegmentFacts[];
}

/** Bytes of a segment that are not a record, or that are missing at its end, with the number of messages lost. */
export interface Damage extends LostMessages {
  readonly segment: Segment;
  /**
   * `damaged`: the bytes were certainly synced. `torn`: this is not known. They may be an unfinished write at a crash,
   * or may have been confirmed.
   */
  kind: 'damaged' | 'torn';
  /** The stream of a record in it, if still readable. */
  readonly stream: number | undefined;
}

export interface SegmentDisposition {
  /** The record was certainly synced. */
  durable(record: FoundRecord): void;
  /** The record is valid but possibly not synced: it must be written again before it counts. */
  unsynced(record: FoundRecord): void;
  damage(damage: Damage): void;
}

/**
 * Decides what counts in a segment: every valid record. Anything else is damage. In the part that was certainly synced,
 * confirmed data is damaged; after it, a crash may have torn the last write.
 */
export class SegmentScan implements ScanSink {
  readonly #segment: Segment;
  readonly #disposition: SegmentDisposition;
  readonly #losses: LostMessageCounter;
  #durableTo: number;
  #open: (FoundRecord | Damage)[] = [];

  /** @param durableTo the segment was certainly synced up to this offset, as far as known from other segments */
  constructor(segment: Segment, durableTo: number, disposition: SegmentDisposition) {
    this.#segment = segment;
    this.#losses = new LostMessageCounter(segment.codec.headerBytes);
    this.#durableTo = durableTo;
    this.#disposition = disposition;
  }

  get durableTo(): number {
    return this.#durableTo;
  }

  record(view: RecordView, bytes: Buffer, bodyAt: number): boolean {
    this.#losses.header(view);
    const found = foundRecord(this.#segment, view, bytes, bodyAt);
    if (view.offset < this.#durableTo && this.#open.length === 0) this.#disposition.durable(found);
    else this.#open.push(found);
    if (view.syncedTo <= this.#durableTo) return true;
    this.#durableTo = view.syncedTo;
    this.#settleDurable();
    return true;
  }

  damage(from: number, to: number, record: RecordView | undefined, likelyKind?: number): void {
    const stream = record !== undefined && record.count > 0 ? record.stream : undefined;
    const damage = { ...this.#damageAt(from, to, stream), likelyKind };
    this.#losses.damage(damage, record);
    this.#open.push(damage);
    this.#settleDurable();
  }

  /** The scan of the segment is complete. */
  finish(sizeBytes: number): void {
    const missing = this.#losses.end(this.#segment.header);
    if (missing !== undefined) this.#open.push({ ...this.#damageAt(sizeBytes, sizeBytes), ...missing });
    const isDurable = this.#durableTo > SEGMENT_START && sizeBytes <= this.#durableTo;
    for (const found of this.#open) {
      if (isRecord(found)) this.#disposition.unsynced(found);
      else this.#disposition.damage(Object.assign(found, { kind: isDurable ? 'damaged' : 'torn' }));
    }
    this.#open = [];
  }

  #damageAt(from: number, to: number, stream?: number): Damage {
    const nothing = { lost: 0, isExact: false, lastPosition: undefined };
    return { segment: this.#segment, from, to, kind: 'damaged', stream, ...nothing };
  }

  #settleDurable(): void {
    let count = 0;
    for (const found of this.#open) {
      if ((isRecord(found) ? found.offset : found.from) >= this.#durableTo) break;
      if (isRecord(found)) this.#disposition.durable(found);
      else this.#disposition.damage(found);
      count += 1;
    }
    if (count > 0) this.#open.splice(0, count);
  }
}

function isRecord(found: FoundRecord | Damage): found is FoundRecord {
  return 'offset' in found;
}

function foundRecord(segment: Segment, view: RecordView, bytes: Buffer, bodyAt: number): FoundRecord {
  const { offset, end, kind, stream, position, count, atMs, bodyBytes } = view;
  const messages = count > 0 ? openMessages(view, bytes, bodyAt) : NO_MESSAGES;
  const isSource = kind === KIND.source;
  return {
    segment,
    offset,
    end,
    kind,
    stream,
    position,
    count,
    atMs,
    source: isSource ? bytes.readUInt32LE(bodyAt) : messages.source,
    seq: isSource ? bytes.readUIntLE(bodyAt + 4, 6) : messages.seq,
    headBytes: messages.headBytes,
    recordsBytes: messages.recordsBytes,
    text: textOf(view, bytes, bodyAt),
    acked: kind === KIND.stream ? bytes.readUIntLE(bodyAt, 6) : kind === KIND.ack ? position : 0,
    segments: kind === KIND.segments ? segmentList(bytes, bodyAt, bodyBytes) : NO_SEGMENTS,
  };
}

const NO_MESSAGES = { source: 0, seq: 0, headBytes: 0, recordsBytes: 0 };
const NO_SEGMENTS: readonly SegmentFacts[] = [];

function textOf({ kind, bodyBytes }: RecordView, bytes: Buffer, bodyAt: number): string {
  if (kind === KIND.stream) return bytes.toString('utf8', bodyAt + 12, bodyAt + bodyBytes);
  if (kind === KIND.source) return bytes.toString('utf8', bodyAt + 10, bodyAt + bodyBytes);
  return '';
}

export function heldRule({ stream }: RecordView, bytes: Buffer, bodyAt: number): HeldRule {
  return {
    stream,
    heldStream: bytes.readUInt32LE(bodyAt),
    source: bytes.readUInt32LE(bodyAt + 4),
    after: bytes.readUIntLE(bodyAt + 8, 6),
    toPosition: bytes.readUIntLE(bodyAt + 14, 6),
    toSegment: bytes.readUInt32LE(bodyAt + 20),
  };
}

export function segmentList(bytes: Buffer, bodyAt: number, bodyBytes: number): SegmentFacts[] {
  return Array.from({ length: Math.floor(bodyBytes / 12) }, (_, index) => ({
    number: bytes.readUInt32LE(bodyAt + 12 * index),
    generation: bytes.readUInt32LE(bodyAt + 12 * index + 4),
    end: bytes.readUInt32LE(bodyAt + 12 * index + 8),
  }));
}
