import { LIMITS } from '../../base/limits.ts';
import { type Appended, type BatchSource, freshPart } from '../store.ts';
import { RECORD_HEADER_BYTES, SOURCE_BYTES } from './format.ts';
import type { JournalStream, RecordSource, Segment } from './model.ts';
import type { RecordWriter } from './record-writer.ts';
import { factsOf, type JournalState } from './state.ts';

/** An append that waits for its group. */
export interface PendingAppend {
  readonly name: string;
  readonly batch: readonly Buffer[];
  readonly source: BatchSource | undefined;
  readonly sizeBytes: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

interface PlacedAppend {
  readonly append: PendingAppend;
  readonly stream: JournalStream;
  readonly fresh: readonly Buffer[];
  readonly firstPosition: number;
  readonly offset: number;
  /** Bytes of each record besides the payload. */
  readonly overheadBytes: number;
}

/** The maximum size of an append in the journal. */
export function sizeOf(name: string, batch: readonly Buffer[]): number {
  const perRecord = RECORD_HEADER_BYTES + SOURCE_BYTES;
  const definitions = 4 * (RECORD_HEADER_BYTES + 2 * name.length + 128);
  return batch.reduce((sum, { length }) => sum + perRecord + length, definitions);
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
    const source = append.source === undefined ? undefined : this.#state.source(stream, append.source.epoch);
    const part = this.#freshPart(append, source);
    const { fresh } = part;
    if (fresh.length > 0) this.#define(stream, source);
    const firstPosition = this.#state.lastPosition + 1;
    const offset = this.#writer.offset;
    for (const [index, payload] of fresh.entries()) {
      const fields = {
        stream: stream.number,
        position: firstPosition + index,
        atMs: this.#atMs,
        source: source?.number ?? 0,
        seq: source === undefined ? 0 : part.firstSeq + index,
      };
      this.#writer.data(fields, payload);
    }
    this.#state.lastPosition += fresh.length;
    if (source !== undefined && fresh.length > 0) this.#seqs.set(source, part.firstSeq + fresh.length - 1);
    const overheadBytes = RECORD_HEADER_BYTES + (source === undefined ? 0 : SOURCE_BYTES);
    this.#placed.push({ append, stream, fresh, firstPosition, offset, overheadBytes });
  }

  /** Ends the group. The names are repeated here, so that damage at one place destroys no name. */
  finish(): void {
    for (const thing of this.#defined) {
      if (!('epoch' in thing)) this.#write(thing);
      else this.#write({ ...thing, seq: this.#seqOf(thing) });
    }
  }

  /** The group is durable in the segment. */
  confirm(segment: Segment): void {
    for (const thing of this.#defined) thing.isDefined = true;
    for (const [source, seq] of this.#seqs) source.seq = seq;
    for (const { append, stream, fresh, firstPosition, offset, overheadBytes } of this.#placed) {
      if (fresh.length > 0) {
        const run = this.#state.run(segment, stream);
        let at = offset;
        for (const [index, { length }] of fresh.entries()) {
          const end = at + overheadBytes + length;
          run.add({ position: firstPosition + index, offset: at, payloadBytes: length, end });
          at = end;
        }
        stream.lastPosition = run.lastPosition;
        this.#state.revive(run);
      }
      const outcome = fresh.length === 0 && append.batch.length > 0 ? 'duplicate' : 'appended';
      const positions = fresh.map((_, index) => firstPosition + index);
      append.resolve({ outcome, position: stream.lastPosition, positions });
    }
  }

  refuse(error: unknown): void {
    for (const { append } of this.#placed) append.reject(error);
  }

  /** The part of the batch that neither the stream nor this group has yet. */
  #freshPart(
    { batch, source }: PendingAppend,
    known: RecordSource | undefined,
  ): ReturnType<typeof freshPart> {
    if (source === undefined || known === undefined) return { fresh: batch, firstSeq: 0 };
    return freshPart(batch, source, this.#seqOf(known));
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
    if ('epoch' in thing) this.#writer.source(thing);
    else this.#writer.stream(factsOf(thing));
  }
}

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
