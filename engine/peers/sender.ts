import { type AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { Header } from '../protocol/header.ts';
import { Outbox, type OutboxEntry, type OutMessage } from '../queues/outbox.ts';
import type { Link } from './link.ts';

/**
 * Sends one peer's outboxes over whatever connection it has at the moment. Each message carries a transport_id and
 * leaves its outbox when the other side has acknowledged that (PROTOCOL §1), many at a time.
 */
export class Sender {
  readonly #clock: Clock;
  readonly #outboxes = new Map<string, Outbox>();
  readonly #unacknowledged = new Map<number | string, { entry: OutboxEntry; outbox: Outbox }>();
  readonly #onChange: () => void;
  #link: Link | undefined;
  #lastTransportId = 0;
  #sendingFile = false;

  constructor({ clock, onChange }: { readonly clock: Clock; readonly onChange: () => void }) {
    this.#clock = clock;
    this.#onChange = onChange;
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

  /**
   * Queues a message and sends it as soon as it can be sent.
   *
   * @returns a function that takes it back; it does nothing once the message has left
   * @throws AiocError AIOC_QUEUE_FULL
   */
  offer(message: OutMessage): () => void {
    const outbox = this.#outbox(message.header.message_type);
    const entry = outbox.offer(message);
    this.pump();
    this.#onChange();
    return () => {
      if (!entry.sent) outbox.remove(entry);
      this.#onChange();
    };
  }

  /** A connection is ready; what waits goes out on it. Returns false when it was attached already. */
  attach(link: Link): boolean {
    if (this.#link === link) return false;
    this.detach();
    this.#link = link;
    this.#lastTransportId = 0;
    this.pump();
    return true;
  }

  /** The connection is gone. */
  detach(): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    this.#unacknowledged.clear();
    for (const outbox of this.#outboxes.values()) outbox.rewind();
    this.#onChange();
  }

  pump(): void {
    while (this.#link?.writable && !this.#sendingFile && this.#unacknowledged.size < LIMITS.unackedMessages) {
      const next = this.#next();
      if (next === undefined) return;
      if (next.entry.message.body === undefined) this.#send(this.#link, next);
      else void this.#sendFile(this.#link, next);
    }
  }

  acknowledged(transportId: number | string, outcome: 'received' | 'dropped'): void {
    const sent = this.#unacknowledged.get(transportId);
    if (sent === undefined) return;
    this.#unacknowledged.delete(transportId);
    sent.outbox.remove(sent.entry);
    sent.entry.message.onState(outcome);
    this.#onChange();
    this.pump();
  }

  #outbox(type: string): Outbox {
    let outbox = this.#outboxes.get(type);
    if (outbox === undefined) {
      outbox = new Outbox({ type, clock: this.#clock });
      this.#outboxes.set(type, outbox);
    }
    return outbox;
  }

  #next(): { entry: OutboxEntry; outbox: Outbox } | undefined {
    for (const outbox of this.#outboxes.values()) {
      const entry = outbox.next();
      if (entry !== undefined) return { entry, outbox };
    }
    return undefined;
  }

  #send(link: Link, sent: { entry: OutboxEntry; outbox: Outbox }): void {
    const { message } = sent.entry;
    link.send({ header: this.#numbered(message.header, sent), data: message.data });
    message.onState('sent');
  }

  async #sendFile(link: Link, sent: { entry: OutboxEntry; outbox: Outbox }): Promise<void> {
    const { message } = sent.entry;
    const body = message.body as NonNullable<typeof message.body>;
    this.#sendingFile = true;
    try {
      const file = await body.open();
      try {
        // The connection may have gone while the file was being opened; then the file waits for the next one.
        if (!link.writable) return;
        const header = {
          ...this.#numbered(message.header, sent),
          ...(file.sizeBytes > 0 && { with_binary: true }),
        };
        const frame = { header, data: message.data, fileBytes: file.sizeBytes };
        await link.sendFile({ frame, chunks: file.chunks(), onProgress: (bytes) => body.onProgress(bytes) });
        // Its acknowledgement may have come before the last write was reported done.
        if (!sent.entry.gone) message.onState('sent');
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

  #giveUp({ entry, outbox }: { entry: OutboxEntry; outbox: Outbox }, error: AiocError): void {
    outbox.remove(entry);
    entry.message.onState('failed', error.message);
    this.#onChange();
  }

  #numbered(header: Header, sent: { entry: OutboxEntry; outbox: Outbox }): Header {
    do {
      this.#lastTransportId = (this.#lastTransportId % LIMITS.transportIdMax) + 1;
    } while (this.#unacknowledged.has(this.#lastTransportId));
    sent.entry.sent = true;
    this.#unacknowledged.set(this.#lastTransportId, sent);
    return { ...header, transport_id: this.#lastTransportId };
  }
}
