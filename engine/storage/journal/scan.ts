import { type DiskFile, readWhole } from '../../base/disk.ts';
import {
  emptyRecordView,
  isBodyWhole,
  MARKER,
  openRecord,
  type RecordView,
  type SegmentCodec,
} from './format.ts';

export interface ScanSink {
  /**
   * A valid record. `view` and `bytes` are reused afterwards; the body starts at `bodyAt` of `bytes`.
   *
   * @returns false to stop
   */
  record(view: RecordView, bytes: Buffer, bodyAt: number): boolean;
  /**
   * Bytes that are not a valid record. `record`: its header, if that is valid. `likelyKind`: the probable kind, if it
   * is not.
   */
  damage(from: number, to: number, record: RecordView | undefined, likelyKind?: number): void;
}

export interface ScanOptions {
  readonly file: DiskFile;
  readonly codec: SegmentCodec;
  /** The offset of a record. */
  readonly from: number;
  /** The scan ends here. */
  readonly to: number;
  /** Bytes per read. A larger record is read as a whole. */
  readonly chunkBytes: number;
  /** The sink keeps the bytes: each read uses a new buffer. */
  readonly isKept?: boolean;
}

/** Scans the records of a segment. It skips damage up to the next valid record. */
export async function scan(options: ScanOptions, sink: ScanSink): Promise<void> {
  const { codec, to } = options;
  const { headerBytes } = codec;
  const window = new Window(options);
  const view = emptyRecordView();
  let at = options.from;
  while (at < to) {
    if (window.misses(at, headerBytes)) await window.move(at, headerBytes);
    const isRecord =
      window.has(at, headerBytes) && openRecord(window.bytes, at - window.start, codec, at, view);
    const { end } = view;
    if (!isRecord || end > to) {
      // The record is cut off by the end: its header is trusted, its body is missing.
      const likelyKind = isRecord ? view.kind : window.likelyKind(at);
      const next = isRecord ? to : await nextRecord(window, options, at + 1);
      sink.damage(at, next, isRecord ? view : undefined, likelyKind);
      at = next;
      continue;
    }
    if (window.misses(at, end - at)) await window.move(at, end - at);
    const inWindow = at - window.start;
    if (!window.has(at, end - at) || !isBodyWhole(window.bytes, inWindow, codec, view))
      sink.damage(at, end, view);
    else if (!sink.record(view, window.bytes, inWindow + headerBytes)) return;
    at = end;
  }
}

/** The offset of the next valid record, or the end. */
async function nextRecord(window: Window, { codec, to }: ScanOptions, from: number): Promise<number> {
  const { headerBytes } = codec;
  const view = emptyRecordView();
  let at = from;
  while (at + headerBytes <= to) {
    if (window.misses(at, headerBytes)) await window.move(at, headerBytes);
    if (!window.has(at, headerBytes)) return to;
    const found = window.bytes.indexOf(MARKER, at - window.start);
    const offset = window.start + found;
    if (found < 0) {
      // The last byte may be the first byte of a marker.
      at = window.end - 1;
    } else if (!window.has(offset, headerBytes)) {
      at = offset;
    } else if (openRecord(window.bytes, found, codec, offset, view) && offset + view.bodyBytes <= to) {
      return offset;
    } else {
      at = offset + 1;
    }
  }
  return to;
}

/** A part of the file in memory, which moves forward. */
class Window {
  readonly #file: DiskFile;
  readonly #to: number;
  readonly #chunkBytes: number;
  readonly #isKept: boolean;
  #memory: Buffer | undefined;
  bytes: Buffer = Buffer.alloc(0);
  start = 0;

  constructor({ file, to, chunkBytes, isKept = false }: ScanOptions) {
    this.#file = file;
    this.#to = to;
    this.#chunkBytes = chunkBytes;
    this.#isKept = isKept;
  }

  get end(): number {
    return this.start + this.bytes.length;
  }

  has(at: number, length: number): boolean {
    return at >= this.start && at + length <= this.end;
  }

  /** The kind of the record that seems to start there. */
  likelyKind(at: number): number | undefined {
    const isMarked = this.has(at, 3) && this.bytes.indexOf(MARKER, at - this.start) === at - this.start;
    return isMarked ? this.bytes[at - this.start + 2] : undefined;
  }

  /** Whether a read is needed. Checked for each record, since awaiting nothing has a cost too. */
  misses(at: number, length: number): boolean {
    return !this.has(at, length) && (this.end !== this.#to || at < this.start);
  }

  /** Reads from this offset, up to the end of the file. */
  async move(at: number, length: number): Promise<void> {
    const wanted = Math.min(Math.max(length, this.#chunkBytes), this.#to - at);
    const bytes = this.#room(wanted);
    const got = await readWhole(this.#file, bytes, at);
    this.bytes = got === wanted ? bytes : bytes.subarray(0, got);
    this.start = at;
  }

  #room(length: number): Buffer {
    if (this.#isKept || length > this.#chunkBytes) return Buffer.allocUnsafeSlow(length);
    this.#memory ??= Buffer.allocUnsafeSlow(length);
    if (this.#memory.length < length) this.#memory = Buffer.allocUnsafeSlow(length);
    return this.#memory.subarray(0, length);
  }
}
