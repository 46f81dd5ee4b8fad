import { KIND } from './format.ts';
import { type Source, Stream } from './model.ts';
import type { JournalState } from './state.ts';
import type { FoundRecord } from './survey-segment.ts';

/** Puts together what the records of all segments say. Each statement only ever grows, so the greatest one counts. */
export class StreamSurvey {
  readonly #state: JournalState;
  readonly #streams = new Map<number, Stream>();
  readonly #sources = new Map<number, Source>();
  /** The last position that was found of each stream: what comes again is a copy. */
  readonly #lastFound = new Map<Stream, number>();

  constructor(state: JournalState) {
    this.#state = state;
  }

  /** @returns whether it is a record of a stream that has not been seen before */
  add(record: FoundRecord): boolean {
    const state = this.#state;
    state.lastPosition = Math.max(state.lastPosition, record.position);
    if (record.kind === KIND.segments || record.kind === KIND.mark) return false;
    const stream = this.#stream(record.stream);
    stream.acked = Math.max(stream.acked, record.acked);
    stream.lastPosition = Math.max(stream.lastPosition, record.position);
    if (record.source > 0) this.#addSource(record);
    if (record.kind === KIND.stream) stream.name = record.text;
    if (record.kind !== KIND.data) return false;
    if (record.position <= (this.#lastFound.get(stream) ?? 0)) return false;
    this.#lastFound.set(stream, record.position);
    return true;
  }

  /** Lists a record that counts where it lies. */
  index(record: FoundRecord): void {
    this.#state.run(record.segment, this.#stream(record.stream)).add(record);
  }

  #stream(number: number): Stream {
    let stream = this.#streams.get(number);
    if (stream === undefined) {
      stream = new Stream(number, '');
      this.#streams.set(number, stream);
      this.#state.lastStream = Math.max(this.#state.lastStream, number);
    }
    return stream;
  }

  #addSource({ source: number, stream, seq, kind, text }: FoundRecord): void {
    let source = this.#sources.get(number);
    if (source === undefined) {
      source = { number, stream, epoch: '', seq: 0, isDefined: false };
      this.#sources.set(number, source);
      this.#state.lastSource = Math.max(this.#state.lastSource, number);
    }
    source.seq = Math.max(source.seq, seq);
    if (kind === KIND.source) source.epoch = text;
  }

  /** All segments have been gone through. */
  finish(): void {
    for (const source of this.#sources.values()) {
      const stream = this.#streams.get(source.stream);
      // Of a source whose epoch is damaged nobody can ask.
      if (source.epoch === '' || source.seq === 0 || stream === undefined) continue;
      const other = stream.sources.get(source.epoch);
      if (other === undefined || other.seq < source.seq) stream.sources.set(source.epoch, source);
    }
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

  stream(number: number): Stream | undefined {
    return this.#streams.get(number);
  }
}
