import { heldStreamName } from '../held-streams.ts';
import { KIND } from './format.ts';
import { type HeldRule, homeOf } from './held.ts';
import type { Loss } from './loss-count.ts';
import { JournalStream } from './model.ts';
import type { FoundRecord } from './recovery-scan-segment.ts';
import { type Gap, markBefore, SourceTrack } from './source-track.ts';
import type { JournalState } from './state.ts';

/** A damaged place. `stream`: of which stream a record was in it, where that is known. */
export type Hole = Loss & { readonly stream: number | undefined };

/** Puts together what the records of all segments say, in the order of the segments. */
export class StreamScan {
  readonly #state: JournalState;
  readonly #streams = new Map<number, JournalStream>();
  readonly #sources = new Map<number, SourceTrack>();
  /** The last position that was found of each stream: what comes again is a copy. */
  readonly #lastFound = new Map<JournalStream, number>();
  /** Damaged places, in the order in which they were met. */
  readonly #holes: Hole[] = [];
  readonly #heldStreams: ReadonlySet<number>;

  /** @param state knows which records are held back */
  constructor(state: JournalState) {
    this.#state = state;
    const rules = [...state.rules.values()].flat();
    this.#heldStreams = new Set(rules.map(({ home }) => home));
    for (const { home } of rules) state.lastStream = Math.max(state.lastStream, home);
  }

  /** @returns the record, as one of the stream that it counts for; undefined when it is none that has not been seen before */
  add(record: FoundRecord): FoundRecord | undefined {
    const state = this.#state;
    state.lastPosition = Math.max(state.lastPosition, record.position);
    if (record.kind === KIND.segments || record.kind === KIND.mark || record.kind === KIND.held)
      return undefined;
    const home = record.kind === KIND.data ? homeOf(state.rulesOf(record.stream), record) : record.stream;
    const stream = this.#stream(home);
    stream.acked = Math.max(stream.acked, record.acked);
    stream.lastPosition = Math.max(stream.lastPosition, record.position);
    if (record.source > 0 && home === record.stream && !this.#heldStreams.has(home)) this.#addSource(record);
    if (record.kind === KIND.stream) stream.name = record.text;
    if (record.kind !== KIND.data) return undefined;
    if (record.position <= (this.#lastFound.get(stream) ?? 0)) return undefined;
    this.#lastFound.set(stream, record.position);
    return home === record.stream ? record : { ...record, stream: home };
  }

  /** Some bytes are no record; they come behind what was added before. */
  hole(loss: Hole): void {
    this.#holes.push(loss);
  }

  /** Lists a record that counts where it lies. */
  index(record: FoundRecord): void {
    this.#state.run(record.segment, this.#stream(record.stream)).add(record);
  }

  #stream(number: number): JournalStream {
    let stream = this.#streams.get(number);
    if (stream === undefined) {
      stream = new JournalStream(number, '');
      this.#streams.set(number, stream);
      this.#state.lastStream = Math.max(this.#state.lastStream, number);
    }
    return stream;
  }

  #addSource({ source: number, stream, seq, kind, text, position, segment }: FoundRecord): void {
    let source = this.#sources.get(number);
    if (source === undefined) {
      source = new SourceTrack(number, stream);
      this.#sources.set(number, source);
      this.#state.lastSource = Math.max(this.#state.lastSource, number);
    }
    if (kind !== KIND.source) {
      source.record(seq, position, this.#holes.length);
      return;
    }
    source.epoch = text;
    // It may tell of numbers that have been found missing since.
    const isOutdated = this.#state
      .rulesOf(stream)
      .some((rule) => rule.source === number && segment.number < rule.toSegment && seq > rule.after);
    if (!isOutdated) source.statement(seq, this.#holes.length);
  }

  /**
   * Sources behind whose last number without a hole in front of it records were found. All segments have been gone
   * through; with what this returns, all has to be read once more.
   *
   * @param toSegment the number of the segment that will be made next
   */
  heldBack(toSegment: number): HeldRule[] {
    const rules: HeldRule[] = [];
    for (const { number, epoch, stream, gaps } of this.#sources.values()) {
      const acked = this.#streams.get(stream)?.acked ?? 0;
      for (const gap of gaps) {
        const after = markBefore(gap, this.#lastLost(gap, stream), acked);
        // Where nobody can be asked, what is there is all there will be.
        if (after === undefined || epoch === '') continue;
        const home = this.#state.lastStream + 1 + rules.length;
        const toPosition = this.#state.lastPosition;
        rules.push({ stream, home, source: number, after, toPosition, toSegment });
        break;
      }
    }
    return rules;
  }

  /** No message of the stream that is missing in the gap has a higher position. */
  #lastLost({ fromHole, toHole }: Gap, stream: number): number {
    let last = 0;
    for (const hole of this.#holes.slice(fromHole, toHole)) {
      const isAnothers = hole.stream !== undefined && hole.stream !== stream;
      if (isAnothers || (hole.isExact && hole.lost === 0)) continue;
      last = Math.max(last, hole.lastPosition ?? Number.POSITIVE_INFINITY);
    }
    return last;
  }

  /** All segments have been gone through, and all that is held back is known. */
  finish(): void {
    for (const source of this.#sources.values()) {
      const stream = this.#streams.get(source.stream);
      const { number, epoch, last: seq } = source;
      // Of a source whose epoch is damaged nobody can ask.
      if (epoch === '' || seq === 0 || stream === undefined) continue;
      const other = stream.sources.get(epoch);
      if (other === undefined || other.seq < seq)
        stream.sources.set(epoch, { number, stream: source.stream, epoch, seq, isDefined: false });
    }
    this.#nameHeld();
    const byNumber = [...this.#streams.values()].sort((a, b) => b.number - a.number);
    for (const stream of byNumber) {
      const isEmpty = stream.runs.length === 0 && stream.sources.size === 0 && !this.#lastFound.has(stream);
      if (isEmpty) continue;
      // Where the name is damaged, the records are still somebody's.
      if (stream.name === '') stream.name = `unnamed ${stream.number}`;
      while (this.#state.streams.has(stream.name)) stream.name += '~';
      this.#state.streams.set(stream.name, stream);
      this.#state.ack(stream, stream.acked);
    }
  }

  /** Those that are held back for the first time have no name yet. */
  #nameHeld(): void {
    for (const [number, rules] of this.#state.rules) {
      const stream = this.#streams.get(number);
      if (stream === undefined) continue;
      stream.rules = rules;
      for (const { home, source } of rules) {
        const held = this.#streams.get(home);
        const epoch = this.#sources.get(source)?.epoch ?? '';
        if (held === undefined) continue;
        held.rules = rules;
        if (held.name === '') held.name = heldStreamName(home, epoch, stream.name);
      }
    }
  }

  stream(number: number): JournalStream | undefined {
    return this.#streams.get(number);
  }
}
