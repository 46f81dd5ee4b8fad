import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { RateMeter } from '../base/rate-meter.ts';
import type { Header } from '../protocol/header.ts';

/** A file that goes along with a message; its bytes are read when it is its turn. */
export interface OutgoingBody {
  readonly sizeBytes: number;
  open(): Promise<{ readonly sizeBytes: number; chunks(): AsyncIterable<Buffer>; close(): Promise<void> }>;
  onProgress(sentBytes: number): void;
}

export type DeliveryState = 'waiting' | 'sent' | 'received' | 'dropped' | 'failed';

export interface OutMessage {
  /** Without transport_id, which belongs to a connection. */
  readonly header: Header;
  readonly data: Buffer;
  readonly body?: OutgoingBody;
  /** Told each time the message has come further, or has fallen back to waiting. */
  onState(state: DeliveryState, reason?: string): void;
}

export interface OutboxEntry {
  readonly message: OutMessage;
  readonly sizeBytes: number;
  readonly atMs: number;
  sent: boolean;
  gone: boolean;
}

/**
 * What waits to go to one peer under one message type, in order. An entry stays until the other side has
 * acknowledged it, so a lost connection loses nothing that is in here.
 */
export class Outbox {
  readonly type: string;
  readonly #clock: Clock;
  #entries: OutboxEntry[] = [];
  #nextUnsent = 0;
  #bytes = 0;
  #depth = 0;
  readonly arrivals: RateMeter;
  readonly departures: RateMeter;

  constructor({ type, clock }: { readonly type: string; readonly clock: Clock }) {
    this.type = type;
    this.#clock = clock;
    this.arrivals = new RateMeter(clock);
    this.departures = new RateMeter(clock);
  }

  get depth(): number {
    return this.#depth;
  }

  /** Bytes held in memory; a file counts by its message alone. */
  get bytes(): number {
    return this.#bytes;
  }

  get oldestAtMs(): number | undefined {
    return this.#entries.find(({ gone }) => !gone)?.atMs;
  }

  /** @throws AiocError AIOC_QUEUE_FULL; the message is then not in here */
  offer(message: OutMessage): OutboxEntry {
    const sizeBytes = message.data.length;
    if (this.#depth >= LIMITS.outboxMessages || this.#bytes + sizeBytes > LIMITS.outboxBytes) {
      throw new AiocError(
        'AIOC_QUEUE_FULL',
        `${this.#depth} messages (${this.#bytes} bytes) wait already and no more fit: wait until the peer is back`,
      );
    }
    const entry = { message, sizeBytes, atMs: this.#clock.wallNow(), sent: false, gone: false };
    this.#entries.push(entry);
    this.#depth += 1;
    this.#bytes += sizeBytes;
    this.arrivals.add();
    return entry;
  }

  /** The first entry that has not been sent on the present connection. */
  next(): OutboxEntry | undefined {
    for (; this.#nextUnsent < this.#entries.length; this.#nextUnsent += 1) {
      const entry = this.#entries[this.#nextUnsent];
      if (entry !== undefined && !entry.gone && !entry.sent) return entry;
    }
    return undefined;
  }

  /** It has been acknowledged, or given up. */
  remove(entry: OutboxEntry): void {
    if (entry.gone) return;
    entry.gone = true;
    this.#depth -= 1;
    this.#bytes -= entry.sizeBytes;
    this.departures.add();
    this.#compact();
  }

  /** The connection is gone: whatever was not acknowledged will be sent again, in the same order. */
  rewind(): void {
    this.#nextUnsent = 0;
    for (const entry of this.#entries) {
      if (entry.gone || !entry.sent) continue;
      entry.sent = false;
      entry.message.onState('waiting');
    }
  }

  #compact(): void {
    let gone = 0;
    while (this.#entries[gone]?.gone) gone += 1;
    // Moving the rest costs its length, so it is done only when at least as many can be dropped.
    if (gone === 0 || gone * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(gone);
    this.#nextUnsent = Math.max(0, this.#nextUnsent - gone);
  }
}
