import { withHeader } from '../protocol/record-batch.ts';
import { RecordCursor } from '../protocol/record-cursor.ts';
import type { MessageBatch } from './message-batch.ts';

/** Cuts a batch into parts, from the front, in one walk through its messages. */
export class BatchParts<Batch extends MessageBatch> {
  readonly #batch: Batch;
  readonly #cursor: RecordCursor;
  /** The latest header of the messages before the rest. */
  #header: Buffer = EMPTY;
  #taken = 0;

  constructor(batch: Batch) {
    this.#batch = batch;
    this.#cursor = new RecordCursor(batch.records);
  }

  /** How many messages the parts have so far: the index of the first one of the rest. */
  get taken(): number {
    return this.#taken;
  }

  /** The messages that are in no part yet, as they are in the batch. */
  get rest(): MessageBatch {
    const { records, count } = this.#batch;
    return { count: count - this.#taken, records: records.subarray(this.#cursor.end) };
  }

  /** What the next part has in addition to its bytes in the batch: the header that its first message repeats. */
  get addedBytes(): number {
    const { records } = this.#batch;
    const at = this.#cursor.end;
    return at < records.length && records.readUInt16LE(at + 8) === 0 ? this.#header.length : 0;
  }

  /** The next `count` messages. */
  next(count: number): Batch {
    const cursor = this.#cursor;
    const { records } = this.#batch;
    const [header, from] = [this.#header, cursor.end];
    for (let passed = 0; passed < count && cursor.next(); passed += 1)
      if (cursor.dataAt > cursor.headerAt) this.#header = records.subarray(cursor.headerAt, cursor.dataAt);
    const isAll = from === 0 && count === this.#batch.count;
    this.#taken += count;
    if (isAll) return this.#batch;
    const pieces = withHeader(records.subarray(from, cursor.end), header);
    return {
      ...this.#batch,
      count,
      records: pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces),
    };
  }
}

const EMPTY = Buffer.alloc(0);
