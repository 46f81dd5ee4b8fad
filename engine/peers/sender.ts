import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { withFileFrame, withoutFileFrame } from '../protocol/file-frames.ts';
import { numberIn, transportIdOf } from '../protocol/message-number.ts';
import type { AckPosition, StreamAckFrame } from '../protocol/stream-frames.ts';
import type { Capacity } from '../queues/capacity.ts';
import type { MessageParts } from '../queues/message-record.ts';
import type { DeliveryState, OutgoingBody, OutMessage } from '../queues/out-message.ts';
import { Outbox } from '../queues/outbox.ts';
import {
  type Completion,
  type OutboxEntry,
  type QueuedMessage,
  refuse,
  weightOf,
} from '../queues/outbox-entry.ts';
import type { OutboxOptions } from '../queues/outbox-options.ts';
import type { Link } from './link.ts';
import { addressFrame } from './source-identity.ts';

interface Sent {
  readonly entry: OutboxEntry;
  readonly outbox: Outbox;
}

export interface SenderOptions
  extends Pick<OutboxOptions, 'clock' | 'random' | 'store' | 'budget' | 'whenFull' | 'revive'> {
  /** The capacity of the queue of a message type. */
  readonly capacityOf: (type: string) => Capacity;
  /** The prefix of this peer's stream names in the store. */
  readonly streamPrefix: string;
  /** The current name of this connector on the wire. */
  readonly sourceId: () => string;
  /** The peer's name on the wire. */
  readonly destinationId: string;
  readonly onChange: () => void;
}

/**
 * Sends one peer's outboxes over its current connection. Each message leaves its outbox when the peer has acknowledged
 * its number: one by one (PROTOCOL §2) or, between aioc peers, many at once.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #outboxes = new Map<string, Outbox>();
  readonly #onChange: () => void;
  readonly #byEpoch = new Map<string, Outbox>();
  #onEmpty: (() => void)[] = [];
  #link: Link | undefined;
  /** Positions after which the peer misses messages and asks whether it will still receive them. */
  #gaps: readonly AckPosition[] = [];
  /** The peer has not sent its resume points yet. */
  #awaitsResumePoints = false;
  #sendingFile = false;
  /** The largest message that the peer accepted on its last connection, in bytes of data and binary. */
  #maxMessageBytes = Number.POSITIVE_INFINITY;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#onChange = () => {
      if (this.#onEmpty.length > 0 && this.waitingCount === 0) this.#nowEmpty();
      options.onChange();
    };
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
   * Queues a message and sends it as soon as possible. `completion` reports that it is in the store, or why not.
   *
   * @returns see Outbox.enqueue
   */
  enqueue(message: OutMessage, completion: Completion): Promise<void> | undefined {
    const fault = this.#tooLarge(message);
    if (fault === undefined) return this.#outbox(message.header.message_type).enqueue(message, completion);
    refuse(message, completion, fault);
    return undefined;
  }

  /** Why the peer would reject a message. */
  #tooLarge({ data, binary }: Pick<OutMessage, 'data' | 'binary'>): AiocError | undefined {
    const sizeBytes = data.length + (binary?.length ?? 0);
    if (sizeBytes <= this.#maxMessageBytes) return undefined;
    const text = `it has ${sizeBytes} bytes, and the peer accepts at most ${this.#maxMessageBytes} (its max_size_message): send it as a file`;
    return new AiocError('AIOC_FRAME_TOO_LARGE', text);
  }

  /** Resolves when the queues are empty, or the connection is lost. */
  whenEmpty(): Promise<void> {
    if (this.waitingCount === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  /** See Outbox.admitAll. */
  async admitAll(): Promise<void> {
    await Promise.all(this.outboxes.map((outbox) => outbox.admitAll()));
  }

  /** See OverflowPolicy.reopen. */
  reopen(): void {
    for (const outbox of this.outboxes) outbox.overflow.reopen();
  }

  /** Cancels a message; does nothing once it has been sent. */
  cancel(type: string, place: QueuedMessage): void {
    if (!place.sent) this.#outbox(type).remove(place);
    this.#onChange();
  }

  /** Restores the messages of these types that an earlier run left in the store. */
  async restore(types: readonly string[]): Promise<void> {
    for (const type of types) await this.#outbox(type).restore();
    this.#onChange();
  }

  /** A connection is ready: queued messages are sent on it. Returns false if it was already attached. */
  attach(link: Link): boolean {
    if (this.#link === link) return false;
    this.detach();
    this.#link = link;
    this.#maxMessageBytes = link.maxMessageBytes;
    this.#awaitsResumePoints = link.speaksStreams;
    this.pump();
    for (const outbox of this.#outboxes.values()) outbox.overflow.changed();
    return true;
  }

  /** The connection is lost. */
  detach(): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    this.#gaps = [];
    for (const outbox of this.#outboxes.values()) {
      outbox.rewind();
      outbox.overflow.changed();
    }
    this.#nowEmpty();
    this.#onChange();
  }

  /** Ends all waits for empty queues: they are empty, or cannot become so. */
  #nowEmpty(): void {
    for (const resolve of this.#onEmpty.splice(0)) resolve();
  }

  pump(): void {
    while (this.#link?.writable && !this.#sendingFile && !this.#awaitsResumePoints) {
      const next = this.#next(this.#link);
      if (next === undefined) return;
      const fault = this.#tooLarge(next.entry.parts);
      if (fault !== undefined) {
        this.#giveUp(next, fault);
        continue;
      }
      if (next.entry.context.body === undefined) this.#send(this.#link, next);
      else void this.#sendFile(this.#link, next);
    }
  }

  /** One message was acknowledged. */
  acknowledged(transportId: number | string, outcome: 'received' | 'dropped'): void {
    const number = numberIn(transportId);
    const outbox = number && this.#byEpoch.get(number.epoch);
    const entry = number && outbox?.sentAs(number);
    if (outbox === undefined || entry === undefined) return;
    outbox.remove(entry);
    reportDelivered(entry, outcome);
    this.#onChange();
    this.pump();
  }

  /** An aioc peer acknowledges streams, or reports its resume points. */
  onStreamAcks({ kind, positions }: StreamAckFrame): void {
    const isFirst = kind === 'have';
    for (const { type, epoch, upTo, dropped } of positions) {
      const outbox = this.#outboxes.get(type);
      if (outbox === undefined) continue;
      const entries = outbox.acked({ epoch, seq: upTo }, { everSent: isFirst });
      outbox.remove(...entries);
      const gone = new Set(dropped);
      for (const entry of entries)
        reportDelivered(entry, gone.has(entry.number.seq) ? 'dropped' : 'received');
    }
    if (isFirst) {
      this.#awaitsResumePoints = false;
      this.#gaps = positions.filter(({ hasGap }) => hasGap);
    }
    this.#reportGone();
    this.#onChange();
    this.pump();
  }

  /** Messages on the disk are only checked when they are loaded into the window. */
  #reportGone(): void {
    const link = this.#link;
    if (this.#gaps.length === 0 || link === undefined) return;
    const gone: AckPosition[] = [];
    this.#gaps = this.#gaps.filter((position) => {
      const upTo = this.#outboxes.get(position.type)?.goneUpTo(position.epoch) ?? Number.MAX_SAFE_INTEGER;
      if (upTo === 'unknown') return true;
      gone.push({ ...position, upTo, hasGap: false });
      return false;
    });
    if (gone.length > 0) link.sendGone(gone);
  }

  #outbox(type: string): Outbox {
    let outbox = this.#outboxes.get(type);
    if (outbox === undefined) {
      const { streamPrefix, capacityOf, sourceId: _us, destinationId: _peer, ...options } = this.#options;
      outbox = new Outbox({
        ...options,
        type,
        stream: `${streamPrefix}${type}`,
        capacity: capacityOf(type),
        onKept: () => {
          this.pump();
          this.#onChange();
        },
        isDraining: () => this.#link !== undefined,
      });
      this.#outboxes.set(type, outbox);
    }
    return outbox;
  }

  #next(link: Link): Sent | undefined {
    for (const outbox of this.#outboxes.values()) {
      const entry = outbox.next();
      if (entry !== undefined && this.#maySend(link, { entry, outbox })) return { entry, outbox };
      // To a Python peer, nothing overtakes a message that waits.
      if (entry !== undefined && !link.speaksStreams) return undefined;
      if (entry === undefined && outbox.mayLoad) this.#load(outbox);
    }
    return undefined;
  }

  get #unacked(): { readonly count: number; readonly bytes: number } {
    let [count, bytes] = [0, 0];
    for (const outbox of this.#outboxes.values()) {
      count += outbox.unacked;
      bytes += outbox.unackedBytes;
    }
    return { count, bytes };
  }

  /** A store that cannot be read now, such as a closed one, is tried again while there is a connection. */
  #load(outbox: Outbox): void {
    outbox.load().then(
      () => {
        this.#reportGone();
        this.pump();
      },
      () => this.#options.clock.after(LIMITS.storeRetryMs, () => this.pump()),
    );
  }

  /** Whether the peer can receive this message in addition to the unacknowledged ones. */
  #maySend(link: Link, { entry, outbox }: Sent): boolean {
    if (link.speaksStreams) {
      const { unacked, unackedBytes } = outbox;
      if (unacked === 0) return true;
      return unacked < LIMITS.streamMessages && unackedBytes + weightOf(entry) <= LIMITS.streamBytes;
    }
    const { count, bytes } = this.#unacked;
    if (count === 0) return true;
    return count < LIMITS.unackedMessages && bytes + weightOf(entry) <= link.unreadMaxBytes;
  }

  #send(link: Link, sent: Sent): void {
    const { parts } = sent.entry;
    const { header, forwardedHeader } = this.#address(parts);
    const { data, binary } = parts;
    const transportId = this.#number(sent);
    try {
      link.send({ header, forwardedHeader, transportId, data, binary });
    } catch (error) {
      // Messages imported from Python may be too large: one must not block the queue forever.
      this.#giveUp(sent, toAiocError(error));
      return;
    }
    reportState(sent.entry, 'sent');
  }

  async #sendFile(link: Link, sent: Sent): Promise<void> {
    const { parts, context } = sent.entry;
    const body = context.body as OutgoingBody;
    this.#sendingFile = true;
    try {
      const file = await this.#open(body);
      if (file instanceof AiocError) {
        if (link.writable) this.#sendWithout(link, sent, file);
        return;
      }
      try {
        // The connection may have been lost while the file was being opened; then the file waits for the next one.
        if (!link.writable) return;
        const frame = withFileFrame(this.#address(parts).header, parts, file.sizeBytes);
        const transportId = this.#number(sent);
        await link.sendFile({
          frame: { ...frame, transportId },
          chunks: file.chunks(),
          onProgress: (bytes) => body.onProgress(bytes),
        });
        // The ack may arrive before the last write is reported.
        if (!sent.entry.gone) reportState(sent.entry, 'sent');
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

  /** The open file; or the error, if the message is sent without its file. */
  async #open(body: OutgoingBody): Promise<Awaited<ReturnType<OutgoingBody['open']>> | AiocError> {
    try {
      return await body.open();
    } catch (error) {
      if (body.whenUnreadable === 'fail') throw error;
      return toAiocError(error, 'AIOC_FILE_UNREADABLE');
    }
  }

  #sendWithout(link: Link, sent: Sent, error: AiocError): void {
    const { parts } = sent.entry;
    const frame = withoutFileFrame(this.#address(parts).header, parts, error.message);
    link.send({ ...frame, transportId: this.#number(sent) });
    reportState(sent.entry, 'sent', `without its file: ${error.message}`);
  }

  /** A message of an earlier run may carry another name of this connector. */
  #address(parts: MessageParts): Pick<MessageParts, 'header' | 'forwardedHeader'> {
    const { sourceId, destinationId } = this.#options;
    return addressFrame(parts, { sourceId: sourceId(), destinationId });
  }

  #giveUp({ entry, outbox }: Sent, error: AiocError): void {
    outbox.remove(entry);
    reportState(entry, 'failed', error.message);
    entry.context.body?.onGivenUp?.();
    this.#onChange();
  }

  /** Assigns the transport_id under which the message is sent now. */
  #number({ entry, outbox }: Sent): string {
    this.#byEpoch.set(entry.number.epoch, outbox);
    return transportIdOf(outbox.send(entry));
  }
}

function reportState({ context }: QueuedMessage, state: DeliveryState, reason?: string): void {
  context.observer.onState(context.logId, state, reason);
}

function reportDelivered(entry: QueuedMessage, outcome: 'received' | 'dropped'): void {
  reportState(entry, outcome);
  entry.context.body?.onDelivered();
}
