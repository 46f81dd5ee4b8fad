import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { withFileFrame, withoutFileFrame } from '../protocol/file-frames.ts';
import type { Header } from '../protocol/header.ts';
import { numberIn, transportIdOf } from '../protocol/message-number.ts';
import type { StreamNews } from '../protocol/stream-frames.ts';
import type { Capacity } from '../queues/capacity.ts';
import type { OutgoingBody, OutMessage } from '../queues/out-message.ts';
import { Outbox, type OutboxEntry, type OutboxOptions, weightOf } from '../queues/outbox.ts';
import type { Link } from './link.ts';

interface Sent {
  readonly entry: OutboxEntry;
  readonly outbox: Outbox;
}

export interface SenderOptions
  extends Pick<OutboxOptions, 'clock' | 'random' | 'store' | 'whenFull' | 'revive'> {
  /** How much the queue of a message type may hold. */
  readonly capacityOf: (type: string) => Capacity;
  /** Begins the names of this peer's streams in the store. */
  readonly streamPrefix: string;
  readonly onChange: () => void;
}

/**
 * Sends one peer's outboxes over whatever connection it has at the moment. Each message goes under its number and leaves
 * its outbox when the other side has acknowledged that: one by one (PROTOCOL §1), or, between aioc peers, many at once.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #outboxes = new Map<string, Outbox>();
  readonly #onChange: () => void;
  readonly #byEpoch = new Map<string, Outbox>();
  #link: Link | undefined;
  /** The other side has not said yet what it has already. */
  #awaitsNews = false;
  #sendingFile = false;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#onChange = options.onChange;
  }

  get outboxes(): readonly Outbox[] {
    return [...this.#outboxes.values()];
  }

  get waitingCount(): number {
    let count = 0;
    for (const outbox of this.#outboxes.values()) count += outbox.depth;
    return count;
  }

  get waitingBytes(): number {
    let bytes = 0;
    for (const outbox of this.#outboxes.values()) bytes += outbox.bytes;
    return bytes;
  }

  /** Whether it pays to wait: the queue of this type is full, and gets emptier by itself. */
  isCrowded(type: string, sizeBytes: number): boolean {
    const outbox = this.#outboxes.get(type);
    return this.#link !== undefined && outbox !== undefined && outbox.depth > 0 && !outbox.hasRoom(sizeBytes);
  }

  /**
   * Queues a message and sends it as soon as it can be sent. Resolves when it is in the store.
   *
   * @returns a function that takes it back; it does nothing once the message has left
   * @throws AiocError AIOC_QUEUE_FULL
   */
  async offer(message: OutMessage): Promise<() => void> {
    const outbox = this.#outbox(message.header.message_type);
    const place = await outbox.offer(message);
    this.pump();
    this.#onChange();
    return () => {
      if (!place.sent) outbox.remove(place);
      this.#onChange();
    };
  }

  /** Finds again what waits in the store under these types since an earlier run. */
  async restore(types: readonly string[]): Promise<void> {
    for (const type of types) await this.#outbox(type).restore();
    this.#onChange();
  }

  /** A connection is ready; what waits goes out on it. Returns false when it was attached already. */
  attach(link: Link): boolean {
    if (this.#link === link) return false;
    this.detach();
    this.#link = link;
    this.#awaitsNews = link.speaksStreams;
    this.pump();
    return true;
  }

  /** The connection is gone. */
  detach(): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    for (const outbox of this.#outboxes.values()) outbox.rewind();
    this.#onChange();
  }

  pump(): void {
    while (this.#link?.writable && !this.#sendingFile && !this.#awaitsNews) {
      const next = this.#next(this.#link);
      if (next === undefined) return;
      if (next.entry.companions.body === undefined) this.#send(this.#link, next);
      else void this.#sendFile(this.#link, next);
    }
  }

  /** One message has been acknowledged. */
  acknowledged(transportId: number | string, outcome: 'received' | 'dropped'): void {
    const number = numberIn(transportId);
    const outbox = number && this.#byEpoch.get(number.epoch);
    const entry = number && outbox?.sentAs(number);
    if (outbox === undefined || entry === undefined) return;
    this.#arrived({ outbox, entry }, outcome);
    this.#onChange();
    this.pump();
  }

  /** The other side, an aioc, says how far it has what it was sent. */
  heard({ kind, marks }: StreamNews): void {
    const isFirst = kind === 'have';
    for (const { type, epoch, upTo, dropped } of marks) {
      const outbox = this.#outboxes.get(type);
      if (outbox === undefined) continue;
      const gone = new Set(dropped);
      for (const entry of outbox.confirmed({ epoch, seq: upTo }, { everSent: isFirst }))
        this.#arrived({ outbox, entry }, gone.has(entry.number.seq) ? 'dropped' : 'received');
    }
    if (isFirst) this.#awaitsNews = false;
    this.#onChange();
    this.pump();
  }

  #arrived({ outbox, entry }: Sent, outcome: 'received' | 'dropped'): void {
    outbox.remove(entry);
    entry.companions.onState(outcome);
    entry.companions.body?.onDelivered();
  }

  #outbox(type: string): Outbox {
    let outbox = this.#outboxes.get(type);
    if (outbox === undefined) {
      const { streamPrefix, capacityOf, ...options } = this.#options;
      outbox = new Outbox({
        ...options,
        type,
        stream: `${streamPrefix}${type}`,
        capacity: capacityOf(type),
      });
      this.#outboxes.set(type, outbox);
    }
    return outbox;
  }

  #next(link: Link): Sent | undefined {
    for (const outbox of this.#outboxes.values()) {
      const entry = outbox.next();
      if (entry !== undefined && this.#mayFollow(link, { entry, outbox })) return { entry, outbox };
      // To who is not aioc nothing overtakes what has to wait.
      if (entry !== undefined && !link.speaksStreams) return undefined;
      if (entry === undefined && outbox.hasMore) this.#load(outbox);
    }
    return undefined;
  }

  get #unconfirmed(): { readonly count: number; readonly bytes: number } {
    let [count, bytes] = [0, 0];
    for (const outbox of this.#outboxes.values()) {
      count += outbox.unconfirmed;
      bytes += outbox.unconfirmedBytes;
    }
    return { count, bytes };
  }

  /** A store that cannot be read now, as one that is closed, is tried again while there is a connection. */
  #load(outbox: Outbox): void {
    outbox.load().then(
      () => this.pump(),
      () => this.#options.clock.after(LIMITS.storeRetryMs, () => this.pump()),
    );
  }

  /** Whether the other side can hold this one, too, besides those that it has not acknowledged. */
  #mayFollow(link: Link, { entry, outbox }: Sent): boolean {
    if (link.speaksStreams) {
      const { unconfirmed, unconfirmedBytes } = outbox;
      if (unconfirmed === 0) return true;
      return unconfirmed < LIMITS.streamMessages && unconfirmedBytes + weightOf(entry) <= LIMITS.streamBytes;
    }
    const { count, bytes } = this.#unconfirmed;
    if (count === 0) return true;
    return count < LIMITS.unackedMessages && bytes + weightOf(entry) <= link.unreadMaxBytes;
  }

  #send(link: Link, sent: Sent): void {
    const { parts, companions } = sent.entry;
    const { forwardedHeader, data, binary } = parts;
    link.send({
      header: this.#numbered(parts.header, sent),
      ...(forwardedHeader !== undefined && { forwardedHeader }),
      data,
      ...(binary !== undefined && { binary }),
    });
    companions.onState('sent');
  }

  async #sendFile(link: Link, sent: Sent): Promise<void> {
    const { parts, companions } = sent.entry;
    const body = companions.body as OutgoingBody;
    this.#sendingFile = true;
    try {
      const file = await this.#open(body);
      if (file instanceof AiocError) {
        if (link.writable) this.#sendWithout(link, sent, file);
        return;
      }
      try {
        // The connection may have gone while the file was being opened; then the file waits for the next one.
        if (!link.writable) return;
        const frame = withFileFrame(this.#numbered(parts.header, sent), parts, file.sizeBytes);
        await link.sendFile({ frame, chunks: file.chunks(), onProgress: (bytes) => body.onProgress(bytes) });
        // Its acknowledgement may have come before the last write was reported done.
        if (!sent.entry.gone) companions.onState('sent');
      } finally {
        await file.close();
      }
    } catch (error) {
      const known = toAiocError(error, 'AIOC_FILE_UNREADABLE');
      if (known.code !== 'AIOC_PEER_AWAY') this.#giveUp(sent, known);
    } finally {
      this.#sendingFile = false;
      this.pump();
    }
  }

  /** The open file, or why there is none when the message is to go without it. */
  async #open(body: OutgoingBody): Promise<Awaited<ReturnType<OutgoingBody['open']>> | AiocError> {
    try {
      return await body.open();
    } catch (error) {
      if (body.whenUnreadable === 'fail') throw error;
      return toAiocError(error, 'AIOC_FILE_UNREADABLE');
    }
  }

  #sendWithout(link: Link, sent: Sent, error: AiocError): void {
    const { parts, companions } = sent.entry;
    link.send(withoutFileFrame(this.#numbered(parts.header, sent), parts, error.message));
    companions.onState('sent', `without its file: ${error.message}`);
  }

  #giveUp({ entry, outbox }: Sent, error: AiocError): void {
    outbox.remove(entry);
    entry.companions.onState('failed', error.message);
    this.#onChange();
  }

  #numbered(header: Header, { entry, outbox }: Sent): Header {
    this.#byEpoch.set(entry.number.epoch, outbox);
    const transport_id = transportIdOf(outbox.send(entry));
    // In front, so that the other side can cut it off again without writing the rest anew (engine/local/listener-frame.ts).
    if (header['transport_id'] === undefined) return { transport_id, ...header };
    // A program has written one of its own, which means nothing to the other side.
    return { ...header, transport_id };
  }
}
