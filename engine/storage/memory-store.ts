import type { Clock } from '../base/ports.ts';
import { realRandomness } from '../base/real-ports.ts';
import {
  type Appended,
  type BatchSource,
  freshPart,
  type Store,
  type StoredRecord,
  type StreamStat,
} from './store.ts';

interface MemoryStream {
  records: StoredRecord[];
  /** Records before this index are acknowledged. They are removed now and then, not with each ack. */
  first: number;
  bytes: number;
  lastPosition: number;
  readonly sources: Map<string, number>;
}

/** Keeps records in memory, until the program ends. */
export class MemoryStore implements Store {
  readonly #clock: Clock;
  /** Must be unique in every process, so it does not come from the ports, which tests simulate. */
  readonly #identity = realRandomness().bytes(16).toString('hex');
  readonly #streams = new Map<string, MemoryStream>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  identity(): string {
    return this.#identity;
  }

  async append(name: string, batch: readonly Buffer[], source?: BatchSource): Promise<Appended> {
    const stream = this.#stream(name);
    const last = source === undefined ? 0 : (stream.sources.get(source.epoch) ?? 0);
    const fresh = source === undefined ? batch : freshPart(batch, source, last).fresh;
    const positions: number[] = [];
    for (const payload of fresh) {
      stream.lastPosition += 1;
      positions.push(stream.lastPosition);
      stream.records.push({ position: stream.lastPosition, payload, atMs: this.#clock.wallNow() });
      stream.bytes += payload.length;
    }
    if (source !== undefined && fresh.length > 0) {
      stream.sources.set(source.epoch, source.firstSeq + batch.length - 1);
    }
    const outcome = fresh.length === 0 && batch.length > 0 ? 'duplicate' : 'appended';
    return { outcome, position: stream.lastPosition, positions };
  }

  async read(name: string, after: number, maxBytes: number): Promise<readonly StoredRecord[]> {
    const stream = this.#streams.get(name);
    if (stream === undefined) return [];
    const found: StoredRecord[] = [];
    let bytes = 0;
    for (let index = firstBehind(stream, after); index < stream.records.length; index += 1) {
      const record = stream.records[index] as StoredRecord;
      bytes += record.payload.length;
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(record);
    }
    return found;
  }

  async ack(name: string, upTo: number): Promise<void> {
    const stream = this.#streams.get(name);
    if (stream === undefined) return;
    const next = firstBehind(stream, upTo);
    for (let index = stream.first; index < next; index += 1) {
      stream.bytes -= (stream.records[index] as StoredRecord).payload.length;
    }
    stream.first = next;
    if (stream.first * 2 > stream.records.length) {
      stream.records = stream.records.slice(stream.first);
      stream.first = 0;
    }
  }

  async lastSource(name: string): Promise<ReadonlyMap<string, number>> {
    return new Map(this.#streams.get(name)?.sources);
  }

  async forgetSource(name: string, epoch: string): Promise<void> {
    this.#streams.get(name)?.sources.delete(epoch);
  }

  async stat(name: string): Promise<StreamStat> {
    const stream = this.#streams.get(name);
    if (stream === undefined) return { count: 0, bytes: 0, oldestAtMs: undefined, lastPosition: 0 };
    const { records, first, bytes, lastPosition } = stream;
    return { count: records.length - first, bytes, oldestAtMs: records[first]?.atMs, lastPosition };
  }

  async streams(): Promise<readonly string[]> {
    return [...this.#streams]
      .filter(([, { records, first }]) => records.length > first)
      .map(([name]) => name);
  }

  async purge(name: string): Promise<number> {
    const stream = this.#streams.get(name);
    if (stream === undefined) return 0;
    const count = stream.records.length - stream.first;
    stream.records = [];
    stream.first = 0;
    stream.bytes = 0;
    return count;
  }

  async close(): Promise<void> {
    this.#streams.clear();
  }

  #stream(name: string): MemoryStream {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = { records: [], first: 0, bytes: 0, lastPosition: 0, sources: new Map() };
      this.#streams.set(name, stream);
    }
    return stream;
  }
}

/** Index of the first unacknowledged record after the position. */
function firstBehind({ records, first }: MemoryStream, position: number): number {
  let low = first;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle] as StoredRecord).position <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
