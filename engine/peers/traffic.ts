import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { MemoryBudget } from '../base/memory-budget.ts';
import { RateMeter } from '../base/rate-meter.ts';
import { framesOf, sharedOf } from '../protocol/batched-messages.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { Header } from '../protocol/header.ts';
import { type NumberOnWire, numberIn } from '../protocol/message-number.ts';
import { type Ack, acknowledgeable, isReserved, type OutFrame } from '../protocol/messages.ts';
import type { StreamAckFrame } from '../protocol/stream-frames.ts';
import type { TransferFrame } from '../protocol/transfer-frames.ts';
import { transferOf } from '../protocol/transfer-key.ts';
import type { InboxArrival } from '../queues/inbox-arrival.ts';
import { type CheckedBatch, type MessageBatch, messagesFrom } from '../queues/message-batch.ts';
import type { MessageSource } from '../queues/message-source.ts';
import type { Completion } from '../queues/outbox-batch.ts';
import { DISCARDED_FILE, type Disposition, type FileSink, wrapSink } from './file-sink.ts';
import type { Link } from './link.ts';
import type { LinkTraffic } from './link-types.ts';
import { OutgoingTraffic } from './outgoing-traffic.ts';
import type { Peer } from './peer.ts';
import { Pings } from './pings.ts';
import { admissibleParts, batchOfFrame, countIn, ReceivedBatches } from './received-batches.ts';
import { type ArrivedFile, ReceivedFiles } from './received-files.ts';
import type { BatchExtras, OwnMessage, TrafficOptions } from './traffic-types.ts';
import { TrafficWarnings } from './traffic-warnings.ts';

type ArrivalMaybeWithFile = InboxArrival & Partial<ArrivedFile>;

/** Every incoming and outgoing message passes here: it is counted, logged, and dropped if its peer is ignored. */
export class Traffic implements LinkTraffic<Link> {
  readonly #options: TrafficOptions;
  readonly inRate: RateMeter;
  readonly #outgoing: OutgoingTraffic;
  readonly #pings: Pings;
  readonly #warnings: TrafficWarnings;
  readonly #received = new ReceivedBatches();
  readonly files: ReceivedFiles;

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#warnings = new TrafficWarnings(options.log);
    this.#pings = new Pings(options);
    this.inRate = new RateMeter(options.clock);
    this.#outgoing = new OutgoingTraffic(options);
    this.files = new ReceivedFiles({
      ...options,
      receiver: options.application.files,
      deliver: (peer, frame, file) => this.#deliverPlaced(peer, frame, file),
    });
  }

  get outRate(): RateMeter {
    return this.#outgoing.rate;
  }

  get budget(): MemoryBudget {
    return this.#options.budget;
  }

  /** The largest accepted message, in bytes of data and binary. */
  get messageMaxBytes(): number {
    return this.#options.messageMaxBytes ?? LIMITS.messageBytes;
  }

  /** Whether files of aioc peers cross beside the messages. */
  get takesFiles(): boolean {
    return this.#options.application.files !== undefined;
  }

  /** The name of this connector on the wire. */
  get sourceId(): string {
    return this.#options.sourceId();
  }

  connected(peer: Peer): void {
    this.#options.application.connected(peer);
    this.files.connected(peer);
    this.#options.onPeerChange?.({ connected: true, name: peer.wireName, address: peer.address });
  }

  disconnected(peer: Peer, reason: string): void {
    this.#pings.disconnected(peer);
    this.files.disconnected(peer);
    this.#options.application.disconnected(peer, reason);
    this.#options.onPeerChange?.({ connected: false, name: peer.wireName, address: peer.address, reason });
  }

  messages(link: Link, frame: Frame): Disposition | Promise<Disposition> {
    const peer = this.#options.registry.byLink(link);
    const { header } = frame;
    if (peer === undefined || isReserved(header.message_type)) {
      this.#unwanted(link, header);
      return 'taken';
    }
    const number = numberIn(header['transport_id']);
    if (link.speaksFiles && transferOf(header) !== undefined) return this.files.take(peer, link, frame);
    let batch: CheckedBatch;
    try {
      batch = this.#received.read(frame, link.speaksBatches);
    } catch (error) {
      return this.#undeliverable(peer, link, { header, number, error: toAiocError(error) });
    }
    if (number === undefined) {
      if (link.speaksBatches && header['aioc_batch'] !== undefined)
        throw new AiocError('AIOC_FRAME_BAD', 'a batch without a number');
      return this.#deliver(peer, batch, { senderKeeps: isAcknowledged(frame) });
    }
    const mustOpen = batch.count > 1 && (batch.hasResponse || batch.largestBytes > this.messageMaxBytes);
    // Some messages are not only passed on, and each is looked at by itself.
    if (mustOpen) return this.#takeParts(peer, link, { parts: this.#received.opened(batch), number });
    const most = this.#options.application.largestPart?.(batch) ?? batch.count;
    if (batch.count <= most) return this.#take(peer, link, batch, number);
    // Each part is acknowledged when it is in: otherwise its messages would count here and at their sender.
    return this.#takeParts(peer, link, { parts: admissibleParts(batch, this.#options.application), number });
  }

  #deliverPlaced(peer: Peer, frame: Frame, file: ArrivedFile): Disposition | Promise<Disposition> {
    try {
      return this.#deliver(peer, this.#received.read(frame, false), { ...file, senderKeeps: true });
    } catch (error) {
      this.#tellUndeliverable(peer, frame.header, toAiocError(error));
      return 'dropped';
    }
  }

  transfer(link: Link, frame: TransferFrame): Promise<void> | undefined {
    const peer = this.#options.registry.byLink(link);
    if (peer === undefined || peer.sender.onTransfer(frame)) return undefined;
    return this.files.received(peer, link, frame);
  }

  /** aioc is about to end: stops files whose messages will be forgotten. `isKept`: whether those of a type are not. */
  stopFiles(isKept: (type: string) => boolean): void {
    for (const { sender } of this.#options.registry.all) sender.files.stop(isKept);
  }

  /** Resolves when no file to or from a peer is open. Nothing may be sent or received after it. */
  async closeFiles(): Promise<void> {
    const senders = [...this.#options.registry.all].map(({ sender }) => sender.closeFiles());
    await Promise.all([this.files.close(), ...senders]);
  }

  /** It would be as long when sent again, so the connection must not end because of it. */
  #undeliverable(
    peer: Peer,
    link: Link,
    { header, number, error }: { header: Header; number: NumberOnWire | undefined; error: AiocError },
  ): Disposition | Promise<Disposition> {
    this.#tellUndeliverable(peer, header, error);
    if (number === undefined) return 'dropped';
    const type = header.message_type;
    return peer.receiver.take({ link, number, count: 1, type, sizeBytes: 0, deliver: () => 'dropped' });
  }

  /** @throws another error than AIOC_FRAME_TOO_LARGE */
  #tellUndeliverable(peer: Peer, header: Header, error: AiocError): void {
    if (error.code !== 'AIOC_FRAME_TOO_LARGE') throw error;
    const type = header.message_type;
    this.#warnings.undeliverable(peer.name, type, error.message);
    this.#options.application.undeliverable?.(peer, header, error.message);
  }

  #take(
    peer: Peer,
    link: Link,
    batch: CheckedBatch,
    number: NumberOnWire,
  ): Disposition | Promise<Disposition> {
    const { shared, count, records } = batch;
    return peer.receiver.take({
      link,
      number,
      count,
      type: shared.message_type,
      sizeBytes: records.length,
      deliver: (source, known) =>
        this.#deliver(peer, messagesFrom(batch, known), { source, senderKeeps: true }),
    });
  }

  /** Takes a batch in parts, each under its own number. */
  async #takeParts(
    peer: Peer,
    link: Link,
    { parts, number }: { readonly parts: Iterable<CheckedBatch>; readonly number: NumberOnWire },
  ): Promise<Disposition> {
    const taken: (Disposition | Promise<Disposition>)[] = [];
    let its = number;
    try {
      for (const part of parts) {
        taken.push(this.#take(peer, link, part, its));
        its = { epoch: number.epoch, seq: its.seq + part.count };
      }
    } catch (error) {
      // The connection ends. Those before it may still be refused.
      void Promise.allSettled(taken);
      throw error;
    }
    await Promise.all(taken);
    return 'taken';
  }

  /** Counts a forged frame; its number still counts in the sender's sequence. */
  forged(link: Link, frame: Frame, rejectionReason: string): Disposition | Promise<Disposition> {
    const peer = this.#options.registry.byLink(link);
    const deliver = (): Disposition => this.#countForged(link, peer, rejectionReason);
    const number = numberIn(frame.header['transport_id']);
    if (peer === undefined || number === undefined || isReserved(frame.header.message_type)) return deliver();
    const { message_type: type } = frame.header;
    const count = countIn(frame, link.speaksBatches);
    return peer.receiver.take({ link, number, count, type, sizeBytes: 0, deliver });
  }

  #countForged(link: Link, peer: Peer | undefined, rejectionReason: string): Disposition {
    peer?.countForged();
    this.#warnings.forged(peer?.name ?? link.peerWireName, rejectionReason);
    return 'rejected';
  }

  #deliver(
    peer: Peer,
    batch: CheckedBatch,
    arrival: ArrivalMaybeWithFile,
  ): Disposition | Promise<Disposition> {
    const { shared, count, records, hasResponse, largestBytes } = batch;
    if (largestBytes > this.messageMaxBytes) return this.#dropLarge(peer, batch);
    this.#countIn(peer, shared.message_type, count);
    const { log, ignoring, application } = this.#options;
    // Spreads would cost more than all the rest.
    const logId = log.traffic({
      kind: arrival.fileBytes === undefined ? 'message' : 'file',
      direction: 'in',
      outcome: 'arrived',
      peerName: peer.name,
      shared,
      count,
      records,
      fileBytes: arrival.fileBytes,
      hasResponse,
    });
    if (ignoring.dropIfIgnored(peer, 'in', count)) {
      log.settle(logId, 'dropped', { count, why: 'ignored' });
      return 'dropped';
    }
    const { source, senderKeeps } = arrival;
    return application.messages(peer, batch, { source, logId, senderKeeps });
  }

  #dropLarge(peer: Peer, batch: CheckedBatch): Disposition {
    for (const { header, data, binary } of framesOf(batch.shared, batch.records))
      this.#tellOversized(peer, header, data.length + binary.length);
    return 'dropped';
  }

  async file(link: Link, frame: Frame, sizeBytes: number): Promise<FileSink> {
    const peer = this.#options.registry.byLink(link);
    if (peer === undefined || isReserved(frame.header.message_type)) {
      this.#unwanted(link, frame.header);
      return DISCARDED_FILE;
    }
    const number = numberIn(frame.header['transport_id']);
    const type = frame.header.message_type;
    if (number === undefined) return this.#file(peer, frame, sizeBytes);
    const sink = peer.receiver.has(type, number)
      ? DISCARDED_FILE
      : await this.#file(peer, frame, sizeBytes, { peerName: peer.wireName, ...number });
    return wrapSink(sink, {
      // It counts as received once it is complete.
      deliver: () =>
        peer.receiver.take({ link, number, count: 1, type, sizeBytes: 0, deliver: () => sink.deliver() }),
    });
  }

  async #file(peer: Peer, frame: Frame, sizeBytes: number, source?: MessageSource): Promise<FileSink> {
    let batch: MessageBatch;
    try {
      batch = batchOfFrame(frame);
    } catch (error) {
      this.#tellUndeliverable(peer, frame.header, toAiocError(error));
      return DISCARDED_FILE;
    }
    this.#countIn(peer, frame.header.message_type, 1);
    const { log, ignoring } = this.#options;
    const logId = log.traffic({
      ...{ kind: 'file', direction: 'in', outcome: 'arrived', peerName: peer.name },
      ...{ shared: sharedOf(frame.header), ...batch, fileBytes: sizeBytes },
      hasResponse: frame.header['response_id'] !== undefined,
    });
    if (ignoring.dropIfIgnored(peer, 'in')) {
      log.settle(logId, 'dropped', { why: 'ignored' });
      return DISCARDED_FILE;
    }
    const senderKeeps = source !== undefined || isAcknowledged(frame);
    const arrival = { source, logId, senderKeeps };
    const sink = await this.#options.application.file(peer, frame, sizeBytes, arrival);
    return wrapSink(sink, {
      deliver: () => sink.deliver(),
      abort: () => {
        log.settle(logId, 'failed', { why: 'it ended early' });
        sink.abort();
      },
    });
  }

  /**
   * Queues a message for a peer; resolves when it is in the store.
   *
   * @returns a function that cancels it, unless it has been sent
   * @throws AiocError AIOC_IGNORED if the peer is ignored, AIOC_QUEUE_FULL
   */
  send(peer: Peer, message: OwnMessage): Promise<() => void> {
    return this.#outgoing.send(peer, message);
  }

  /**
   * Queues messages for a peer. `completion` reports that they are in the store, or why not, as in `send`.
   *
   * @returns see Outbox.enqueue
   */
  enqueue(
    peer: Peer,
    batch: CheckedBatch,
    completion: Completion,
    extras?: BatchExtras,
  ): Promise<void> | undefined {
    return this.#outgoing.enqueue(peer, batch, completion, extras);
  }

  acknowledged(link: Link, ack: Ack): void {
    const outcome = ack.dropped ? 'dropped' : 'received';
    this.#options.registry.byLink(link)?.sender.acknowledged(ack.transportId, outcome);
  }

  onStreamAcks(link: Link, acks: StreamAckFrame): void {
    const peer = this.#options.registry.byLink(link);
    if (acks.kind === 'gone') peer?.receiver.onGone(acks.positions);
    else peer?.sender.onStreamAcks(acks);
  }

  ping(peer: Peer): Promise<number> {
    return this.#pings.ping(peer);
  }

  pong(link: Link, frame: Frame): void {
    const peer = this.#options.registry.byLink(link);
    if (this.#pings.answered(peer, frame.header['response_id'])) return;
    if (peer !== undefined) this.#options.application.pong?.(peer, frame);
  }

  /**
   * Sends a frame without queueing it.
   *
   * @throws AiocError AIOC_PEER_AWAY
   */
  sendNow(peer: Peer, frame: OutFrame): void {
    const { link } = peer;
    if (link === undefined) throw new AiocError('AIOC_PEER_AWAY', `${peer.name} is not connected`);
    const header: Header = { ...frame.header, source_id: this.sourceId, destination_id: peer.wireName };
    link.send({ ...frame, header });
  }

  writable(link: Link): void {
    this.#options.registry.byLink(link)?.sender.pump();
  }

  oversized(link: Link, header: Header, sizeBytes: number): Disposition | Promise<Disposition> | undefined {
    const peer = this.#options.registry.byLink(link);
    this.#tellOversized(peer, header, sizeBytes, link.peerWireName);
    const number = numberIn(header['transport_id']);
    // Acknowledged as dropped; otherwise an aioc peer would send it again on each connection, and a Python peer would
    // hold its queue.
    if (peer === undefined || number === undefined) return peer && 'dropped';
    const type = header.message_type;
    return peer.receiver.take({ link, number, count: 1, type, sizeBytes: 0, deliver: () => 'dropped' });
  }

  #tellOversized(peer: Peer | undefined, header: Header, sizeBytes: number, wireName = ''): void {
    const sizes = { sizeBytes, maxBytes: this.messageMaxBytes };
    this.#warnings.oversized(peer?.name ?? wireName, header.message_type, sizes);
    if (peer !== undefined) this.#options.application.oversized?.(peer, header, sizeBytes);
  }

  #countIn(peer: Peer, type: string, count: number): void {
    peer.inRate.add(count);
    this.inRate.add(count);
    this.#options.counts?.received(type, count);
  }

  #unwanted(link: Link, header: Header): void {
    const peerName = this.#options.registry.byLink(link)?.name ?? link.peerWireName;
    this.#warnings.unknownType(peerName, header.message_type);
  }
}

/** Whether the sender of a frame keeps it until it is acknowledged. */
function isAcknowledged(frame: Frame): boolean {
  return acknowledgeable(frame) !== undefined;
}
