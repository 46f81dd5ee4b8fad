import { type DiskFile, readWhole } from '../../base/disk.ts';
import {
  emptyRecordView,
  isBodyWhole,
  MARKER,
  openRecord,
  RECORD_HEADER_BYTES,
  type RecordView,
} from './format.ts';

export interface ScanSink {
  /**
   * A record that is whole. `view` and `bytes` are overwritten afterwards; the body begins at `bodyAt` of `bytes`.
   *
   * @returns false to stop
   */
  record(view: RecordView, bytes: Buffer, bodyAt: number): boolean;
  /**
   * Bytes that are no record. `record`: the header of it was whole, and says which it was. `likelyKind`: what it seems
   * to have been where it was not.
   */
  damage(from: number, to: number, record: RecordView | undefined, likelyKind?: number): void;
}

export interface ScanOptions {
  readonly file: DiskFile;
  readonly salt: number;
  /** Offset of a record. */
  readonly from: number;
  /** Nothing behind it is looked at. */
  readonly to: number;
  /** How much is read at once; a larger record is read whole. */
  readonly chunkBytes: number;
  /** What the sink is given is kept: each chunk is read into memory of its own, and not over the one before it. */
  readonly isKept?: boolean;
}

/** Goes through the records of a segment. What is damaged is stepped over: up to the next thing that is a record. */
export async function scan(options: ScanOptions, sink: ScanSink): Promise<void> {
  const { salt, to } = options;
  const window = new Window(options);
  const view = emptyRecordView();
  let at = options.from;
  while (at < to) {
    if (window.misses(at, RECORD_HEADER_BYTES)) await window.move(at, RECORD_HEADER_BYTES);
    const isRecord =
      window.has(at, RECORD_HEADER_BYTES) && openRecord(window.bytes, at - window.start, salt, at, view);
    const end = at + RECORD_HEADER_BYTES + view.bodyBytes;
    if (!isRecord || end > to) {
      // The header of a record that is cut off by the end is believed; its body cannot be there.
      const likelyKind = isRecord ? view.kind : window.likelyKind(at);
      const next = isRecord ? to : await nextRecord(window, options, at + 1);
      sink.damage(at, next, isRecord ? view : undefined, likelyKind);
      at = next;
      continue;
    }
    if (window.misses(at, end - at)) await window.move(at, end - at);
    const inWindow = at - window.start;
    if (!window.has(at, end - at) || !isBodyWhole(window.bytes, inWindow, salt, view))
      sink.damage(at, end, view);
    else if (!sink.record(view, window.bytes, inWindow + RECORD_HEADER_BYTES)) return;
    at = end;
  }
}

/** Where the next record begins, or the end. */
async function nextRecord(window: Window, { salt, to }: ScanOptions, from: number): Promise<number> {
  const view = emptyRecordView();
  let at = from;
  while (at + RECORD_HEADER_BYTES <= to) {
    if (window.misses(at, RECORD_HEADER_BYTES)) await window.move(at, RECORD_HEADER_BYTES);
    if (!window.has(at, RECORD_HEADER_BYTES)) return to;
    const found = window.bytes.indexOf(MARKER, at - window.start);
    const offset = window.start + found;
    if (found < 0) {
      // The last byte may be the first of a marker.
      at = window.end - 1;
    } else if (!window.has(offset, RECORD_HEADER_BYTES)) {
      at = offset;
    } else if (openRecord(window.bytes, found, salt, offset, view) && offset + view.bodyBytes <= to) {
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

  /** The kind of the record that seems to begin there. */
  likelyKind(at: number): number | undefined {
    const isMarked = this.has(at, 3) && this.bytes.indexOf(MARKER, at - this.start) === at - this.start;
    return isMarked ? this.bytes[at - this.start + 2] : undefined;
  }

  /** Something of that part is not held and may be had. Asked for each record, since to wait for nothing costs, too. */
  misses(at: number, length: number): boolean {
    return !this.has(at, length) && (this.end !== this.#to || at < this.start);
  }

  /** Reads on from there, as far as the file goes. */
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
