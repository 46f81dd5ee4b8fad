import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { RateMeter } from '../base/rate-meter.ts';
import type { Header } from '../protocol/header.ts';
import type { Store } from '../storage/store.ts';
import { type MessageParts, packMessage, unpackMessage } from './packed-message.ts';

/** A file that goes along with a message; its bytes are read when it is its turn. */
export interface OutgoingBody {
  /** 0 where it is not known before the file is opened. */
  readonly sizeBytes: number;
  /** What becomes of the message when its file cannot be read: it fails, or goes without it (PROTOCOL §3). */
  readonly whenUnreadable: 'fail' | 'send-without';
  open(): Promise<{
    readonly sizeBytes: number;
    chunks(): AsyncIterable<Buffer>;
    close(): Promise<void>;
  }>;
  onProgress(sentBytes: number): void;
  /** The other side has it. */
  onDelivered(): void;
}

export type DeliveryState = 'waiting' | 'sent' | 'received' | 'dropped' | 'failed';

export interface OutMessage extends MessageParts {
  /** Without transport_id, which belongs to a connection. */
  readonly header: Header;
  readonly body?: OutgoingBody;
  /** Told each time the message has come further, or has fallen back to waiting. */
  onState(state: DeliveryState, reason?: string): void;
}

export interface OutboxEntry {
  readonly message: OutMessage;
  readonly position: number;
  readonly sizeBytes: number;
  readonly atMs: number;
  sent: boolean;
  gone: boolean;
}

/** What a queue does with a message that does not fit. Whatever is dropped is counted and told. */
export type WhenFull = 'refuse' | 'drop_oldest' | 'drop_newest';

export interface OutboxOptions {
  readonly type: string;
  /** The name of its stream in the store. */
  readonly stream: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly whenFull: WhenFull;
  /** How a message that comes out of the store again is to be watched and its file to be read. */
  readonly revive: (parts: MessageParts) => Pick<OutMessage, 'body' | 'onState'>;
}

/**
 * What waits to go to one peer under one message type, in order. A message stays in the store until the other side
 * has acknowledged it; memory holds only a window of those that come next.
 */
export class Outbox {
  readonly type: string;
  readonly arrivals: RateMeter;
  readonly departures: RateMeter;
  readonly #options: OutboxOptions;
  #window: OutboxEntry[] = [];
  #nextUnsent = 0;
  /** Entries before this index are gone; they are cut off now and then, not each time. */
  #firstKept = 0;
  /** The last position that is, or was, in the window. */
  #windowEnd = 0;
  #storedEnd = 0;
  #depth = 0;
  #bytes = 0;
  #dropped = 0;
  /** Messages of this run that are in the store only, by position. */
  readonly #beyond = new Map<number, OutboxEntry>();
  #loading: Promise<void> | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.type = options.type;
    this.arrivals = new RateMeter(options.clock);
    this.departures = new RateMeter(options.clock);
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
    for (let index = this.#firstKept; index < this.#window.length; index += 1) {
      const entry = this.#window[index] as OutboxEntry;
      if (!entry.gone) return entry.atMs;
    }
    return undefined;
  }

  /**
   * Keeps a message until it is acknowledged.
   *
   * @throws AiocError AIOC_QUEUE_FULL; the message is then not in here
   */
  async offer(message: OutMessage): Promise<OutboxEntry> {
    const payload = packMessage(message);
    this.#makeRoom(payload.length);
    // Counted before the store has it, so that many at once cannot overrun the limit together.
    this.#depth += 1;
    this.#bytes += payload.length;
    this.arrivals.add();
    try {
      const { position } = await this.#options.store.append(this.#options.stream, [payload]);
      const atMs = this.#options.clock.wallNow();
      const entry = { message, position, sizeBytes: payload.length, atMs, sent: false, gone: false };
      if (this.#windowEnd === this.#storedEnd && this.#windowLength < LIMITS.outboxWindow) {
        this.#window.push(entry);
        this.#windowEnd = position;
      } else this.#beyond.set(position, entry);
      this.#storedEnd = position;
      return entry;
    } catch (error) {
      this.#depth -= 1;
      this.#bytes -= payload.length;
      throw error;
    }
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
    return this.#window.length - this.#firstKept;
  }

  /** Whether messages wait in the store that are not in the window yet. */
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
    const records = await store.read(stream, this.#windowEnd, LIMITS.outboxLoadBytes);
    for (const { position, payload, atMs } of records) {
      // Whoever waits for what becomes of it holds the entry that `offer` gave.
      let entry = this.#beyond.get(position);
      if (entry === undefined) {
        const parts = unpackMessage(payload);
        const message = { ...parts, ...revive(parts) };
        entry = { message, position, sizeBytes: payload.length, atMs, sent: false, gone: false };
      }
      this.#beyond.delete(position);
      this.#windowEnd = position;
      if (!entry.gone) this.#window.push(entry);
    }
    // What was taken back while it was beyond the window is in no record any more.
    if (records.length === 0) this.#windowEnd = this.#storedEnd;
  }

  /** It has been acknowledged, or given up. */
  remove(entry: OutboxEntry): void {
    if (entry.gone) return;
    entry.gone = true;
    this.#depth -= 1;
    this.#bytes -= entry.sizeBytes;
    this.departures.add();
    this.#forgetGone();
  }

  /** The connection is gone: whatever was not acknowledged will be sent again, in the same order. */
  rewind(): void {
    this.#nextUnsent = this.#firstKept;
    for (const entry of this.#window) {
      if (entry.gone || !entry.sent) continue;
      entry.sent = false;
      entry.message.onState('waiting');
    }
  }

  /** Drops everything that waits, and says how many that were. */
  async purge(): Promise<number> {
    const count = this.#depth;
    for (const entry of this.#window) {
      if (!entry.gone) entry.message.onState('dropped', 'the queue was emptied');
      entry.gone = true;
    }
    for (const entry of this.#beyond.values()) {
      entry.gone = true;
      entry.message.onState('dropped', 'the queue was emptied');
    }
    this.#beyond.clear();
    this.#window = [];
    this.#windowEnd = this.#storedEnd;
    this.#nextUnsent = 0;
    this.#firstKept = 0;
    this.#depth = 0;
    this.#bytes = 0;
    await this.#options.store.purge(this.#options.stream);
    return count;
  }

  /** Whether a message of this size would be kept, and nothing dropped for it. */
  hasRoom(sizeBytes: number): boolean {
    return this.#depth < LIMITS.outboxMessages && this.#bytes + sizeBytes <= LIMITS.outboxBytes;
  }

  #makeRoom(sizeBytes: number): void {
    const { whenFull } = this.#options;
    while (!this.hasRoom(sizeBytes)) {
      const oldest =
        whenFull === 'drop_oldest' ? this.#window.find(({ gone, sent }) => !gone && !sent) : undefined;
      if (oldest === undefined) {
        this.#dropped += whenFull === 'refuse' ? 0 : 1;
        throw new AiocError(
          'AIOC_QUEUE_FULL',
          `${this.#depth} messages (${this.#bytes} bytes) wait already and no more fit: wait until the peer is back`,
        );
      }
      this.#dropped += 1;
      this.remove(oldest);
      oldest.message.onState('dropped', 'the queue was full and this was the oldest');
    }
  }

  /** Acknowledges to the store what is gone from the front, and cuts it off the window. */
  #forgetGone(): void {
    while (this.#window[this.#firstKept]?.gone) this.#firstKept += 1;
    const gone = this.#firstKept;
    // Each cut costs the length of the rest, so it is made only when at least as many can go.
    if (gone === 0 || gone * 2 < this.#window.length) return;
    const last = this.#window[gone - 1] as OutboxEntry;
    this.#window = this.#window.slice(gone);
    this.#nextUnsent = Math.max(0, this.#nextUnsent - gone);
    this.#firstKept = 0;
    void this.#options.store.ack(this.#options.stream, last.position);
  }
}
