import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { framesOf, type SharedHeader } from '../protocol/batched-messages.ts';
import { withFileFrame, withoutFileFrame } from '../protocol/file-frames.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { pythonJson } from '../protocol/header.ts';
import { numberIn, transportIdOf } from '../protocol/message-number.ts';
import type { AckPosition, SeqRange, StreamAckFrame } from '../protocol/stream-frames.ts';
import type { Capacity } from '../queues/capacity.ts';
import { isSendable, messagesFrom } from '../queues/message-batch.ts';
import { type LeftMessages, Outbox } from '../queues/outbox.ts';
import type { Completion, OutboxBatch, OutgoingBody } from '../queues/outbox-batch.ts';
import { type OutboxEntry, refuse, weightOf } from '../queues/outbox-entry.ts';
import type { OutboxOptions } from '../queues/outbox-options.ts';
import type { Link } from './link.ts';
import { StreamCredit } from './stream-credit.ts';
import { UnackedFrames } from './unacked-frames.ts';

/** An outbox, and what is known about its way to the peer. */
interface SentQueue {
  readonly outbox: Outbox;
  readonly credit: StreamCredit;
}

interface NextEntry extends SentQueue {
  readonly entry: OutboxEntry;
}

/** Where the messages of an entry continue that are sent one by one. */
interface OpenedEntry {
  readonly entry: OutboxEntry;
  readonly frames: Iterator<Frame>;
  /** Of the next message. */
  index: number;
  /** A message that could not be sent yet. */
  next: Frame | undefined;
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
 * Sends one peer's outboxes over its current connection. Messages leave their outbox when the peer has acknowledged
 * their numbers. An aioc peer receives batches as they were queued and acknowledges many messages at once; older ones
 * and Python peers receive the messages one by one (PROTOCOL §2).
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #queues = new Map<string, SentQueue>();
  readonly #onChange: () => void;
  readonly #byEpoch = new Map<string, SentQueue>();
  #onEmpty: (() => void)[] = [];
  #link: Link | undefined;
  /** Positions after which the peer misses messages and asks whether it will still receive them. */
  #gaps: readonly AckPosition[] = [];
  /** The peer has not sent its resume points yet. */
  #awaitsResumePoints = false;
  #sendingFile = false;
  /** The largest message that the peer accepted on its last connection, in bytes of data and binary. */
  #maxMessageBytes = Number.POSITIVE_INFINITY;
  /** Messages sent one by one to a peer that acknowledges them one by one. */
  readonly #unacked = new UnackedFrames();
  #opened: OpenedEntry | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#onChange = () => {
      if (this.#onEmpty.length > 0 && this.waitingCount === 0) this.#nowEmpty();
      options.onChange();
    };
  }

  get outboxes(): readonly Outbox[] {
    return [...this.#queues.values()].map(({ outbox }) => outbox);
  }

  get waitingCount(): number {
    let count = 0;
    for (const { outbox } of this.#queues.values()) count += outbox.depth;
    return count;
  }

  get waitingBytes(): number {
    let bytes = 0;
    for (const { outbox } of this.#queues.values()) bytes += outbox.bytes;
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
    if (fault === undefined || batch.count > 1) return this.#queue(type).outbox.enqueue(batch, completion);
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

  /** Restores the messages of these types that an earlier run left in the store. */
  async restore(types: readonly string[]): Promise<void> {
    for (const type of types) await this.#queue(type).outbox.restore();
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
    for (const { outbox } of this.#queues.values()) outbox.overflow.changed();
    return true;
  }

  /** The connection is lost. */
  detach(): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    this.#gaps = [];
    this.#opened = undefined;
    this.#unacked.clear();
    for (const { outbox, credit } of this.#queues.values()) {
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
    while (this.#link?.writable && !this.#sendingFile && !this.#awaitsResumePoints) {
      const next = this.#next(this.#link);
      if (next === undefined) return;
      if (next.entry.context.body !== undefined) void this.#sendFile(this.#link, next);
      else if (this.#takesBatch(this.#link, next)) this.#sendBatch(this.#link, next);
      else if (!this.#sendOne(this.#link, next)) return;
    }
  }

  /** One message was acknowledged. */
  acknowledged(transportId: number | string, outcome: 'received' | 'dropped'): void {
    const number = numberIn(transportId);
    const outbox = number && this.#byEpoch.get(number.epoch)?.outbox;
    const acked = number && outbox?.ackedOne(number);
    if (acked === undefined) return;
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
      const queue = this.#queues.get(type);
      if (queue === undefined) continue;
      const acked = queue.outbox.acked({ epoch, seq: upTo }, { everSent: isFirst });
      if (!isFirst) this.#measure(queue, acked);
      for (const messages of acked) reportDelivered(messages, dropped);
    }
    if (isFirst) {
      this.#awaitsResumePoints = false;
      this.#gaps = positions.filter(({ hasGap }) => hasGap);
    }
    this.#reportGone();
    this.#onChange();
    this.pump();
  }

  #measure({ outbox, credit }: SentQueue, acked: readonly LeftMessages[]): void {
    let bytes = 0;
    for (const { entry } of acked) if (entry.gone) bytes += entry.sizeBytes;
    const last = acked.at(-1)?.entry;
    if (last === undefined || bytes === 0) return;
    credit.acknowledged(bytes, last.sentAtMs);
    // Messages that wait for credit are in memory as well.
    outbox.windowBytes = credit.bytes + LIMITS.outboxWindowBytes;
  }

  /** Messages on the disk are only checked when they are loaded into the window. */
  #reportGone(): void {
    const link = this.#link;
    if (this.#gaps.length === 0 || link === undefined) return;
    const gone: AckPosition[] = [];
    this.#gaps = this.#gaps.filter((position) => {
      const outbox = this.#queues.get(position.type)?.outbox;
      const upTo = outbox?.goneUpTo(position.epoch) ?? Number.MAX_SAFE_INTEGER;
      if (upTo === 'unknown') return true;
      gone.push({ ...position, upTo, hasGap: false });
      return false;
    });
    if (gone.length > 0) link.sendGone(gone);
  }

  #queue(type: string): SentQueue {
    const known = this.#queues.get(type);
    if (known !== undefined) return known;
    const { streamPrefix, capacityOf, sourceId: _us, destinationId: _peer, ...options } = this.#options;
    const outbox = new Outbox({
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
    const queue = { outbox, credit: new StreamCredit(options.clock) };
    this.#queues.set(type, queue);
    return queue;
  }

  #next(link: Link): NextEntry | undefined {
    for (const queue of this.#queues.values()) {
      const { outbox, credit } = queue;
      const entry = outbox.next();
      if (entry !== undefined) {
        const next = { outbox, credit, entry };
        if (this.#maySend(link, next)) return next;
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

  /** Whether the rest of an entry goes as a batch. */
  #takesBatch({ speaksBatches }: Link, { entry }: NextEntry): boolean {
    if (!speaksBatches || entry.hasHoles || this.#opened?.entry === entry) return false;
    return entry.largestBytes <= this.#maxMessageBytes && isSendable(recordsIn(entry));
  }

  #sendBatch(link: Link, next: NextEntry): void {
    const { entry, outbox } = next;
    const from = Math.max(entry.sent, entry.left);
    const { count, records } = messagesFrom(recordsIn(entry), from);
    const transportId = this.#number(next, count);
    const shared = { ...this.#shared(outbox), aioc_batch: count };
    const headerBytes = Buffer.from(pythonJson(shared), 'latin1');
    link.send({ header: shared, headerBytes, transportId, data: records });
    entry.report(from, entry.count, 'sent');
  }

  /** Sends the next message of an entry by itself; false if it must wait. */
  #sendOne(link: Link, next: NextEntry): boolean {
    const { entry, outbox } = next;
    const frame = this.#nextFrame(next);
    if (frame === undefined) return true;
    const { header, headerBytes, data, binary } = frame;
    const fault = this.#tooLarge(data.length + binary.length);
    if (fault !== undefined) {
      this.#giveUp(next, fault);
      this.#frameSent();
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
      this.#frameSent();
    }
    entry.report(from, from + 1, 'sent');
    return true;
  }

  /** The next message of an entry that has not left; undefined if there is none: the entry is over. */
  #nextFrame({ entry, outbox }: NextEntry): Frame | undefined {
    const from = Math.max(entry.sent, entry.left);
    if (this.#opened?.entry !== entry || this.#opened.index > from) {
      const frames = framesOf(this.#shared(outbox), recordsIn(entry).records)[Symbol.iterator]();
      this.#opened = { entry, frames, index: 0, next: undefined };
    }
    const opened = this.#opened;
    while (opened.index < from) {
      if (opened.next === undefined) opened.frames.next();
      opened.next = undefined;
      opened.index += 1;
    }
    if (entry.hasLeft(from)) {
      entry.sent = from + 1;
      return undefined;
    }
    opened.next ??= opened.frames.next().value as Frame;
    return opened.next;
  }

  #frameSent(): void {
    const opened = this.#opened;
    if (opened === undefined) return;
    opened.next = undefined;
    opened.index += 1;
    if (opened.index === opened.entry.count) this.#opened = undefined;
  }

  async #sendFile(link: Link, next: NextEntry): Promise<void> {
    const { entry } = next;
    const body = entry.context.body as OutgoingBody;
    this.#sendingFile = true;
    try {
      const file = await this.#open(body);
      if (file instanceof AiocError) {
        if (link.writable && !entry.gone) this.#sendWithout(link, next, file);
        return;
      }
      try {
        // The connection may have been lost while the file was being opened; then the file waits for the next one. Or the
        // message was cancelled or dropped.
        if (!link.writable || entry.gone) return;
        const parts = this.#only(next);
        const frame = withFileFrame(parts.header, ownParts(parts), file.sizeBytes);
        const transportId = this.#number(next, 1);
        if (!link.speaksStreams) this.#unacked.add(transportId, LIMITS.fileWeightBytes);
        await link.sendFile({
          frame: { ...frame, transportId },
          chunks: file.chunks(),
          onProgress: (bytes) => body.onProgress(bytes),
        });
        // The ack may arrive before the last write is reported.
        if (!entry.gone) entry.report(0, 1, 'sent');
      } finally {
        await file.close();
      }
    } catch (error) {
      const known = toAiocError(error, 'AIOC_FILE_UNREADABLE');
      if (known.code !== 'AIOC_PEER_AWAY') this.#giveUp(next, known);
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

  #sendWithout(link: Link, next: NextEntry, error: AiocError): void {
    const parts = this.#only(next);
    const frame = withoutFileFrame(parts.header, ownParts(parts), error.message);
    const transportId = this.#number(next, 1);
    if (!link.speaksStreams) this.#unacked.add(transportId, LIMITS.fileWeightBytes);
    link.send({ ...frame, transportId });
    next.entry.report(0, 1, 'sent', `without its file: ${error.message}`);
  }

  /** The only message of an entry. */
  #only({ entry, outbox }: NextEntry): Frame {
    for (const frame of framesOf(this.#shared(outbox), recordsIn(entry).records)) return frame;
    throw new AiocError('AIOC_INTERNAL', 'a batch without messages');
  }

  /** Whatever a program or an earlier run has set: the current names of this connector and of the peer. */
  #shared({ type }: Outbox): SharedHeader {
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
  #number({ entry, outbox, credit }: NextEntry, count: number): string {
    this.#byEpoch.set(entry.number.epoch, { outbox, credit });
    entry.sentAtMs = this.#options.clock.now();
    return transportIdOf(outbox.send(entry, count));
  }
}

function recordsIn({ count, records }: OutboxEntry): { readonly count: number; readonly records: Buffer } {
  if (records === undefined) throw new AiocError('AIOC_INTERNAL', 'a batch that is only in the store');
  return { count, records };
}

/** The application's own binary may be absent. */
function ownParts({ data, binary }: Frame): { readonly data: Buffer; readonly binary: Buffer | undefined } {
  return { data, binary: binary.length === 0 ? undefined : binary };
}

function reportDelivered({ entry, from, to }: LeftMessages, dropped: readonly SeqRange[]): void {
  const { number, context } = entry;
  let at = from;
  for (const [first, last] of dropped) {
    const start = Math.max(at, first - number.seq);
    const end = Math.min(to, last - number.seq + 1);
    if (end <= start) continue;
    entry.report(at, start, 'received');
    entry.report(start, end, 'dropped');
    at = end;
  }
  entry.report(at, to, 'received');
  context.body?.onDelivered();
}
