import type { Clock } from '../base/ports.ts';
import { realRandomness } from '../base/real-ports.ts';
import { markName } from './mark-name.ts';
import {
  type Appended,
  type Batch,
  type BatchSource,
  compareWithMark,
  lastPositionOf,
  messagesIn,
  type SourceMark,
  type Store,
  type StoredBatch,
  type StreamStat,
  sizeOfBatch,
} from './store.ts';

interface MemoryMark extends SourceMark {
  seq: number;
}

interface MemoryStream {
  batches: StoredBatch[];
  /** All messages of the batches before this index are acknowledged. They are removed now and then, not with each ack. */
  first: number;
  /** Messages and bytes of the batches from `first` on. */
  count: number;
  bytes: number;
  /** The last acknowledged position. */
  acked: number;
  lastPosition: number;
  readonly marks: Map<string, MemoryMark>;
}

/** Keeps batches in memory, until the program ends. */
export class MemoryStore implements Store {
  readonly #clock: Clock;
  readonly #positionAfter: (last: number) => number;
  /** Must be unique in every process, so it does not come from the ports, which tests simulate. */
  readonly #identity = realRandomness().bytes(16).toString('hex');
  readonly #streams = new Map<string, MemoryStream>();

  /** @param positionAfter the position of the first message of a batch, given the last position of its stream */
  constructor(clock: Clock, positionAfter = (last: number): number => last + 1) {
    this.#clock = clock;
    this.#positionAfter = positionAfter;
  }

  identity(): string {
    return this.#identity;
  }

  async append(name: string, batches: readonly Batch[], source?: BatchSource): Promise<Appended> {
    const stream = this.#stream(name);
    const count = messagesIn(batches);
    const known = source === undefined ? undefined : stream.marks.get(markName(source));
    const outcome = source === undefined ? 'appended' : compareWithMark(source, count, known?.seq ?? 0);
    const previous = stream.lastPosition;
    const positions: number[] = [];
    if (outcome !== 'appended')
      return { outcome, position: previous, positions, previous, mark: known?.seq ?? 0 };
    let seq = source?.firstSeq ?? 0;
    for (const batch of batches) {
      positions.push(this.#add(stream, batch, source && { ...source, firstSeq: seq }));
      seq += batch.count;
    }
    const mark = source === undefined ? undefined : noteMark(stream, source, count);
    return { outcome, position: stream.lastPosition, positions, previous, mark };
  }

  #add(stream: MemoryStream, { count, head, records }: Batch, source: BatchSource | undefined): number {
    const position = this.#positionAfter(stream.lastPosition);
    stream.lastPosition = position + count - 1;
    stream.batches.push({
      position,
      count,
      head,
      records,
      atMs: this.#clock.wallNow(),
      seq: source?.firstSeq,
      sender: source?.sender,
      epoch: source?.epoch,
    });
    stream.count += count;
    stream.bytes += sizeOfBatch({ head, records });
    return position;
  }

  async read(name: string, after: number, maxBytes: number): Promise<readonly StoredBatch[]> {
    const stream = this.#streams.get(name);
    if (stream === undefined) return [];
    const found: StoredBatch[] = [];
    let bytes = 0;
    for (let index = firstBehind(stream, after); index < stream.batches.length; index += 1) {
      const batch = stream.batches[index] as StoredBatch;
      bytes += batch.records.length;
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(batch);
    }
    return found;
  }

  async ack(name: string, upTo: number): Promise<void> {
    const stream = this.#streams.get(name);
    if (stream === undefined) return;
    stream.acked = Math.max(stream.acked, Math.min(upTo, stream.lastPosition));
    const next = firstBehind(stream, upTo);
    for (let index = stream.first; index < next; index += 1) {
      const batch = stream.batches[index] as StoredBatch;
      stream.count -= batch.count;
      stream.bytes -= sizeOfBatch(batch);
    }
    stream.first = next;
    if (stream.first * 2 > stream.batches.length) {
      stream.batches = stream.batches.slice(stream.first);
      stream.first = 0;
    }
  }

  async marks(name: string, sender?: string): Promise<readonly SourceMark[]> {
    const marks = [...(this.#streams.get(name)?.marks.values() ?? [])];
    return marks
      .filter((mark) => sender === undefined || mark.sender === sender)
      .map((mark) => ({ ...mark }));
  }

  async forgetMark(name: string, mark: Pick<SourceMark, 'sender' | 'epoch'>): Promise<void> {
    this.#streams.get(name)?.marks.delete(markName(mark));
  }

  async stat(name: string): Promise<StreamStat> {
    const stream = this.#streams.get(name);
    if (stream === undefined) return { count: 0, bytes: 0, oldestAtMs: undefined, lastPosition: 0, acked: 0 };
    const { batches, first, bytes, lastPosition, acked } = stream;
    return { count: countOf(stream), bytes, oldestAtMs: batches[first]?.atMs, lastPosition, acked };
  }

  async streams(): Promise<readonly string[]> {
    return [...this.#streams]
      .filter(([, { batches, first }]) => batches.length > first)
      .map(([name]) => name);
  }

  async purge(name: string): Promise<number> {
    const stream = this.#streams.get(name);
    if (stream === undefined) return 0;
    const count = countOf(stream);
    stream.batches = [];
    stream.first = 0;
    stream.count = 0;
    stream.bytes = 0;
    stream.acked = stream.lastPosition;
    return count;
  }

  async close(): Promise<void> {
    this.#streams.clear();
  }

  #stream(name: string): MemoryStream {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = { batches: [], first: 0, count: 0, bytes: 0, acked: 0, lastPosition: 0, marks: new Map() };
      this.#streams.set(name, stream);
    }
    return stream;
  }
}

function noteMark(stream: MemoryStream, source: BatchSource, count: number): number {
  const name = markName(source);
  const known = stream.marks.get(name);
  if (count === 0) return known?.seq ?? 0;
  const seq = source.firstSeq + count - 1;
  if (known === undefined) stream.marks.set(name, { sender: source.sender, epoch: source.epoch, seq });
  else known.seq = seq;
  return seq;
}

/** Number of unacknowledged messages: those of the first batch may be acknowledged in part. */
function countOf({ batches, first, count, acked }: MemoryStream): number {
  const position = batches[first]?.position ?? Number.POSITIVE_INFINITY;
  return count - Math.max(0, acked - position + 1);
}

/** Index of the first batch with unacknowledged messages after the position. */
function firstBehind({ batches, first }: MemoryStream, position: number): number {
  let low = first;
  let high = batches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lastPositionOf(batches[middle] as StoredBatch) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
