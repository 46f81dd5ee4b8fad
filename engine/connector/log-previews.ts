import { LIMITS } from '../base/limits.ts';
import type { RecordCursor } from './kept-records.ts';

/** What a row shows of its message. */
export interface Preview {
  readonly sizeBytes: number;
  readonly isAnswer: boolean;
  readonly text: string;
}

const ROWS = LIMITS.logRows;
/** Of a row: u32 length of the data | u32 length of the binary | u8 answer | start of the data. */
const DATA_AT = 9;
const SLOT_BYTES = DATA_AT + LIMITS.logPreviewBytes;

/** The previews of rows whose messages were overwritten, a fixed number of bytes per row. */
export class LogPreviews {
  /** Most connectors never need it. */
  #slots: Buffer | undefined;

  /** Keeps the preview of the message at the cursor. */
  save(id: number, record: RecordCursor, isAnswer: boolean): void {
    this.#slots ??= Buffer.allocUnsafeSlow(ROWS * SLOT_BYTES);
    const at = slotOf(id);
    const { bytes, dataAt, dataBytes } = record;
    this.#slots.writeUInt32LE(dataBytes, at);
    this.#slots.writeUInt32LE(record.binaryBytes, at + 4);
    this.#slots[at + 8] = isAnswer ? 1 : 0;
    const end = dataAt + Math.min(dataBytes, LIMITS.logPreviewBytes);
    bytes.copy(this.#slots, at + DATA_AT, dataAt, end);
  }

  /** The preview of a row; it must have been saved. */
  of(id: number): Preview {
    const slots = this.#slots ?? EMPTY_SLOTS;
    const at = this.#slots === undefined ? 0 : slotOf(id);
    const dataBytes = slots.readUInt32LE(at);
    return {
      sizeBytes: dataBytes + slots.readUInt32LE(at + 4),
      isAnswer: slots[at + 8] === 1,
      text: previewText(slots, at + DATA_AT, dataBytes),
    };
  }
}

/** The start of the data at `at` as text. */
export function previewText(bytes: Buffer, at: number, dataBytes: number): string {
  const length = Math.min(dataBytes, LIMITS.logPreviewBytes);
  const text = bytes.toString('utf8', at, at + length);
  // A cut inside a character would show a broken character.
  return length < dataBytes ? text.replace(/\ufffd$/, '') : text;
}

function slotOf(id: number): number {
  return ((id - 1) % ROWS) * SLOT_BYTES;
}

const EMPTY_SLOTS = Buffer.alloc(SLOT_BYTES);
