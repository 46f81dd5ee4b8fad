import { type HeldRule, type HeldRules, NO_RULES, rulesByStream } from './held.ts';
import { JournalStream, type RecordRun, type RecordSource, runIn, type Segment } from './model.ts';
import type { RecordWriter, SegmentFacts, StreamFacts } from './record-writer.ts';

/** All that a journal knows in memory: streams, segments, and where which records are. */
export class JournalState {
  /** The journal's random name, which all its checksums start from. */
  id: Buffer;
  readonly streams = new Map<string, JournalStream>();
  /** By their numbers, which rise. */
  segments: Segment[] = [];
  /** Which records of which stream are held back. */
  rules: HeldRules = new Map();
  /** Files that another has taken the place of, but not for certain yet: they count until the next start. */
  readonly leftovers: SegmentFacts[] = [];
  /** The last position, stream, source and segment number that was ever given. */
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

  /** Where all that a rule tells of is gone, it is forgotten. */
  forgetRules(): void {
    if (this.rules.size === 0) return;
    const oldest = this.segments[0]?.number ?? Number.POSITIVE_INFINITY;
    const homes = new Set([...this.streams.values()].map(({ number }) => number));
    const kept = [...this.rules.values()]
      .flat()
      .filter(({ toSegment, home }) => oldest < toSegment || homes.has(home));
    this.rules = rulesByStream(kept);
  }

  /** The stream of that name; it is made when there is none. */
  stream(name: string): JournalStream {
    let stream = this.streams.get(name);
    if (stream === undefined) {
      this.lastStream += 1;
      stream = new JournalStream(this.lastStream, name);
      this.streams.set(name, stream);
    }
    return stream;
  }

  source(stream: JournalStream, epoch: string): RecordSource {
    let source = stream.sources.get(epoch);
    if (source === undefined) {
      this.lastSource += 1;
      source = { number: this.lastSource, stream: stream.number, epoch, seq: 0, isDefined: false };
      stream.sources.set(epoch, source);
    }
    return source;
  }

  /** The records of a stream in a segment. A new run comes behind all that the stream has. */
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
   * Forgets everything of the stream up to that position.
   *
   * @returns whether records have thereby become the last live ones of a segment to go
   */
  ack(stream: JournalStream, upTo: number): boolean {
    stream.acked = upTo;
    let dead = 0;
    while (stream.runs[dead]?.isLive === false) dead += 1;
    if (dead === 0) return false;
    for (const run of stream.runs.splice(0, dead)) run.segment.liveRuns -= 1;
    // A run of the segment that is being written comes alive again with its next record.
    return true;
  }

  /** A run that had died, of the segment that is being written, has got a record again. */
  revive(run: RecordRun): void {
    if (run.stream.runs.at(-1) === run) return;
    run.stream.runs.push(run);
    run.segment.liveRuns += 1;
  }

  /** The segment is no more: its file is removed, or another stands in for it. */
  drop(segment: Segment): void {
    segment.isGone = true;
    this.segments = this.segments.filter((other) => other !== segment);
    for (const run of segment.runs.values()) {
      run.stream.segments -= 1;
      if (run.isLive) run.stream.runs = run.stream.runs.filter((other) => other !== run);
    }
  }

  /** Puts one segment in the place of several, whose records it has. */
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

  /** Streams of which no segment holds anything, and which know of no source, need not be known any more. */
  get emptyStreams(): ReadonlySet<JournalStream> {
    const isEmpty = ({ segments, sources }: JournalStream): boolean =>
      segments === 0 && ![...sources.values()].some(({ seq }) => seq > 0);
    return new Set([...this.streams.values()].filter(isEmpty));
  }

  /**
   * Writes down all that older segments may have said and that still counts, but their records.
   *
   * @param before of a source by its number how far it had got, where records of it follow
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
        if (source.seq > 0) writer.source({ ...source, seq: before.get(source.number) ?? source.seq });
    }
    for (const rules of this.rules.values()) for (const rule of rules) writer.held(rule);
  }

  get segmentFacts(): SegmentFacts[] {
    const context = this.segments.map(({ number, header: { generation }, synced }) => ({
      number,
      generation,
      end: synced,
    }));
    return [...context, ...this.leftovers];
  }

  /** What the state says has been written down in a segment that counts. */
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
