import { heldStreamName } from '../held-streams.ts';
import { sizeOfParts } from '../store.ts';
import { KIND, lastPositionIn } from './format.ts';
import { countedStream, type HeldRule } from './held.ts';
import type { LostMessages } from './lost-messages.ts';
import { JournalStream, recordSource } from './model.ts';
import type { FoundRecord } from './recovery-scan-segment.ts';
import { type Gap, lastBeforeGap, SourceTrack } from './source-track.ts';
import type { JournalState } from './state.ts';

/** A damaged place. `stream`: the stream of a record in it, if known. */
export type DamagedPlace = LostMessages & { readonly stream: number | undefined };

/** Combines the records of all segments, in the order of the segments. */
export class StreamScan {
  readonly #state: JournalState;
  readonly #streams = new Map<number, JournalStream>();
  readonly #sources = new Map<number, SourceTrack>();
  /** The last position found of each stream. A batch at or below it is a copy. */
  readonly #lastFound = new Map<JournalStream, number>();
  /** Damaged places, in the order of the scan. */
  readonly #damages: DamagedPlace[] = [];
  readonly #heldStreams: ReadonlySet<number>;

  /** @param state has the rules for held records */
  constructor(state: JournalState) {
    this.#state = state;
    const rules = [...state.rules.values()].flat();
    this.#heldStreams = new Set(rules.map(({ heldStream }) => heldStream));
    for (const { heldStream } of rules) state.lastStream = Math.max(state.lastStream, heldStream);
  }

  /** @returns the record, under the stream that it counts for; undefined for a copy, or a record without messages */
  add(record: FoundRecord): FoundRecord | undefined {
    const state = this.#state;
    const lastPosition = lastPositionIn(record);
    state.lastPosition = Math.max(state.lastPosition, lastPosition);
    if (record.kind === KIND.segments || record.kind === KIND.mark || record.kind === KIND.held)
      return undefined;
    const counted = record.count > 0 ? countedStream(state.rulesOf(record.stream), record) : record.stream;
    const stream = this.#stream(counted);
    stream.acked = Math.max(stream.acked, record.acked);
    stream.lastPosition = Math.max(stream.lastPosition, lastPosition);
    if (record.source > 0 && counted === record.stream && !this.#heldStreams.has(counted))
      this.#addSource(record);
    if (record.kind === KIND.stream) stream.name = record.text;
    if (record.count === 0) return undefined;
    if (record.position <= (this.#lastFound.get(stream) ?? 0)) return undefined;
    this.#lastFound.set(stream, lastPosition);
    return counted === record.stream ? record : { ...record, stream: counted };
  }

  /** Adds a damaged place, after everything added so far. */
  damage(loss: DamagedPlace): void {
    this.#damages.push(loss);
  }

  /** Adds the location of a record that counts to the index. */
  index(record: FoundRecord): void {
    const sizeBytes = sizeOfParts(record.headBytes, record.recordsBytes);
    this.#state.run(record.segment, this.#stream(record.stream)).add({ ...record, sizeBytes });
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

  #addSource({ source: number, stream, seq, kind, text, position, count, segment }: FoundRecord): void {
    let source = this.#sources.get(number);
    if (source === undefined) {
      // A part of what is missing before held batches may be acknowledged, so nothing else tells of it.
      const rules = this.#state.rulesOf(stream).filter((rule) => rule.source === number);
      source = new SourceTrack(number, stream, Math.max(0, ...rules.map(({ after }) => after)));
      this.#sources.set(number, source);
      this.#state.lastSource = Math.max(this.#state.lastSource, number);
    }
    if (kind !== KIND.source) {
      source.record({ seq, position, count }, this.#damages.length);
      return;
    }
    source.markName = text;
    // It may state numbers that were found missing later.
    const isOutdated = this.#state
      .rulesOf(stream)
      .some((rule) => rule.source === number && segment.number < rule.toSegment && seq > rule.after);
    if (!isOutdated) source.statement(seq, this.#damages.length);
  }

  /**
   * Finds sources that have records after a gap which damage may have made. All segments must have been scanned. If
   * there are any, all must be scanned again with the returned rules.
   *
   * @param toSegment the number of the next segment
   */
  heldBack(toSegment: number): HeldRule[] {
    const rules: HeldRule[] = [];
    for (const { number, markName, stream, gaps } of this.#sources.values()) {
      const acked = this.#streams.get(stream)?.acked ?? 0;
      for (const gap of gaps) {
        const after = lastBeforeGap(gap, this.#lastLost(gap, stream), acked);
        // Without a name there is no sender to ask: nothing more will arrive.
        if (after === undefined || markName === '') continue;
        const heldStream = this.#state.lastStream + 1 + rules.length;
        const toPosition = this.#state.lastPosition;
        rules.push({ stream, heldStream, source: number, after, toPosition, toSegment });
        break;
      }
    }
    return rules;
  }

  /** The highest possible position of a message of the stream that is missing in the gap. */
  #lastLost({ fromDamage, toDamage }: Gap, stream: number): number {
    let last = 0;
    for (const damage of this.#damages.slice(fromDamage, toDamage)) {
      const isAnothers = damage.stream !== undefined && damage.stream !== stream;
      if (isAnothers || (damage.isExact && damage.lost === 0)) continue;
      last = Math.max(last, damage.lastPosition ?? Number.POSITIVE_INFINITY);
    }
    return last;
  }

  /** All segments were scanned, and all rules are known. */
  finish(): void {
    for (const source of this.#sources.values()) {
      const stream = this.#streams.get(source.stream);
      const { number, markName, last: seq } = source;
      // A source with a damaged name has no sender to ask.
      if (markName === '' || seq === 0 || stream === undefined) continue;
      const other = stream.sources.get(markName);
      if (other === undefined || other.seq < seq)
        stream.sources.set(markName, recordSource(number, { stream: source.stream, markName, seq }));
    }
    this.#nameHeld();
    const byNumber = [...this.#streams.values()].sort((a, b) => b.number - a.number);
    for (const stream of byNumber) {
      const isEmpty = stream.runs.length === 0 && stream.sources.size === 0 && !this.#lastFound.has(stream);
      if (isEmpty) continue;
      // The name is damaged, but the records are not lost.
      if (stream.name === '') stream.name = `unnamed ${stream.number}`;
      while (this.#state.streams.has(stream.name)) stream.name += '~';
      this.#state.streams.set(stream.name, stream);
      this.#state.ack(stream, stream.acked);
    }
  }

  /** Names the streams of records that are held back for the first time. */
  #nameHeld(): void {
    for (const [number, rules] of this.#state.rules) {
      const stream = this.#streams.get(number);
      if (stream === undefined) continue;
      stream.rules = rules;
      for (const { heldStream, source } of rules) {
        const held = this.#streams.get(heldStream);
        const markName = this.#sources.get(source)?.markName ?? '';
        if (held === undefined) continue;
        held.rules = rules;
        if (held.name === '') held.name = heldStreamName(heldStream, markName, stream.name);
      }
    }
  }

  stream(number: number): JournalStream | undefined {
    return this.#streams.get(number);
  }
}
