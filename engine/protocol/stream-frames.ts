import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Frame } from './frame-decoder.ts';
import { AIOC_TYPE, type OutFrame } from './messages.ts';

/** How far one side has the messages of one type and epoch. */
export interface AckPosition {
  readonly type: string;
  readonly epoch: string;
  /** Everything up to this number has been dealt with. */
  readonly upTo: number;
  /** Those among them that were dropped on purpose. */
  readonly dropped: readonly number[];
  /** Only in `have`: later ones are there, too, and wait for those between. Whoever has none of those says `gone`. */
  readonly hasGap?: boolean;
}

/**
 * What aioc peers tell each other of the messages they were sent: `have`, once, as the first word on a connection, and
 * then acknowledgements, each of which holds for all before it, too. `gone`: the sender has nothing of the epoch up to the
 * number that it could send, but what the other side has.
 */
export interface StreamAckFrame {
  readonly kind: 'have' | 'ack' | 'gone';
  readonly positions: readonly AckPosition[];
}

export function streamAckFrame({ kind, positions }: StreamAckFrame, sourceId: string): OutFrame {
  const rows = positions.map(({ type, epoch, upTo, dropped, hasGap }) => {
    if (hasGap) return [type, epoch, upTo, dropped, true];
    return dropped.length === 0 ? [type, epoch, upTo] : [type, epoch, upTo, dropped];
  });
  return {
    header: { message_type: AIOC_TYPE, source_id: sourceId },
    data: Buffer.from(JSON.stringify({ [kind]: rows })),
  };
}

/**
 * The news in a frame, or undefined when it is of another type or says something else.
 *
 * @throws AiocError AIOC_FRAME_BAD when it is news and cannot be read
 */
export function readStreamAcks({ header, data }: Frame): StreamAckFrame | undefined {
  if (header.message_type !== AIOC_TYPE || data.length > LIMITS.streamAckBytes) return undefined;
  const content = parsed(data);
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
  if (!Array.isArray(dropped) || !dropped.every((seq) => Number.isSafeInteger(seq))) throw unreadable();
  return { type, epoch, upTo: upTo as number, dropped, hasGap: hasGap === true };
}

function parsed(data: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(data.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function unreadable(): AiocError {
  return new AiocError('AIOC_FRAME_BAD', 'an acknowledgement that cannot be read');
}
