import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Frame } from './frame-decoder.ts';
import { objectInData } from './json-data.ts';
import type { OutFrame } from './messages.ts';
import { AIOC_TYPE } from './names.ts';

/** Consecutive messages, by number: from the first to the last, inclusive. */
export type SeqRange = readonly [from: number, to: number];

/** The position up to which one side has the messages of one type and epoch. */
export interface AckPosition {
  readonly type: string;
  readonly epoch: string;
  /** All messages up to this number are settled. */
  readonly upTo: number;
  /** The messages among them that were dropped on purpose. */
  readonly dropped: readonly SeqRange[];
  /**
   * Only in `have`: later messages are stored too, but some between are missing. The sender answers `gone` if it no
   * longer has those.
   */
  readonly hasGap?: boolean;
}

/**
 * Frames between aioc peers about received messages. `have`: sent once, first on a connection. `ack`: acknowledges a
 * message and all before it. `gone`: the sender no longer has messages of the epoch up to that number, except those
 * that the peer already has.
 */
export interface StreamAckFrame {
  readonly kind: 'have' | 'ack' | 'gone';
  readonly positions: readonly AckPosition[];
}

/** @param withRanges the peer reads ranges of dropped messages, as those with batches do; others read numbers only */
export function streamAckFrame(
  { kind, positions }: StreamAckFrame,
  { sourceId, withRanges }: { readonly sourceId: string; readonly withRanges: boolean },
): OutFrame {
  const rows = positions.map(({ type, epoch, upTo, dropped, hasGap }) => {
    const told = withRanges ? dropped.map(shortened) : dropped.flatMap(numbersIn);
    if (hasGap) return [type, epoch, upTo, told, true];
    return told.length === 0 ? [type, epoch, upTo] : [type, epoch, upTo, told];
  });
  return {
    header: { message_type: AIOC_TYPE, source_id: sourceId },
    data: Buffer.from(JSON.stringify({ [kind]: rows })),
  };
}

/** A range of one message is its number. */
function shortened(range: SeqRange): number | SeqRange {
  return range[0] === range[1] ? range[0] : range;
}

function numbersIn([from, to]: SeqRange): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/**
 * Reads the positions in a frame; undefined for any other frame.
 *
 * @throws AiocError AIOC_FRAME_BAD if it is such a frame and is malformed
 */
export function readStreamAcks({ header, data }: Frame): StreamAckFrame | undefined {
  if (header.message_type !== AIOC_TYPE) return undefined;
  const content = objectInData(data, LIMITS.streamAckBytes);
  const kind = KINDS.find((known) => content?.[known] !== undefined);
  if (kind === undefined) return undefined;
  const rows = content?.[kind];
  if (!Array.isArray(rows)) throw unreadable();
  return { kind, positions: rows.map(readPosition) };
}

const KINDS = ['have', 'ack', 'gone'] as const;

function readPosition(row: unknown): AckPosition {
  if (!Array.isArray(row)) throw unreadable();
  const [type, epoch, upTo, dropped = [], hasGap] = row as unknown[];
  if (typeof type !== 'string' || typeof epoch !== 'string' || !Number.isSafeInteger(upTo))
    throw unreadable();
  if (!Array.isArray(dropped)) throw unreadable();
  return { type, epoch, upTo: upTo as number, dropped: dropped.map(readRange), hasGap: hasGap === true };
}

/** A number, or the first and the last one. */
function readRange(value: unknown): SeqRange {
  const [from, to] = Array.isArray(value) ? (value as unknown[]) : [value, value];
  if (Number.isSafeInteger(from) && Number.isSafeInteger(to)) return [from as number, to as number];
  throw unreadable();
}

function unreadable(): AiocError {
  return new AiocError('AIOC_FRAME_BAD', 'the acknowledgement is malformed');
}
