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

  constructor(bytes: Buffer) {
    this.bytes = bytes;
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
    if (start >= bytes.length) return false;
    if (start + RECORD_HEAD_BYTES > bytes.length) throw cutOff();
    const end = start + 4 + bytes.readUInt32LE(start);
    this.start = start;
    this.headerAt = start + RECORD_HEAD_BYTES;
    this.dataAt = this.headerAt + bytes.readUInt16LE(start + 8);
    this.binaryAt = end - bytes.readUInt32LE(start + 10);
    this.end = end;
    if (end > bytes.length || this.binaryAt < this.dataAt) throw cutOff();
    return true;
  }
}

function cutOff(): AiocError {
  return new AiocError('AIOC_FRAME_BAD', 'a message of a batch is cut off');
}
