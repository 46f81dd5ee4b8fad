import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { SharedHeader } from '../protocol/batched-messages.ts';
import { pythonJson } from '../protocol/header.ts';
import { type MessageNumber, numberIn, transportIdOf } from '../protocol/message-number.ts';
import type { StreamAckFrame } from '../protocol/stream-frames.ts';
import type { TransferFrame } from '../protocol/transfer-frames.ts';
import type { Capacity } from '../queues/capacity.ts';
import { firstPart, isSendable, messagesFrom } from '../queues/message-batch.ts';
import { Outbox } from '../queues/outbox.ts';
import type { Completion, OutboxBatch } from '../queues/outbox-batch.ts';
import { type LeftMessages, refuse, weightOf } from '../queues/outbox-entry.ts';
import type { OutboxOptions } from '../queues/outbox-options.ts';
import { outboxStream, type StoredOutbox } from '../queues/stream-names.ts';
import { EntryCursor, recordsIn } from './entry-cursor.ts';
import { GoneMessages } from './gone-messages.ts';
import type { Link } from './link.ts';
import { MessageFiles } from './message-files.ts';
import { reportDelivered } from './report-delivered.ts';
import { type NextEntry, newSentQueue, type SentQueue } from './sent-queue.ts';
import { SentQueues } from './sent-queues.ts';
import { UnackedFrames } from './unacked-frames.ts';

export interface SenderOptions
  extends Pick<OutboxOptions, 'clock' | 'random' | 'store' | 'budget' | 'whenFull' | 'revive'> {
  /** The capacity of the queue of a message type. */
  readonly capacityOf: (type: string) => Capacity;
  /** The peer's name in the names of its streams in the store. */
  readonly streamKey: () => string;
  /** The current name of this connector on the wire. */
  readonly sourceId: () => string;
  /** The peer's name on the wire. */
  readonly destinationId: string;
  readonly onChange: () => void;
}

/**
 * Sends one peer's outboxes over its current connection. Messages leave their outbox when the peer has acknowledged
 * their numbers. An aioc peer receives batches as they were queued and acknowledges many messages at once; older ones
 * and Python peers receive the messages one by one (PROTOCOL §2).
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #queues = new SentQueues((type, lane) => this.#makeQueue(type, lane));
  readonly #onChange: () => void;
  #onEmpty: (() => void)[] = [];
  #link: Link | undefined;
  readonly #gone = new GoneMessages();
  /** The peer has not sent its resume points yet. */
  #awaitsResumePoints = false;
  /** The largest message that the peer accepted on its last connection, in bytes of data and binary. */
  #maxMessageBytes = Number.POSITIVE_INFINITY;
  /** Messages sent one by one to a peer that acknowledges them one by one. */
  readonly #unacked = new UnackedFrames();
  readonly #cursor = new EntryCursor((type) => this.#shared(type));
  readonly files: MessageFiles;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#onChange = () => {
      if (this.#onEmpty.length > 0 && this.waitingCount === 0) this.#nowEmpty();
      options.onChange();
    };
    const { clock, sourceId } = options;
    this.files = new MessageFiles({
      ...{ clock, sourceId },
      frameOf: ({ entry, outbox }) => this.#cursor.only(entry, outbox.type),
      number: (link, next) => this.#numberFile(link, next),
      giveUp: (next, error) => this.#giveUp(next, error),
      isGone: (number) => this.#isGone(number),
      pump: () => this.pump(),
    });
  }

  get queues(): readonly SentQueue[] {
    return this.#queues.all;
  }

  get outboxes(): readonly Outbox[] {
    return this.#queues.all.map(({ outbox }) => outbox);
  }

  get waitingCount(): number {
    let count = 0;
    for (const { outbox } of this.#queues.all) count += outbox.depth;
    return count;
  }

  get waitingBytes(): number {
    let bytes = 0;
    for (const { outbox } of this.#queues.all) bytes += outbox.bytes;
    return bytes;
  }

  /**
   * Queues messages of a type and sends them as soon as possible. `completion` reports that they are in the store, or
   * why not.
   *
   * @returns see Outbox.enqueue
   */
  enqueue(type: string, batch: OutboxBatch, completion: Completion): Promise<void> | undefined {
    const fault = this.#tooLarge(batch.largestBytes);
    // Of several messages, the others may still be sent.
    if (fault === undefined || batch.count > 1)
      return this.#queues.for(type, batch).outbox.enqueue(batch, completion);
    refuse(batch, completion, fault);
    return undefined;
  }

  /** Why the peer would reject a message of this size. */
  #tooLarge(sizeBytes: number): AiocError | undefined {
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

  /** Restores the messages that an earlier run left in these streams of the store. */
  async restore(streams: readonly StoredOutbox[]): Promise<void> {
    for (const { type, lane } of streams) {
      const queue = lane === undefined ? this.#queues.main(type) : this.#queues.lane(type, lane);
      await queue.outbox.restore();
    }
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
    for (const { outbox } of this.#queues.all) outbox.overflow.changed();
    return true;
  }

  /** The connection is lost. */
  detach(): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    this.files.detach();
    this.#gone.setGaps([]);
    this.#cursor.reset();
    this.#unacked.clear();
    for (const { outbox, credit, lag } of this.#queues.all) {
      lag.reset();
      credit.reconnected();
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
    while (this.#link?.writable && !this.files.isSending && !this.#awaitsResumePoints) {
      const next = this.#next(this.#link);
      if (next === undefined) break;
      if (next.entry.context.body !== undefined) this.files.send(this.#link, next);
      else if (this.#takesBatch(this.#link, next)) this.#sendBatch(this.#link, next);
      else if (!this.#sendOne(this.#link, next)) return;
    }
    this.files.pump();
  }

  /** A frame about a file to or from the peer; false for the latter. */
  onTransfer(frame: TransferFrame): boolean {
    return this.files.received(frame);
  }

  closeFiles(): Promise<void> {
    return this.files.close();
  }

  /** One message was acknowledged. */
  acknowledged(transportId: number | string, outcome: 'received' | 'dropped'): void {
    const number = numberIn(transportId);
    if (number === undefined) return this.files.acknowledged(String(transportId));
    const queue = this.#queues.ofEpoch(number.epoch);
    const acked = queue?.outbox.ackedOne(number);
    if (acked === undefined) return;
    queue?.lag.acked(acked.entry.sentAtMs);
    this.#unacked.remove(String(transportId));
    const { entry, from, to } = acked;
    reportDelivered(
      acked,
      outcome === 'dropped' ? [[entry.number.seq + from, entry.number.seq + to - 1]] : [],
    );
    this.#onChange();
    this.pump();
  }

  /** An aioc peer acknowledges streams, or reports its resume points. */
  onStreamAcks({ kind, positions }: StreamAckFrame): void {
    const isFirst = kind === 'have';
    for (const { type, epoch, upTo, dropped } of positions) {
      for (const queue of this.#queues.ofType(type)) {
        const acked = queue.outbox.acked({ epoch, seq: upTo }, { everSent: isFirst });
        if (!isFirst) this.#measure(queue, acked);
        for (const messages of acked) reportDelivered(messages, dropped);
      }
    }
    if (isFirst) {
      this.#awaitsResumePoints = false;
      this.#gone.setGaps(positions.filter(({ hasGap }) => hasGap));
      if (this.#link !== undefined) this.files.attach(this.#link);
    }
    this.#reportGone();
    this.#onChange();
    this.pump();
  }

  #measure({ outbox, credit, lag }: SentQueue, acked: readonly LeftMessages[]): void {
    const bytes = acked.reduce((sum, { entry }) => sum + (entry.gone ? entry.sizeBytes : 0), 0);
    const last = acked.at(-1)?.entry;
    if (last !== undefined) lag.acked(last.sentAtMs);
    if (last === undefined || bytes === 0) return;
    credit.acknowledged(bytes, last.sentAtMs);
    // Messages that wait for credit are in memory as well.
    outbox.windowBytes = credit.bytes + LIMITS.outboxWindowBytes;
  }

  /** Messages on the disk are only known when they are loaded into the window. */
  #isGone({ epoch, seq }: MessageNumber): boolean {
    return this.#queues.all.every(({ outbox }) => {
      const upTo = outbox.goneUpTo(epoch);
      return upTo !== 'unknown' && seq <= upTo;
    });
  }

  #reportGone(): void {
    this.#gone.report(this.#link, (type) => this.#queues.ofType(type).map(({ outbox }) => outbox));
  }

  #makeQueue(type: string, lane: number | undefined): SentQueue {
    const { streamKey, capacityOf, sourceId: _us, destinationId: _peer, ...options } = this.#options;
    const outbox = new Outbox({
      ...options,
      type,
      stream: outboxStream({ peer: streamKey(), type, lane }),
      capacity: capacityOf(type),
      onKept: () => {
        this.pump();
        this.#onChange();
      },
      isDraining: () => this.#link !== undefined,
    });
    return newSentQueue(outbox, options.clock);
  }

  #next(link: Link): NextEntry | undefined {
    for (const queue of this.#queues.all) {
      const { outbox, credit, lag } = queue;
      const entry = outbox.next();
      if (entry !== undefined) {
        const next = { outbox, credit, lag, entry };
        if (this.files.maySend(link, next) && this.#maySend(link, next)) return next;
      }
      // To a Python peer, nothing overtakes a message that waits.
      if (entry !== undefined && !link.speaksStreams) return undefined;
      if (entry === undefined && outbox.mayLoad) this.#load(outbox);
    }
    return undefined;
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

  /** Whether the peer can receive the next messages of an entry in addition to the unacknowledged ones. */
  #maySend(link: Link, { entry, outbox, credit }: NextEntry): boolean {
    if (link.speaksBatches) return entry.sent > 0 || credit.allows(weightOf(entry), outbox.unackedBytes);
    if (link.speaksStreams) {
      const { unacked, unackedBytes } = outbox;
      if (unacked === 0) return true;
      const moreBytes = entry.sent > 0 ? 0 : weightOf(entry);
      return unacked < LIMITS.streamMessages && unackedBytes + moreBytes <= LIMITS.streamBytes;
    }
    // The size of a single message is known when it is looked at.
    const fileBytes = entry.context.body === undefined ? 0 : LIMITS.fileWeightBytes;
    return this.#mayBeUnacked(link, fileBytes);
  }

  #mayBeUnacked(link: Link, sizeBytes: number): boolean {
    const { count, bytes } = this.#unacked;
    if (count === 0) return true;
    return count < LIMITS.unackedMessages && bytes + sizeBytes <= link.unreadMaxBytes;
  }

  /** Whether the next messages of an entry go as a batch. */
  #takesBatch({ speaksBatches }: Link, { entry }: NextEntry): boolean {
    if (!speaksBatches || entry.hasHoles || this.#cursor.isIn(entry)) return false;
    return entry.largestBytes <= this.#maxMessageBytes && isSendable(recordsIn(entry));
  }

  #sendBatch(link: Link, next: NextEntry): void {
    const { entry, outbox } = next;
    const from = Math.max(entry.sent, entry.left);
    const { count, records } = firstPart(messagesFrom(recordsIn(entry), from), link.batchMaxBytes);
    const transportId = this.#number(next, count);
    const shared = { ...this.#shared(outbox.type), aioc_batch: count };
    const headerBytes = Buffer.from(pythonJson(shared), 'latin1');
    link.send({ header: shared, headerBytes, transportId, data: records });
    entry.report(from, entry.count, 'sent');
  }

  /** Sends the next message of an entry by itself; false if it must wait. */
  #sendOne(link: Link, next: NextEntry): boolean {
    const { entry, outbox } = next;
    const frame = this.#cursor.next(entry, outbox.type);
    if (frame === undefined) return true;
    const { header, headerBytes, data, binary } = frame;
    const fault = this.#tooLarge(data.length + binary.length);
    if (fault !== undefined) {
      this.#giveUp(next, fault);
      this.#cursor.advance();
      return true;
    }
    const sizeBytes = headerBytes.length + data.length + binary.length;
    if (!link.speaksStreams && !this.#mayBeUnacked(link, sizeBytes)) return false;
    const from = Math.max(entry.sent, entry.left);
    try {
      const transportId = this.#number(next, 1);
      link.send({ header, headerBytes, transportId, data, binary });
      if (!link.speaksStreams) this.#unacked.add(transportId, sizeBytes);
    } catch (error) {
      // Messages imported from Python may be too large: one must not block the queue forever.
      const left = outbox.removeSent(entry, from);
      this.#reportFailed(left, toAiocError(error));
      return true;
    } finally {
      this.#cursor.advance();
    }
    entry.report(from, from + 1, 'sent');
    return true;
  }

  /** Whatever a program or an earlier run has set: the current names of this connector and of the peer. */
  #shared(type: string): SharedHeader {
    const { sourceId, destinationId } = this.#options;
    return { message_type: type, source_id: sourceId(), destination_id: destinationId };
  }

  /** A message of an entry can never be sent: the next one, or the file's, which may have been sent in part. */
  #giveUp({ entry, outbox }: NextEntry, error: AiocError): void {
    if (entry.gone) return;
    const isSent = entry.sent === entry.count;
    this.#reportFailed(isSent ? outbox.removeSent(entry, entry.count - 1) : outbox.removeNext(entry), error);
  }

  #reportFailed({ entry, from, to }: LeftMessages, error: AiocError): void {
    entry.report(from, to, 'failed', error.message);
    entry.context.body?.onGivenUp?.();
    this.#onChange();
  }

  /** Assigns the transport_id under which the next messages of an entry are sent now. */
  #number({ entry, outbox, credit, lag }: NextEntry, count: number): string {
    this.#queues.sent(entry.number.epoch, { outbox, credit, lag });
    if (outbox.unacked === 0) lag.started();
    entry.sentAtMs = this.#options.clock.now();
    return transportIdOf(outbox.send(entry, count));
  }

  #numberFile(link: Link, next: NextEntry): string {
    const transportId = this.#number(next, 1);
    if (!link.speaksStreams) this.#unacked.add(transportId, LIMITS.fileWeightBytes);
    return transportId;
  }
}
