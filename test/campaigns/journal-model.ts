import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { HeldMessages } from '../../engine/queues/held-messages.ts';
import { parseHeldStream } from '../../engine/storage/held-streams.ts';
import type { Store, StoredRecord } from '../../engine/storage/store.ts';

/** A batch that was handed to the journal. */
export interface Batch {
  readonly ids: readonly string[];
  readonly source: { readonly epoch: string; readonly firstSeq: number } | undefined;
}

interface Kept {
  readonly id: string;
  /** `asked`: an ack may or may not have got there; `written`: it outlives the process; `durable`: a power loss, too. */
  ack: 'none' | 'asked' | 'written' | 'durable';
}

const WHOLE = 1_000_000_000;

/** A payload that says which it is, and whether it is as it was: its filler may be anything. */
export function payloadOf(id: string, filler: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${id}|${sumOf(filler)}`, 'latin1'), filler]);
}

function sumOf(filler: Buffer): string {
  return createHash('md5').update(filler).digest('hex').slice(0, 8);
}

function isIntact({ payload }: StoredRecord): boolean {
  const sumAt = payload.indexOf(0x7c) + 1;
  return payload.toString('latin1', sumAt, sumAt + 8) === sumOf(payload.subarray(sumAt + 8));
}

export const idOf = ({ payload }: StoredRecord): string =>
  payload.toString('latin1', 0, payload.indexOf(0x7c));

/** What a stream must hold, according to what was confirmed. */
export class StreamModel {
  readonly name: string;
  #kept: Kept[] = [];
  /** Batches of which nobody knows, or that were refused: they may turn up after a start, whole, or never. */
  #open: Batch[] = [];
  readonly #positions = new Map<number, string>();
  #lastPosition = 0;
  /** Records that were found behind a hole. */
  heldCount = 0;
  /** The last seq of each epoch that is confirmed. */
  readonly confirmedSeq = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }

  tried(batch: Batch): void {
    this.#open.push(batch);
  }

  confirmed(batch: Batch): void {
    this.#open = this.#open.filter((other) => other !== batch);
    const known = new Set(this.#kept.map(({ id }) => id));
    const last = batch.source === undefined ? 0 : (this.confirmedSeq.get(batch.source.epoch) ?? 0);
    for (const [index, id] of batch.ids.entries()) {
      const seq = (batch.source?.firstSeq ?? 1) + index;
      if (seq > last && !known.has(id)) this.#kept.push({ id, ack: 'none' });
    }
    if (batch.source === undefined) return;
    const end = batch.source.firstSeq + batch.ids.length - 1;
    this.confirmedSeq.set(batch.source.epoch, Math.max(last, end));
  }

  /** Everything up to that record was acknowledged. */
  acked(id: string, ack: 'asked' | 'written' | 'durable'): void {
    const rank = ['none', 'asked', 'written', 'durable'];
    const end = this.#kept.findIndex((kept) => kept.id === id);
    for (const kept of this.#kept.slice(0, end + 1)) {
      if (rank.indexOf(ack) > rank.indexOf(kept.ack)) kept.ack = ack;
    }
  }

  get lastId(): string | undefined {
    return this.#kept.at(-1)?.id;
  }

  /** Compares with a journal at rest, within one life. */
  async checkRunning(store: Store): Promise<readonly StoredRecord[]> {
    const records = await this.#checkStore(store);
    const expected = this.#kept.filter(({ ack }) => ack === 'none').map(({ id }) => id);
    assert.deepEqual(records.map(idOf), expected, `stream ${this.name} while it runs`);
    return records;
  }

  /** Compares with a journal that has just started, and takes over what it holds. */
  async checkRestarted(store: Store, how: { readonly powerLost: boolean }): Promise<void> {
    const records = await this.#checkStore(store);
    const found = records.map(idOf);
    assert.equal(new Set(found).size, found.length, `stream ${this.name}: a record twice`);
    const present = new Set(found);
    const kept = new Set(this.#kept.map(({ id }) => id));
    for (const { id, ack } of this.#kept) {
      if (ack === 'none') assert.ok(present.has(id), `stream ${this.name}: ${id} was confirmed and is lost`);
      if (ack === 'durable' || (ack === 'written' && !how.powerLost))
        assert.ok(!present.has(id), `stream ${this.name}: ${id} was acknowledged and is back`);
    }
    const order = this.#kept.filter(({ id }) => present.has(id)).map(({ id }) => id);
    assert.deepEqual(
      found.filter((id) => kept.has(id)),
      order,
      `stream ${this.name}: order`,
    );
    const extra = found.slice(order.length);
    assert.ok(
      extra.every((id) => !kept.has(id)),
      `stream ${this.name}: something unconfirmed before something confirmed`,
    );
    await this.#checkSources(store, new Set([...kept, ...extra]));
    this.#checkExtra(extra);
    await this.#checkHeld(store, new Set([...kept, ...extra]));
    this.#kept = found.map((id) => ({ id, ack: 'none' }));
  }

  #checkExtra(extra: readonly string[]): void {
    const plain = extra.filter((id) => id.startsWith('p'));
    const inOrder = this.#open.flatMap(({ ids }) => ids).filter((id) => plain.includes(id));
    assert.deepEqual(plain, inOrder, `stream ${this.name}: what came back is in order`);
    const sent = new Set(this.#open.flatMap(({ ids }) => ids));
    assert.ok(
      extra.every((id) => sent.has(id)),
      `stream ${this.name}: something that was never sent`,
    );
  }

  /** What lies behind a hole is held back: it was sent, it is not in the stream, and it is in order. */
  async #checkHeld(store: Store, everKept: ReadonlySet<string>): Promise<void> {
    const sources = await store.lastSource(this.name);
    const sent = new Set(this.#open.flatMap(({ ids }) => ids));
    for (const name of await store.streams()) {
      const held = parseHeldStream(name);
      if (held?.stream !== this.name) continue;
      let last = 0;
      for (const record of await store.read(name, 0, WHOLE)) {
        const { seq = 0 } = record;
        const id: string = `s${held.epoch}.${seq}`;
        assert.equal(idOf(record), id, `${name}: it knows its number`);
        assert.ok(isIntact(record), `${name}: ${id} is not as it was`);
        assert.ok(seq > last, `${name}: ${id} is not in order`);
        last = seq;
        const isHad: boolean = seq <= (sources.get(held.epoch) ?? 0);
        assert.equal(everKept.has(id), isHad, `${name}: ${id} is there and known, or neither`);
        assert.ok(isHad || sent.has(id), `${name}: ${id} was never sent`);
        this.heldCount += 1;
      }
    }
  }

  /** What its senders send no more comes into the stream at last. */
  async releaseHeld(store: Store): Promise<void> {
    this.#open = [];
    const messages = new HeldMessages({ store, stream: this.name });
    await messages.restore();
    for (const epoch of messages.epochs) {
      const { lastSeq } = await messages.release(epoch, Number.MAX_SAFE_INTEGER);
      if (lastSeq !== undefined) this.confirmedSeq.set(epoch, lastSeq);
    }
    const known = new Set(this.#kept.map(({ id }) => id));
    for (const record of await this.#checkStore(store))
      if (!known.has(idOf(record))) this.#kept.push({ id: idOf(record), ack: 'none' });
  }

  async #checkSources(store: Store, everKept: ReadonlySet<string>): Promise<void> {
    const sources = await store.lastSource(this.name);
    for (const [epoch, confirmed] of this.confirmedSeq)
      assert.ok(
        (sources.get(epoch) ?? 0) >= confirmed,
        `stream ${this.name}: ${epoch} fell behind ${confirmed}`,
      );
    for (const [epoch, seq] of sources) {
      for (let each = (this.confirmedSeq.get(epoch) ?? 0) + 1; each <= seq; each += 1)
        assert.ok(
          everKept.has(`s${epoch}.${each}`),
          `stream ${this.name}: ${epoch} says ${seq}, without ${each}`,
        );
      this.confirmedSeq.set(epoch, seq);
    }
    for (const id of everKept) {
      const [epoch = '', seq] = id.slice(1).split('.');
      if (id.startsWith('s'))
        assert.ok(Number(seq) <= (sources.get(epoch) ?? 0), `stream ${this.name}: ${id} is not known as had`);
    }
  }

  async #checkStore(store: Store): Promise<readonly StoredRecord[]> {
    const records: StoredRecord[] = [];
    for (let after = 0; ; after = records.at(-1)?.position ?? 0) {
      const more = await store.read(this.name, after, records.length % 2 === 0 ? WHOLE : 300);
      if (more.length === 0) break;
      records.push(...more);
    }
    let last = 0;
    for (const record of records) {
      assert.ok(record.position > last, `stream ${this.name}: positions rise`);
      last = record.position;
      assert.ok(isIntact(record), `stream ${this.name}: ${idOf(record)} is not as it was`);
      const known = this.#positions.get(last);
      assert.ok(
        known === undefined || known === idOf(record),
        `stream ${this.name}: position ${last} was ${known}`,
      );
      if (known === undefined)
        assert.ok(
          last > this.#lastPosition,
          `stream ${this.name}: ${last} is not above ${this.#lastPosition}`,
        );
      this.#positions.set(last, idOf(record));
    }
    this.#lastPosition = Math.max(this.#lastPosition, last);
    const bytes = records.reduce((sum, { payload }) => sum + payload.length, 0);
    const { lastPosition, ...held } = await store.stat(this.name);
    assert.deepEqual(
      held,
      { count: records.length, bytes, oldestAtMs: records[0]?.atMs },
      `stream ${this.name}: stat`,
    );
    assert.ok(lastPosition >= last, `stream ${this.name}: nothing lies behind its last position`);
    assert.equal(
      (await store.streams()).includes(this.name),
      records.length > 0,
      `stream ${this.name}: in streams()`,
    );
    return records;
  }
}
