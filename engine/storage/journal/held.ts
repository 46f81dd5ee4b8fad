import { FLAG_SOURCE, type RecordView } from './format.ts';

/**
 * Records of one source that a start has found behind a hole in its numbers. They lie in the segments as records of
 * `stream` and count as those of `home`, until it is known whether the missing ones come again.
 */
export interface HeldRule {
  readonly stream: number;
  readonly home: number;
  readonly source: number;
  /** The last number before the hole. */
  readonly after: number;
  /** What lies behind this position came after the start, in order. */
  readonly toPosition: number;
  /** Segments with a lower number say of the source how far it had got before; that does not count. */
  readonly toSegment: number;
}

export type HeldRules = ReadonlyMap<number, readonly HeldRule[]>;

export const NO_RULES: readonly HeldRule[] = [];

/** By the stream in whose name the records lie. */
export function rulesByStream(rules: readonly HeldRule[]): HeldRules {
  const byStream = new Map<number, HeldRule[]>();
  for (const rule of rules) byStream.set(rule.stream, [...(byStream.get(rule.stream) ?? []), rule]);
  return byStream;
}

/** The number of the stream that a data record counts for. @param rules those of the stream that it names */
export function homeOf(
  rules: readonly HeldRule[],
  record: {
    readonly stream: number;
    readonly position: number;
    readonly source: number;
    readonly seq: number;
  },
): number {
  for (const { source, after, toPosition, home } of rules)
    if (record.source === source && record.seq > after && record.position <= toPosition) return home;
  return record.stream;
}

/** The same for a record as it lies in a segment. */
export function homeOfView(
  rules: readonly HeldRule[],
  view: RecordView,
  bytes: Buffer,
  bodyAt: number,
): number {
  const { stream, position } = view;
  if (rules.length === 0 || (view.flags & FLAG_SOURCE) === 0) return stream;
  return homeOf(rules, {
    stream,
    position,
    source: bytes.readUInt32LE(bodyAt),
    seq: bytes.readUIntLE(bodyAt + 4, 6),
  });
}
