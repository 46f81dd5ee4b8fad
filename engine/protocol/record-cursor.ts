import { viewOf } from '../base/crc32.ts';
import { AiocError } from '../base/errors.ts';
import { RECORD_HEAD_BYTES } from './record-batch.ts';

/**
 * Walks through the messages of a batch that has been checked, without an object for each: its fields are the offsets of
 * the current message.
 */
export class RecordCursor {
  readonly bytes: Buffer;
  /** Where the message begins and ends. */
  start = 0;
  end = 0;
  /** Where its header begins; where `dataAt` is too if it is the same as the header before. */
  headerAt = 0;
  dataAt = 0;
  /** Where the binary begins, and the data ends. */
  binaryAt = 0;

  readonly #view: DataView;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#view = viewOf(bytes);
  }

  get isAtEnd(): boolean {
    return this.end >= this.bytes.length;
  }

  /**
   * Goes to the next message.
   *
   * @returns false if there is none
   * @throws AiocError AIOC_FRAME_BAD if it is cut off
   */
  next(): boolean {
    const { bytes, end: start } = this;
    const view = this.#view;
    if (start >= bytes.length) return false;
    if (start + RECORD_HEAD_BYTES > bytes.length) throw cutOff();
    const end = start + 4 + view.getUint32(start, true);
    this.start = start;
    this.headerAt = start + RECORD_HEAD_BYTES;
    this.dataAt = this.headerAt + view.getUint16(start + 8, true);
    this.binaryAt = end - view.getUint32(start + 10, true);
    this.end = end;
    if (end > bytes.length || this.binaryAt < this.dataAt) throw cutOff();
    return true;
  }
}

function cutOff(): AiocError {
  return new AiocError('AIOC_FRAME_BAD', 'a message of a batch is cut off');
}
