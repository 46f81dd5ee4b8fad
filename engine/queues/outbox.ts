import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import { RateMeter } from '../base/rate-meter.ts';
import type { WhenFull } from '../config/shapes.ts';
import { type MessageNumber, type NumberOnWire, newEpoch } from '../protocol/message-number.ts';
import type { Store } from '../storage/store.ts';
import type { Capacity } from './capacity.ts';
import type { Companions, OutMessage } from './out-message.ts';
import { type MessageParts, packMessage, renumber, unpackMessage } from './packed-message.ts';

/** A message that has its place in the queue. */
export interface Place {
  readonly companions: Companions;
  readonly number: MessageNumber;
  readonly position: number;
  readonly sizeBytes: number;
  readonly atMs: number;
  sent: boolean;
  gone: boolean;
}

/** One that is ready to be sent. */
export interface OutboxEntry extends Place {
  readonly parts: MessageParts;
}

/** What a message takes at the other side until it is dealt with: one with a file, whose size is not known, much. */
export function weightOf({ sizeBytes, companions }: Pick<Place, 'sizeBytes' | 'companions'>): number {
  return sizeBytes + (companions.body === undefined ? 0 : LIMITS.fileWeightBytes);
}

export interface OutboxOptions {
  readonly type: string;
  /** The name of its stream in the store. */
  readonly stream: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly capacity: Capacity;
  readonly whenFull: WhenFull;
  readonly random: Pick<Randomness, 'bytes'>;
  /** How a message of an earlier run, or one too many to be watched, is accompanied. */
  readonly revive: (parts: MessageParts) => Companions;
}

/**
 * What waits to go to one peer under one message type, in order. A message stays in the store until the other side
 * has acknowledged it; memory holds only a window of those that come next, however many wait.
 */
export class Outbox {
  readonly type: string;
  readonly arrivals: RateMeter;
  readonly departures: RateMeter;
  readonly #options: OutboxOptions;
  #window: OutboxEntry[] = [];
  #nextUnsent = 0;
  /** The last position that is, or was, in the window. */
  #windowEnd = 0;
  #storedEnd = 0;
  #depth = 0;
  #bytes = 0;
  #dropped = 0;
  /** Messages of this run that are in the store only, by position: those that came first, as many as are watched. */
  readonly #beyond = new Map<number, Place>();
  #loading: Promise<void> | undefined;
  /** Room is made for one message after the other, so that they keep their order. */
  #roomMaking: Promise<void> | undefined;
  /** Messages that are on their way into the store, and who waits for one of them to be there. */
  #arriving = 0;
  #onArrived: (() => void)[] = [];
  /** How many at the window's beginning are gone, which the store knows; they are cut off now and then, not each time. */
  #front = 0;
  /** Of each life of this queue its own, so that no number is ever given twice, whatever the store has lost. */
  readonly #epoch: string;
  #lastSeq = 0;
  /** For messages in the store that have no number. */
  readonly #epochOfUnnumbered: string;
  #lastUnnumbered = 0;
  /** The number that went out last on the present connection. */
  #lastSent: MessageNumber | undefined;
  #unconfirmed = 0;
  #unconfirmedBytes = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.type = options.type;
    this.#epoch = newEpoch(options.random);
    this.#epochOfUnnumbered = newEpoch(options.random);
    this.arrivals = new RateMeter(options.clock);
    this.departures = new RateMeter(options.clock);
  }

  /** Finds again what an earlier run has left in the store. Before anything is offered. */
  async restore(): Promise<void> {
    const { store, stream } = this.#options;
    const { count, bytes, lastPosition } = await store.stat(stream);
    this.#depth = count;
    this.#bytes = bytes;
    this.#storedEnd = lastPosition;
    if (count === 0) this.#windowEnd = lastPosition;
    else await this.load();
  }

  get depth(): number {
    return this.#depth;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Messages that were dropped because the queue was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** When the oldest came, in milliseconds since 1970. */
  get oldestAtMs(): number | undefined {
    return this.#window[this.#front]?.atMs;
  }

  /** How many have been sent on the present connection and were not acknowledged. */
  get unconfirmed(): number {
    return this.#unconfirmed;
  }

  get unconfirmedBytes(): number {
    return this.#unconfirmedBytes;
  }

  /**
   * Keeps a message until it is acknowledged.
   *
   * @throws AiocError AIOC_QUEUE_FULL, and what the store throws; the message is then not in here
   */
  async offer(message: OutMessage): Promise<Place> {
    const payload = packMessage({ ...message, number: { epoch: this.#epoch, seq: 0 } });
    if (this.#roomMaking !== undefined || !this.hasRoom(payload.length)) await this.#room(payload.length);
    // Given in the order in which the store is asked, since who receives takes a lower number for a repetition.
    const number = { epoch: this.#epoch, seq: this.#lastSeq + 1 };
    this.#lastSeq = number.seq;
    renumber(payload, number.seq);
    // Counted before the store has it, so that many at once cannot overrun the limit together.
    this.#depth += 1;
    this.#bytes += payload.length;
    this.arrivals.add();
    this.#arriving += 1;
    try {
      const { position } = await this.#options.store.append(this.#options.stream, [payload]);
      return this.#placed(message, { number, position, sizeBytes: payload.length });
    } catch (error) {
      this.#depth -= 1;
      this.#bytes -= payload.length;
      throw error;
    } finally {
      this.#arriving -= 1;
      if (this.#onArrived.length > 0) for (const arrived of this.#onArrived.splice(0)) arrived();
    }
  }

  #placed(message: OutMessage, where: Pick<Place, 'number' | 'position' | 'sizeBytes'>): Place {
    const { position } = where;
    const { header, forwardedHeader, data, binary, body, onState } = message;
    const companions = { ...(body && { body }), onState };
    const atMs = this.#options.clock.wallNow();
    const place = { companions, ...where, atMs, sent: false, gone: false };
    const isNext = this.#windowEnd === this.#storedEnd && this.#windowLength < LIMITS.outboxWindow;
    this.#storedEnd = position;
    if (isNext) {
      const parts = { header, ...(forwardedHeader && { forwardedHeader }), data, ...(binary && { binary }) };
      const entry = Object.assign(place, { parts });
      this.#window.push(entry);
      this.#windowEnd = position;
      return entry;
    }
    if (this.#beyond.size < LIMITS.outboxWatched) this.#beyond.set(position, place);
    return place;
  }

  /** The first entry that has not been sent on the present connection. */
  next(): OutboxEntry | undefined {
    for (; this.#nextUnsent < this.#window.length; this.#nextUnsent += 1) {
      const entry = this.#window[this.#nextUnsent];
      if (entry !== undefined && !entry.gone && !entry.sent) return entry;
    }
    return undefined;
  }

  get #windowLength(): number {
    return this.#window.length - this.#front;
  }

  /** Whether messages wait in the store that are not in the window yet, and should be now. */
  get hasMore(): boolean {
    return this.#windowEnd !== this.#storedEnd;
  }

  /** Brings the next messages from the store into the window. */
  load(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<void> {
    const { store, stream, revive } = this.#options;
    const end = this.#storedEnd;
    const records = await store.read(stream, this.#windowEnd, LIMITS.outboxLoadBytes);
    for (const { position, payload, atMs } of records) {
      // Whoever offered one behind that has not been told its place yet.
      if (position > end) break;
      const parts = unpackMessage(payload);
      // Whoever waits for what becomes of it holds the place that `offer` gave.
      const place = this.#beyond.get(position) ?? {
        ...{ companions: revive(parts), number: parts.number ?? this.#numberFor(), position },
        ...{ sizeBytes: payload.length, atMs, sent: false, gone: false },
      };
      this.#beyond.delete(position);
      this.#windowEnd = position;
      if (!place.gone) this.#window.push(Object.assign(place, { parts }));
    }
    // What was taken back while it was beyond the window is in no record any more.
    if (records.length === 0) this.#windowEnd = Math.max(this.#windowEnd, end);
  }

  /** A number for this life of the queue only: such a message is a new one after each restart. */
  #numberFor(): MessageNumber {
    this.#lastUnnumbered += 1;
    return { epoch: this.#epochOfUnnumbered, seq: this.#lastUnnumbered };
  }

  /** It goes out on the present connection, under the number that this returns. */
  send(entry: OutboxEntry): NumberOnWire {
    const { number } = entry;
    const before = this.#lastSent;
    entry.sent = true;
    this.#lastSent = number;
    this.#unconfirmed += 1;
    this.#unconfirmedBytes += weightOf(entry);
    if (before === undefined || before.epoch !== number.epoch || before.seq === number.seq - 1) return number;
    return { ...number, after: before.seq };
  }

  /**
   * The other side has what was sent up to a number, or all that was ever sent of that epoch: also on an earlier
   * connection, where `everSent`. They are not removed yet.
   */
  confirmed(
    { epoch, seq }: MessageNumber,
    { everSent = false }: { readonly everSent?: boolean } = {},
  ): readonly OutboxEntry[] {
    const found: OutboxEntry[] = [];
    for (let index = this.#front; index < this.#window.length; index += 1) {
      const entry = this.#window[index] as OutboxEntry;
      if (entry.gone) continue;
      if (!entry.sent && !everSent) break;
      if (entry.number.epoch !== epoch) continue;
      if (entry.number.seq > seq) break;
      found.push(entry);
    }
    return found;
  }

  /** The message that was sent under exactly this number and waits to be confirmed. */
  sentAs({ epoch, seq }: MessageNumber): OutboxEntry | undefined {
    for (let index = this.#front; index < this.#window.length; index += 1) {
      const entry = this.#window[index] as OutboxEntry;
      if (entry.gone) continue;
      if (!entry.sent) return undefined;
      if (entry.number.epoch === epoch && entry.number.seq === seq) return entry;
    }
    return undefined;
  }

  /** It has been acknowledged, or given up. */
  remove(entry: Place): void {
    if (entry.gone) return;
    entry.gone = true;
    if (entry.sent) {
      this.#unconfirmed -= 1;
      this.#unconfirmedBytes -= weightOf(entry);
    }
    this.#depth -= 1;
    this.#bytes -= entry.sizeBytes;
    this.departures.add();
    this.#forgetGone();
  }

  /** The connection is gone: whatever was not acknowledged will be sent again, in the same order. */
  rewind(): void {
    this.#nextUnsent = this.#front;
    this.#lastSent = undefined;
    this.#unconfirmed = 0;
    this.#unconfirmedBytes = 0;
    for (const entry of this.#window) {
      if (entry.gone || !entry.sent) continue;
      entry.sent = false;
      entry.companions.onState('waiting');
    }
  }

  /** Drops everything that waits, and says how many that were. */
  async purge(): Promise<number> {
    const count = this.#depth;
    for (const entry of this.#window) {
      if (!entry.gone) entry.companions.onState('dropped', 'the queue was emptied');
      entry.gone = true;
    }
    for (const entry of this.#beyond.values()) {
      entry.gone = true;
      entry.companions.onState('dropped', 'the queue was emptied');
    }
    this.#beyond.clear();
    this.#window = [];
    this.#windowEnd = this.#storedEnd;
    this.#nextUnsent = 0;
    this.#front = 0;
    this.#depth = 0;
    this.#bytes = 0;
    this.#unconfirmed = 0;
    this.#unconfirmedBytes = 0;
    await this.#options.store.purge(this.#options.stream);
    return count;
  }

  /** Whether a message of this size would be kept, and nothing dropped for it. */
  hasRoom(sizeBytes: number): boolean {
    const { messages, bytes } = this.#options.capacity;
    return this.#depth < messages && this.#bytes + sizeBytes <= bytes;
  }

  #room(sizeBytes: number): Promise<void> {
    const before = this.#roomMaking ?? Promise.resolve();
    const made = before.catch(() => undefined).then(() => this.#makeRoom(sizeBytes));
    this.#roomMaking = made;
    const ended = (): void => {
      if (this.#roomMaking === made) this.#roomMaking = undefined;
    };
    made.then(ended, ended);
    return made;
  }

  async #makeRoom(sizeBytes: number): Promise<void> {
    while (!this.hasRoom(sizeBytes)) {
      const { whenFull, capacity } = this.#options;
      // Nothing is dropped for one that would not fit into an empty queue either.
      const mayDrop = whenFull === 'drop_oldest' && sizeBytes <= capacity.bytes;
      const oldest = mayDrop ? await this.#oldestWaiting() : undefined;
      if (oldest === undefined) {
        this.#dropped += whenFull === 'refuse' ? 0 : 1;
        throw new AiocError(
          'AIOC_QUEUE_FULL',
          `${this.#depth} messages (${this.#bytes} bytes) wait already and no more fit: wait until the peer is back`,
        );
      }
      this.#dropped += 1;
      this.remove(oldest);
      oldest.companions.onState('dropped', 'the queue was full and this was the oldest');
    }
  }

  async #oldestWaiting(): Promise<OutboxEntry | undefined> {
    for (;;) {
      const oldest = this.#window.find(({ gone, sent }) => !gone && !sent);
      if (oldest !== undefined) return oldest;
      if (this.hasMore) await this.load();
      // Those that came just before are counted, but not all of them have their place yet.
      else if (this.#arriving > 0) await new Promise<void>((resolve) => this.#onArrived.push(resolve));
      else return undefined;
    }
  }

  /** Acknowledges to the store what is gone from the front, and cuts it off the window. */
  #forgetGone(): void {
    const before = this.#front;
    while (this.#window[this.#front]?.gone) this.#front += 1;
    if (this.#front === before) return;
    const last = this.#window[this.#front - 1] as OutboxEntry;
    // A store that cannot note it keeps the message, which is then sent again after a restart.
    this.#options.store.ack(this.#options.stream, last.position).catch(() => undefined);
    // Each cut costs the length of the rest, so it is made only when at least as many can go.
    if (this.#front * 2 < this.#window.length) return;
    this.#window = this.#window.slice(this.#front);
    this.#nextUnsent = Math.max(0, this.#nextUnsent - this.#front);
    this.#front = 0;
  }
}
