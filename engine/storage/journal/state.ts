import { markName } from '../mark-name.ts';
import type { SourceMark } from '../store.ts';
import { type HeldRule, type HeldRules, NO_RULES, rulesByStream } from './held.ts';
import {
  JournalStream,
  type RecordRun,
  type RecordSource,
  recordSource,
  runIn,
  type Segment,
} from './model.ts';
import type { RecordWriter, SegmentFacts, StreamFacts } from './record-writer.ts';

/** The journal's state in memory: streams, segments, and the locations of records. */
export class JournalState {
  /** The journal's random id, which seeds all checksums. */
  id: Buffer;
  readonly streams = new Map<string, JournalStream>();
  /** In the order of their numbers. */
  segments: Segment[] = [];
  /** Which records of which streams are held back. */
  rules: HeldRules = new Map();
  /** Files that were replaced, but not durably yet. They count until the next start. */
  readonly superseded: SegmentFacts[] = [];
  /** The last position, stream, source and segment number ever used. */
  lastPosition = 0;
  lastStream = 0;
  lastSource = 0;
  lastSegment = 0;

  constructor(id: Buffer) {
    this.id = id;
  }

  rulesOf(stream: number): readonly HeldRule[] {
    return this.rules.get(stream) ?? NO_RULES;
  }

  /** Deletes rules whose records are all gone. */
  forgetRules(): void {
    if (this.rules.size === 0) return;
    const oldest = this.segments[0]?.number ?? Number.POSITIVE_INFINITY;
    const numbers = new Set([...this.streams.values()].map(({ number }) => number));
    const kept = [...this.rules.values()]
      .flat()
      .filter(({ toSegment, heldStream }) => oldest < toSegment || numbers.has(heldStream));
    this.rules = rulesByStream(kept);
  }

  /** Returns the stream of that name, and creates it if necessary. */
  stream(name: string): JournalStream {
    let stream = this.streams.get(name);
    if (stream === undefined) {
      this.lastStream += 1;
      stream = new JournalStream(this.lastStream, name);
      this.streams.set(name, stream);
    }
    return stream;
  }

  source(stream: JournalStream, mark: Pick<SourceMark, 'sender' | 'epoch'>): RecordSource {
    // Usually the same as that of the previous append.
    const latest = stream.latestSource;
    if (latest?.epoch === mark.epoch && latest.sender === mark.sender) return latest;
    const name = markName(mark);
    let source = stream.sources.get(name);
    if (source === undefined) {
      this.lastSource += 1;
      source = recordSource(this.lastSource, { stream: stream.number, markName: name, seq: 0 });
      stream.sources.set(name, source);
    }
    stream.latestSource = source;
    return source;
  }

  /** The records of a stream in a segment. A new run follows all earlier runs of the stream. */
  run(segment: Segment, stream: JournalStream): RecordRun {
    const known = segment.runs.get(stream.number);
    if (known !== undefined) return known;
    const run = runIn(segment, stream);
    segment.liveRuns += 1;
    stream.segments += 1;
    stream.runs.push(run);
    return run;
  }

  /**
   * Acknowledges a stream up to a position.
   *
   * @returns whether a segment other than the active one lost its last unacknowledged records
   */
  ack(stream: JournalStream, upTo: number): boolean {
    stream.acked = upTo;
    let dead = 0;
    while (stream.runs[dead]?.isLive === false) dead += 1;
    if (dead === 0) return false;
    for (const run of stream.runs.splice(0, dead)) run.segment.liveRuns -= 1;
    // A run of the active segment becomes live again with its next record.
    return true;
  }

  /** A dead run of the active segment has a new record. */
  revive(run: RecordRun): void {
    if (run.stream.runs.at(-1) === run) return;
    run.stream.runs.push(run);
    run.segment.liveRuns += 1;
  }

  /** Removes a segment whose file was removed or replaced. */
  drop(segment: Segment): void {
    segment.isGone = true;
    this.segments = this.segments.filter((other) => other !== segment);
    for (const run of segment.runs.values()) {
      run.stream.segments -= 1;
      if (run.isLive) run.stream.runs = run.stream.runs.filter((other) => other !== run);
    }
  }

  /** Replaces several segments by one that has their records. */
  replace(old: readonly Segment[], fresh: Segment): void {
    const first = this.segments.indexOf(old[0] as Segment);
    for (const segment of old) {
      segment.isGone = true;
      for (const run of segment.runs.values()) run.stream.segments -= 1;
    }
    this.segments = this.segments.filter((segment) => !old.includes(segment));
    this.segments.splice(first, 0, fresh);
    for (const { runs } of [...old, fresh]) {
      for (const { stream } of runs.values()) {
        stream.front = undefined;
        stream.runs = stream.runs.filter((run) => !old.includes(run.segment) && run.segment !== fresh);
      }
    }
    fresh.liveRuns = 0;
    for (const run of fresh.runs.values()) {
      const { stream } = run;
      stream.segments += 1;
      if (!run.isLive) continue;
      fresh.liveRuns += 1;
      const behind = stream.runs.findIndex((other) => other.lastPosition > run.lastPosition);
      stream.runs.splice(behind < 0 ? stream.runs.length : behind, 0, run);
    }
  }

  /** Streams without records in any segment and without sources. The journal can forget them. */
  get emptyStreams(): ReadonlySet<JournalStream> {
    const isEmpty = ({ segments, sources }: JournalStream): boolean =>
      segments === 0 && ![...sources.values()].some(({ seq }) => seq > 0);
    return new Set([...this.streams.values()].filter(isEmpty));
  }

  /**
   * Writes everything that older segments say and that still counts, except their records.
   *
   * @param before for a source, by its number: its last number before the records that follow
   */
  writeStreams(
    writer: RecordWriter,
    forgotten: ReadonlySet<JournalStream>,
    before: ReadonlyMap<number, number> = new Map(),
  ): void {
    for (const stream of this.streams.values()) {
      if (forgotten.has(stream)) continue;
      writer.stream(factsOf(stream));
      for (const source of stream.sources.values())
        if (source.seq > 0)
          writer.source({ ...source, seq: Math.min(source.seq, before.get(source.number) ?? source.seq) });
    }
    for (const rules of this.rules.values()) for (const rule of rules) writer.held(rule);
  }

  get segmentFacts(): SegmentFacts[] {
    const current = this.segments.map(({ number, header: { generation }, synced }) => ({
      number,
      generation,
      end: synced,
    }));
    return [...current, ...this.superseded];
  }

  /** A segment that counts now has the names of all streams and sources. */
  setDefined(): void {
    for (const stream of this.streams.values()) {
      stream.isDefined = true;
      for (const source of stream.sources.values()) source.isDefined = source.seq > 0;
    }
  }
}

export function factsOf({ number, name, acked, lastPosition }: JournalStream): StreamFacts {
  return { number, name, acked, lastPosition };
}
