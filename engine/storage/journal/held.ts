import { openMessages, type RecordView } from './format.ts';

/**
 * Records of one source that a start found behind a gap in its sequence numbers. The segments have them as records of
 * `stream`. They count as records of the stream `heldStream` until it is known whether the sender sends the missing ones
 * again.
 */
export interface HeldRule {
  readonly stream: number;
  readonly heldStream: number;
  readonly source: number;
  /** The last number before the gap. */
  readonly after: number;
  /** Records after this position arrived after the start, in order. */
  readonly toPosition: number;
  /** Segments with a lower number are outdated: they claim that the source had got further. */
  readonly toSegment: number;
}

export type HeldRules = ReadonlyMap<number, readonly HeldRule[]>;

export const NO_RULES: readonly HeldRule[] = [];

/** By the stream that the records name. */
export function rulesByStream(rules: readonly HeldRule[]): HeldRules {
  const byStream = new Map<number, HeldRule[]>();
  for (const rule of rules) byStream.set(rule.stream, [...(byStream.get(rule.stream) ?? []), rule]);
  return byStream;
}

/**
 * Returns the number of the stream that a record with messages counts for, all of them together.
 *
 * @param rules the rules of the stream that it names
 */
export function countedStream(
  rules: readonly HeldRule[],
  record: {
    readonly stream: number;
    readonly position: number;
    readonly source: number;
    /** Of its first message. */
    readonly seq: number;
  },
): number {
  for (const { source, after, toPosition, heldStream } of rules)
    if (record.source === source && record.seq > after && record.position <= toPosition) return heldStream;
  return record.stream;
}

/** The same for a record as read from a segment. */
export function countedStreamOfView(
  rules: readonly HeldRule[],
  view: RecordView,
  bytes: Buffer,
  bodyAt: number,
): number {
  const { stream, position } = view;
  if (rules.length === 0) return stream;
  const { source, seq } = openMessages(view, bytes, bodyAt);
  return countedStream(rules, { stream, position, source, seq });
}
