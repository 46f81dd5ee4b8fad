import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { parseHeldStream } from '../../engine/storage/held-streams.ts';
import {
  type Appended,
  type Batch,
  lastPositionOf,
  type Store,
  type StoredBatch,
} from '../../engine/storage/store.ts';
import { bytesOf } from '../helpers/batches.ts';
import { releaseHeld } from './release-held.ts';

/** An append that was handed to the journal: the ids of the messages of each of its batches. */
export interface Attempt {
  readonly batches: readonly (readonly string[])[];
  readonly source: { readonly sender: string; readonly epoch: string; readonly firstSeq: number } | undefined;
}

interface Kept {
  readonly id: string;
  /** `asked`: an ack may or may not have arrived; `written`: it outlives the process; `durable`: a power loss, too. */
  ack: 'none' | 'asked' | 'written' | 'durable';
}

/** A message, with the batch in which it was found. */
export interface FoundMessage {
  readonly id: string;
  readonly position: number;
}

const WHOLE = 1_000_000_000;
export const SENDER = 'ann';

/** A batch that says which messages it has, and whether it is as it was: its filler may be anything. */
export function batchOfIds(ids: readonly string[], filler: Buffer): Batch {
  const front = Buffer.from(`${ids.join(',')}|${sumOf(filler)}`, 'latin1');
  const head = Buffer.from(ids[0]?.startsWith('s') ? `head of ${ids[0]}` : '');
  return { count: ids.length, head, records: Buffer.concat([front, filler]) };
}

function sumOf(filler: Buffer): string {
  return createHash('md5').update(filler).digest('hex').slice(0, 8);
}

function checkIntact(batch: StoredBatch, where: string): void {
  const { records, head, count } = batch;
  const ids = idsOf(batch);
  const sumAt = records.indexOf(0x7c) + 1;
  assert.equal(records.toString('latin1', sumAt, sumAt + 8), sumOf(records.subarray(sumAt + 8)), where);
  assert.equal(ids.length, count, `${where}: count`);
  assert.equal(head.toString(), ids[0]?.startsWith('s') ? `head of ${ids[0]}` : '', `${where}: head`);
}

export function idsOf({ records }: Batch): readonly string[] {
  return records.toString('latin1', 0, records.indexOf(0x7c)).split(',');
}

function messagesOf(batches: readonly StoredBatch[]): FoundMessage[] {
  return batches.flatMap((batch) =>
    idsOf(batch).map((id, index) => ({ id, position: batch.position + index })),
  );
}

/** What a stream must have, according to what was confirmed. */
export class StreamModel {
  readonly name: string;
  #kept: Kept[] = [];
  /** Appends whose outcome is unknown, or that were refused: their batches may appear after a start, whole, or never. */
  #open: Attempt[] = [];
  readonly #positions = new Map<number, string>();
  #lastPosition = 0;
  /** Of the last append in this life. */
  #lastAppended: number | undefined;
  /** Batches that were found behind a gap. */
  heldCount = 0;
  /** The last seq of each epoch that is confirmed. */
  readonly confirmedSeq = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }

  tried(attempt: Attempt): void {
    this.#open.push(attempt);
  }

  confirmed(attempt: Attempt, { outcome, positions, position, previous, mark }: Appended): void {
    this.#open = this.#open.filter((other) => other !== attempt);
    // The journal forgets the last position of a stream of which nothing is left.
    if (this.#lastAppended !== undefined && previous > 0)
      assert.equal(previous, this.#lastAppended, `${this.name}: previous`);
    this.#lastAppended = position;
    const { source, batches } = attempt;
    const last = source === undefined ? 0 : (this.confirmedSeq.get(source.epoch) ?? 0);
    const ids = batches.flat();
    const end = source === undefined ? 0 : source.firstSeq + ids.length - 1;
    if (outcome !== 'appended') {
      assert.deepEqual([positions, mark], [[], last], `${this.name}: ${outcome}`);
      assert.equal(outcome, end <= last ? 'duplicate' : 'overlap', `${this.name}: after ${last}`);
      return;
    }
    assert.equal(positions.length, batches.length);
    for (const id of ids) this.#kept.push({ id, ack: 'none' });
    if (source === undefined) return;
    assert.ok(source.firstSeq > last, `${this.name}: ${source.firstSeq} was appended after ${last}`);
    assert.equal(mark, end, `${this.name}: mark`);
    this.confirmedSeq.set(source.epoch, end);
  }

  /** Everything up to that message was acknowledged. */
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

  /** Compares with a journal at rest, within one life. Returns the messages that are not acknowledged. */
  async checkRunning(store: Store): Promise<readonly FoundMessage[]> {
    const messages = await this.#checkStore(store);
    const expected = this.#kept.filter(({ ack }) => ack === 'none').map(({ id }) => id);
    assert.deepEqual(
      messages.map(({ id }) => id),
      expected,
      `stream ${this.name} while it runs`,
    );
    return messages;
  }

  /** Compares with a journal that has just started, and adopts what it has. */
  async checkRestarted(store: Store, how: { readonly powerLost: boolean }): Promise<void> {
    this.#lastAppended = undefined;
    const found = (await this.#checkStore(store)).map(({ id }) => id);
    assert.equal(new Set(found).size, found.length, `stream ${this.name}: a message twice`);
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
    await this.#checkMarks(store, new Set([...kept, ...extra]));
    this.#checkExtra(extra);
    await this.#checkHeld(store, new Set([...kept, ...extra]));
    this.#kept = found.map((id) => ({ id, ack: 'none' }));
  }

  #checkExtra(extra: readonly string[]): void {
    const plain = extra.filter((id) => id.startsWith('p'));
    const sent = this.#open.flatMap(({ batches }) => batches);
    const inOrder = sent.flat().filter((id) => plain.includes(id));
    assert.deepEqual(plain, inOrder, `stream ${this.name}: what came back is in order`);
    const present = new Set(extra);
    const whole = new Set(sent.filter((ids) => ids.every((id) => present.has(id))).flat());
    assert.ok(
      extra.every((id) => whole.has(id)),
      `stream ${this.name}: something that was never sent, or a part of a batch`,
    );
  }

  /** What is behind a gap is held back: it was sent, it is not in the stream, and it is in order. */
  async #checkHeld(store: Store, everKept: ReadonlySet<string>): Promise<void> {
    const marks = await seqsOf(store, this.name);
    const sent = new Set(this.#open.flatMap(({ batches }) => batches.flat()));
    for (const name of await store.streams()) {
      const held = parseHeldStream(name);
      if (held?.stream !== this.name) continue;
      assert.equal(held.sender, SENDER);
      let last = 0;
      for (const batch of await store.read(name, 0, WHOLE)) {
        const { seq = 0, count } = batch;
        const ids: string[] = Array.from({ length: count }, (_, index) => `s${held.epoch}.${seq + index}`);
        assert.deepEqual(idsOf(batch), ids, `${name}: it knows its numbers`);
        checkIntact(batch, `${name}: ${ids[0]}`);
        assert.ok(seq > last, `${name}: ${ids[0]} is not in order`);
        last = seq + count - 1;
        const isKnown: boolean = seq <= (marks.get(held.epoch) ?? 0);
        for (const id of ids) {
          assert.equal(everKept.has(id), isKnown, `${name}: ${id} is there and known, or neither`);
          assert.ok(isKnown || sent.has(id), `${name}: ${id} was never sent`);
        }
        this.heldCount += 1;
      }
    }
  }

  /** What its senders send no more enters the stream at last. */
  async releaseHeld(store: Store): Promise<void> {
    this.#open = [];
    for (const [name, seq] of await releaseHeld(store, this.name))
      this.confirmedSeq.set(name.split(' ')[0] ?? '', seq);
    const known = new Set(this.#kept.map(({ id }) => id));
    for (const { id } of await this.#checkStore(store))
      if (!known.has(id)) this.#kept.push({ id, ack: 'none' });
  }

  async #checkMarks(store: Store, everKept: ReadonlySet<string>): Promise<void> {
    const marks = await seqsOf(store, this.name);
    for (const [epoch, confirmed] of this.confirmedSeq)
      assert.ok(
        (marks.get(epoch) ?? 0) >= confirmed,
        `stream ${this.name}: ${epoch} fell behind ${confirmed}`,
      );
    for (const [epoch, seq] of marks) {
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
        assert.ok(Number(seq) <= (marks.get(epoch) ?? 0), `stream ${this.name}: ${id} is not known`);
    }
  }

  /** Reads the whole stream and returns the messages that are not acknowledged. */
  async #checkStore(store: Store): Promise<readonly FoundMessage[]> {
    const batches: StoredBatch[] = [];
    for (let after = 0; ; ) {
      const more = await store.read(this.name, after, batches.length % 2 === 0 ? WHOLE : 300);
      const end = more.at(-1);
      if (end === undefined) break;
      batches.push(...more);
      after = lastPositionOf(end);
    }
    for (const batch of batches) checkIntact(batch, `stream ${this.name}: ${idsOf(batch)[0]}`);
    const messages = messagesOf(batches);
    this.#checkPositions(messages);
    const { lastPosition, count, acked, ...stat } = await store.stat(this.name);
    assert.deepEqual(
      stat,
      { bytes: bytesOf(batches), oldestAtMs: batches[0]?.atMs },
      `stream ${this.name}: stat`,
    );
    assert.ok(lastPosition >= this.#lastOf(messages), `stream ${this.name}: its last position`);
    const ackedCount = messages.length - count;
    assert.ok(
      ackedCount >= 0 && (ackedCount === 0 || ackedCount < (batches[0]?.count ?? 0)),
      `stream ${this.name}: ${count} of ${messages.length} messages are not acknowledged`,
    );
    const isListed = (await store.streams()).includes(this.name);
    assert.equal(isListed, batches.length > 0, `stream ${this.name}: in streams()`);
    const unacked = messages.slice(ackedCount);
    assert.ok(
      unacked.every(({ position }) => position > acked) &&
        messages.slice(0, ackedCount).every(({ position }) => position <= acked),
      `stream ${this.name}: acknowledged up to ${acked}`,
    );
    await this.#checkReadInside(store, unacked);
    return unacked;
  }

  /** A read from behind the first unacknowledged message begins with the batch of the next one. */
  async #checkReadInside(store: Store, [first, next]: readonly FoundMessage[]): Promise<void> {
    if (first === undefined || next === undefined) return;
    const [batch] = await store.read(this.name, first.position, 1);
    assert.ok(batch !== undefined && idsOf(batch).includes(next.id), `stream ${this.name}: a read inside`);
  }

  #checkPositions(messages: readonly FoundMessage[]): void {
    let last = 0;
    for (const { id, position } of messages) {
      assert.ok(position > last, `stream ${this.name}: positions rise`);
      last = position;
      const known = this.#positions.get(position);
      assert.ok(
        known === undefined || known === id,
        `stream ${this.name}: position ${position} was ${known}`,
      );
      if (known === undefined)
        assert.ok(
          position > this.#lastPosition,
          `stream ${this.name}: ${position} is not above ${this.#lastPosition}`,
        );
      this.#positions.set(position, id);
    }
    this.#lastPosition = Math.max(this.#lastPosition, last);
  }

  #lastOf(messages: readonly FoundMessage[]): number {
    return messages.at(-1)?.position ?? 0;
  }
}

async function seqsOf(store: Store, stream: string): Promise<ReadonlyMap<string, number>> {
  return new Map((await store.marks(stream, SENDER)).map(({ epoch, seq }) => [epoch, seq]));
}
