import { LIMITS } from '../../base/limits.ts';
import { type Appended, type Batch, type BatchSource, compareWithMark, sizeOfBatch } from '../store.ts';
import { RECORD_HEADER_BYTES } from './format.ts';
import type { JournalStream, RecordSource, Segment } from './model.ts';
import { type RecordWriter, recordBytes } from './record-writer.ts';
import { factsOf, type JournalState } from './state.ts';

/** An append that waits for its group. */
export interface PendingAppend {
  readonly name: string;
  readonly batches: readonly Batch[];
  /** Of messages. */
  readonly count: number;
  readonly source: BatchSource | undefined;
  readonly sizeBytes: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

interface PlacedAppend {
  readonly append: PendingAppend;
  readonly stream: JournalStream;
  readonly outcome: Appended['outcome'];
  readonly mark: number | undefined;
  readonly firstPosition: number;
  readonly offset: number;
}

/** The maximum size of an append in the journal. */
export function appendBytes(name: string, batches: readonly Batch[]): number {
  const definitions = 4 * (RECORD_HEADER_BYTES + 2 * name.length + 128);
  return batches.reduce((sum, batch) => sum + recordBytes(batch, true), definitions);
}

/**
 * Appends that are written together. Their effects become visible only in `confirm`. Before that, or if the write
 * fails, only their positions are used up.
 */
export class Group {
  readonly #state: JournalState;
  readonly #writer: RecordWriter;
  readonly #atMs: number;
  readonly #placed: PlacedAppend[] = [];
  readonly #seqs = new Map<RecordSource, number>();
  readonly #defined = new Set<JournalStream | RecordSource>();

  /** @param writer has begun at the offset of the group */
  constructor(state: JournalState, writer: RecordWriter, atMs: number) {
    this.#state = state;
    this.#writer = writer;
    this.#atMs = atMs;
  }

  /** @throws AiocError AIOC_STORE_GAP; nothing of this append is in the group then */
  add(append: PendingAppend): void {
    const stream = this.#state.stream(append.name);
    const known = append.source && this.#state.source(stream, append.source);
    const last = known === undefined ? 0 : this.#seqOf(known);
    const outcome =
      append.source === undefined ? 'appended' : compareWithMark(append.source, append.count, last);
    const isNew = outcome === 'appended' && append.count > 0;
    if (isNew) this.#define(stream, known);
    const placed: PlacedAppend = {
      append,
      stream,
      outcome,
      mark: known === undefined ? undefined : isNew ? this.#nextSeq(append) - 1 : last,
      firstPosition: this.#state.lastPosition + 1,
      offset: this.#writer.offset,
    };
    this.#placed.push(placed);
    if (!isNew) return;
    this.#writeBatches(placed, known);
    this.#state.lastPosition += append.count;
    if (known !== undefined) this.#seqs.set(known, this.#nextSeq(append) - 1);
  }

  #writeBatches({ append, stream, firstPosition }: PlacedAppend, known: RecordSource | undefined): void {
    let position = firstPosition;
    let seq = append.source?.firstSeq ?? 0;
    for (const batch of append.batches) {
      const source = known?.number ?? 0;
      this.#writer.batch({ stream: stream.number, position, atMs: this.#atMs, source, seq }, batch);
      position += batch.count;
      seq += batch.count;
    }
  }

  /** The number after those of an append. */
  #nextSeq({ source, count }: PendingAppend): number {
    return (source?.firstSeq ?? 0) + count;
  }

  /** Ends the group. The names are repeated here, so that damage at one place destroys no name. */
  finish(): void {
    for (const thing of this.#defined) {
      if (!('markName' in thing)) this.#write(thing);
      else this.#write({ ...thing, seq: this.#seqOf(thing) });
    }
  }

  /** The group is durable in the segment. */
  confirm(segment: Segment): void {
    for (const thing of this.#defined) thing.isDefined = true;
    for (const [source, seq] of this.#seqs) source.seq = seq;
    for (const placed of this.#placed) {
      const { append, stream, outcome, mark } = placed;
      const previous = stream.lastPosition;
      const positions =
        outcome !== 'appended' || append.count === 0 ? NO_POSITIONS : this.#index(segment, placed);
      append.resolve({ outcome, position: stream.lastPosition, positions, previous, mark });
    }
  }

  /** Adds the batches of an append to the index, and returns their positions. */
  #index(segment: Segment, { append, stream, firstPosition, offset }: PlacedAppend): readonly number[] {
    const run = this.#state.run(segment, stream);
    let next = firstPosition;
    let at = offset;
    const positions = append.batches.map((batch) => {
      const { count } = batch;
      const position = next;
      const end = at + recordBytes(batch, append.source !== undefined);
      run.add({ position, count, offset: at, sizeBytes: sizeOfBatch(batch), end });
      next += count;
      at = end;
      return position;
    });
    stream.lastPosition = run.lastPosition;
    this.#state.revive(run);
    return positions;
  }

  refuse(error: unknown): void {
    for (const { append } of this.#placed) append.reject(error);
  }

  #seqOf(source: RecordSource): number {
    return this.#seqs.get(source) ?? source.seq;
  }

  /** Writes the names of streams and sources before the records that use their numbers. */
  #define(...things: (JournalStream | RecordSource | undefined)[]): void {
    for (const thing of things) {
      if (thing === undefined || thing.isDefined || this.#defined.has(thing)) continue;
      this.#write(thing);
      this.#defined.add(thing);
    }
  }

  #write(thing: JournalStream | RecordSource): void {
    if ('markName' in thing) this.#writer.source(thing);
    else this.#writer.stream(factsOf(thing));
  }
}

const NO_POSITIONS: readonly number[] = [];

/** Removes the first appends of the queue that fit into one group, at least one. */
export function takeGroup<T extends { readonly sizeBytes: number }>(queue: T[], isSingle: boolean): T[] {
  let count = 0;
  let bytes = 0;
  while (count < queue.length && (count === 0 || !isSingle)) {
    bytes += queue[count]?.sizeBytes ?? 0;
    if (count > 0 && bytes > LIMITS.journalGroupBytes) break;
    count += 1;
  }
  return queue.splice(0, count);
}
