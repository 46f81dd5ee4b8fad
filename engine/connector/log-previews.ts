import { LIMITS } from '../base/limits.ts';
import type { KeptRecordCursor } from './kept-records.ts';

/** What a row shows of its message. */
export interface Preview {
  readonly sizeBytes: number;
  readonly isAnswer: boolean;
  readonly text: string;
}

const ROWS = LIMITS.logRows;

/** Columns by row. */
interface PreviewColumns {
  readonly dataBytes: Float64Array;
  readonly binaryBytes: Float64Array;
  readonly isAnswer: Uint8Array;
  /** The first bytes of the data, a fixed number per row. */
  readonly texts: Buffer;
}

/** The previews of rows whose messages were overwritten. */
export class LogPreviews {
  /** Most connectors never need them. */
  #columns: PreviewColumns | undefined;

  /** Keeps the preview of the message at the cursor. */
  save(id: number, record: KeptRecordCursor, isAnswer: boolean): void {
    this.#columns ??= makeColumns(ROWS);
    const { dataBytes, binaryBytes, isAnswer: answers, texts } = this.#columns;
    const row = (id - 1) % ROWS;
    const { dataAt } = record;
    dataBytes[row] = record.dataBytes;
    binaryBytes[row] = record.binaryBytes;
    answers[row] = isAnswer ? 1 : 0;
    const end = dataAt + Math.min(record.dataBytes, LIMITS.logPreviewBytes);
    record.bytes.copy(texts, row * LIMITS.logPreviewBytes, dataAt, end);
  }

  /** The preview of a row, which must have been saved. */
  of(id: number): Preview {
    const { dataBytes, binaryBytes, isAnswer, texts } = this.#columns ?? NOTHING;
    const row = this.#columns === undefined ? 0 : (id - 1) % ROWS;
    const length = dataBytes[row] as number;
    return {
      sizeBytes: length + (binaryBytes[row] as number),
      isAnswer: isAnswer[row] === 1,
      text: previewText(texts, row * LIMITS.logPreviewBytes, length),
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

function makeColumns(rows: number): PreviewColumns {
  return {
    dataBytes: new Float64Array(rows),
    binaryBytes: new Float64Array(rows),
    isAnswer: new Uint8Array(rows),
    texts: Buffer.allocUnsafeSlow(rows * LIMITS.logPreviewBytes),
  };
}

const NOTHING = makeColumns(1);
