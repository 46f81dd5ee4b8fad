import { isAscii } from 'node:buffer';
import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { MemoryBudget } from '../base/memory-budget.ts';
import type { Outcome } from '../contract/views.ts';
import type { ReceivedPieces } from '../files/received-pieces.ts';
import type { Disposition, FileSink } from '../peers/file-sink.ts';
import type { Peer } from '../peers/peer.ts';
import type { FileReceiver } from '../peers/received-files.ts';
import type { Traffic } from '../peers/traffic.ts';
import type { Application, BatchExtras } from '../peers/traffic-types.ts';
import { framesOf, recordHeader } from '../protocol/batched-messages.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { Header, JsonObject } from '../protocol/header.ts';
import { isReserved } from '../protocol/messages.ts';
import { readNoResponse } from '../protocol/no-response.ts';
import { checkOwnHeaderBytes } from '../protocol/record-batch.ts';
import { Inbox } from '../queues/inbox.ts';
import type { InboxArrival } from '../queues/inbox-arrival.ts';
import { batchOfOne, type CheckedBatch } from '../queues/message-batch.ts';
import type { MessageSource, StoredPosition } from '../queues/message-source.ts';
import type { Completion } from '../queues/outbox-batch.ts';
import { inboxStream } from '../queues/stream-names.ts';
import { ArrivingFiles } from './arriving-files.ts';
import { AwaitedResponses } from './awaited-responses.ts';
import type { FileFollower, LocalBrokerOptions } from './local-broker-types.ts';
import { extrasOf, type PendingRequest, type ResponseHandler } from './local-broker-types.ts';
import { QueueWarnings } from './queue-warnings.ts';
import { RefusedResponses } from './refused-responses.ts';
import { unknownType, whyNotTaken } from './unknown-type.ts';

/** Maximum bytes of data and binary of a message from a local program. */
export const messageMaxBytesOf = ({ messageMaxBytes = LIMITS.messageBytes }: LocalBroker): number =>
  messageMaxBytes;

/** The error text for a message of this size, with what to do. */
export function tooLargeText(sizeBytes: number, maxBytes: number): string {
  return `it has ${sizeBytes} bytes, and max_size_message is ${maxBytes}: raise it, or send a file`;
}

/**
 * Passes messages between peers and local programs: the one local API of the connector, behind every kind of socket
 * (PROTOCOL §4).
 */
export class LocalBroker implements Application {
  readonly #options: LocalBrokerOptions;
  readonly #inboxes = new Map<string, Inbox>();
  readonly #responses = new AwaitedResponses();
  readonly #arriving: ArrivingFiles;
  readonly #warnings: QueueWarnings;
  readonly #refused = new RefusedResponses((header, frame) =>
    this.#outgoing.sendNow(this.#checked(header), frame),
  );
  #traffic: Traffic | undefined;

  constructor(options: LocalBrokerOptions) {
    this.#options = options;
    const { clock, store, rules } = options;
    this.#arriving = new ArrivingFiles({
      ...{
        files: options.files,
        destinations: options.destinations,
        pieces: options.pieces,
        log: options.log,
      },
      checkTaken: (header) => this.#checkTaken(header),
      deliver: (peer, batch, arrival) => this.messages(peer, batch, arrival),
      takenAsPiece: (arrival) => this.#settle(arrival, 1, 'taken'),
      answer: (peer, frame) => this.#outgoing.sendNow(peer, frame),
    });
    this.#warnings = new QueueWarnings(options);
    for (const type of options.recvTypes) {
      const stream = inboxStream(type);
      const capacity = rules.capacityOf('in', type);
      const { whenFull } = rules;
      this.#inboxes.set(
        type,
        new Inbox({
          ...{ type, stream, store, clock, capacity, whenFull, isStored: rules.isStored('in', type) },
          onLost: (peerName, count) => this.#warnings.lost(peerName, type, count),
          onOutcome: ({ logId, count }, outcome, why) => options.log.settle(logId, outcome, { count, why }),
          soleSender: options.soleSender,
        }),
      );
    }
  }

  /** The pieces of files from Python. */
  get pieces(): ReceivedPieces {
    return this.#options.pieces;
  }

  /** The memory budget for messages of local programs that are not stored yet. */
  get budget(): MemoryBudget {
    return this.#options.budget;
  }

  /** What is here of files from aioc peers that are not complete. */
  get partialFiles(): LocalBrokerOptions['files'] {
    return this.#options.files;
  }

  /** Maximum bytes of data and binary of a message from a program. */
  get messageMaxBytes(): number | undefined {
    return this.#options.messageMaxBytes;
  }

  /** Restores the messages for local programs that an earlier run has stored. */
  async restore(): Promise<void> {
    for (const inbox of this.#inboxes.values()) await inbox.restore();
  }

  /** Connects the broker to the peers' traffic, which is constructed later. */
  connect(traffic: Traffic): void {
    this.#traffic = traffic;
  }

  /** @throws AiocError AIOC_TYPE_UNKNOWN */
  inbox(type: string): Inbox {
    const inbox = this.#inboxes.get(type);
    if (inbox !== undefined) return inbox;
    throw unknownType(type, 'recv_message_types');
  }

  /** The file of a message that will be dropped is not received. A response needs no listener. */
  #checkTaken({ message_type: named, response_id }: JsonObject): void {
    const type = String(named);
    if (this.#inboxes.has(type) || response_id !== undefined) return;
    const text = whyNotTaken(type, 'recv_message_types');
    throw new AiocError('AIOC_TYPE_UNKNOWN', text, {
      forPeer: `the receiver takes no messages of the type ${type}`,
    });
  }

  get inboxes(): Iterable<Inbox> {
    return this.#inboxes.values();
  }

  /**
   * Accepts a message of a local program. If its queue is full, the message waits for room as long as `patience` says,
   * and is then refused or dropped. Messages of one type to one peer stay in order.
   *
   * `completion` is called when the message is stored (or in memory, see `isStored`), or when it is refused, with
   * AiocError AIOC_TYPE_UNKNOWN, AIOC_PEER_UNKNOWN, AIOC_PEER_AWAY (a ping only), AIOC_QUEUE_FULL, AIOC_IGNORED, or an
   * error of the store.
   *
   * @param follower gets the state of its file
   * @returns a promise that settles when the next message of the program may be read; undefined: at once
   */
  submit(frame: Frame, completion: Completion, follower?: FileFollower): Promise<void> | undefined {
    try {
      return this.#place(this.#checked(frame.header), frame, completion, follower);
    } catch (error) {
      this.#refused.refused(frame.header, toAiocError(error));
      completion.refused(1, error);
      return undefined;
    }
  }

  /**
   * Accepts consecutive messages of a local program, like `submit`. They were checked (checkBatch), and none has a
   * file.
   */
  submitBatch(batch: CheckedBatch, completion: Completion): Promise<void> | undefined {
    const { message_type: type } = batch.shared;
    try {
      const peer = this.#checked(batch.shared);
      if (isReserved(type)) throw unknownType(type, 'send_message_types');
      const watched = batch.hasResponse ? this.#refused.watch(batch, completion) : completion;
      return this.#enqueue(peer, batch, watched);
    } catch (error) {
      completion.refused(batch.count, error);
      return undefined;
    }
  }

  /**
   * A message of a local program is refused. If it is a response that is too large, the requesting program gets an
   * error.
   */
  noResponse(header: Header | undefined, error: AiocError): void {
    this.#refused.refused(header, error);
  }

  /** Whether submitted messages of this type are on disk, not only in memory. */
  isStored(type: string): boolean {
    return this.#options.rules.isStored('out', type);
  }

  #place(peer: Peer, frame: Frame, completion: Completion, by?: FileFollower): Promise<void> | undefined {
    const { header, data, binary } = frame;
    if (header.message_type === '_ping') {
      this.#outgoing.sendNow(peer, { header, data, binary });
      completion.kept(1);
      return undefined;
    }
    const body = this.#options.bodyOf(frame);
    // A file's path may have been set since; and Python writes headers in ASCII.
    const isAsItCame = body === undefined && isAscii(frame.headerBytes);
    const headerBytes = recordHeader(header, isAsItCame ? frame.headerBytes : undefined);
    checkOwnHeaderBytes(headerBytes.length);
    const { count, records } = batchOfOne({ headerBytes, data, binary });
    const largestBytes = data.length + binary.length;
    const hasResponse = header['response_id'] !== undefined;
    const batch = { shared: header, count, records, largestBytes, hasResponse };
    const extras = extrasOf(body, by);
    const watched = hasResponse ? this.#refused.watch(batch, completion) : completion;
    return this.#enqueue(peer, batch, watched, extras);
  }

  #enqueue(
    peer: Peer,
    batch: CheckedBatch,
    completion: Completion,
    extras?: BatchExtras,
  ): Promise<void> | undefined {
    const { message_type: type } = batch.shared;
    const watched =
      this.#options.rules.whenFull === 'refuse'
        ? completion
        : this.#warnings.watchOutbox(completion, peer, type);
    const waits = this.#outgoing.enqueue(peer, batch, watched, extras);
    if (waits !== undefined && completion.patience === 'always') this.#warnings.outboxIsFull(peer, type);
    return waits;
  }

  /** Accepts a request of a local program, like `submit`, and waits for the response. */
  request(frame: Frame, handler: ResponseHandler, completion: Completion): PendingRequest {
    let stopWaiting = (): void => undefined;
    const refused = (count: number, error: unknown): void => {
      stopWaiting();
      completion.refused(count, error);
    };
    try {
      const peer = this.#checked(frame.header);
      const { message_type: type } = frame.header;
      const requestId = frame.header['request_id'] ?? null;
      stopWaiting = this.#responses.add({ peer, type, requestId, ...handler });
      const kept: Completion['kept'] = (count, cancel) => completion.kept(count, cancel);
      const accepted = this.#place(peer, frame, { patience: completion.patience, kept, refused });
      return { accepted, stopWaiting };
    } catch (error) {
      refused(1, error);
      return { accepted: undefined, stopWaiting };
    }
  }

  messages(peer: Peer, batch: CheckedBatch, arrival: InboxArrival): Disposition | Promise<Disposition> {
    if (!batch.hasResponse || !this.#takesResponse(peer, batch)) return this.#take(peer, batch, arrival);
    this.#settle(arrival, 1, 'taken');
    return 'taken';
  }

  #takesResponse(peer: Peer, { shared, records }: CheckedBatch): boolean {
    for (const frame of framesOf(shared, records)) {
      const noResponse = readNoResponse(frame.header);
      if (noResponse === undefined) return this.#responses.answer(peer, frame);
      this.#refuseResponse(peer, frame.header, noResponse);
    }
    return true;
  }

  oversized(peer: Peer, header: Header, sizeBytes: number): void {
    const text = `it has ${sizeBytes} bytes, and max_size_message is ${messageMaxBytesOf(this)}: raise it, or have the peer send a file`;
    this.undeliverable(peer, header, text);
  }

  undeliverable(peer: Peer, header: Header, why: string): void {
    if (header['response_id'] !== undefined) this.#refuseResponse(peer, header, why);
  }

  #refuseResponse(peer: Peer, header: Header, why: string): void {
    const text = `there will be no response from ${peer.name}: ${why}`;
    if (this.#responses.refuse(peer, header, new AiocError('AIOC_FRAME_TOO_LARGE', text))) return;
    this.#options.log.event(`a response of type ${header.message_type} will not be delivered: ${why}`, {
      peerName: peer.name,
      warning: true,
      repeats: 'no response',
    });
  }

  #settle({ logId }: InboxArrival, count: number, outcome: Outcome, why?: string): void {
    if (logId !== undefined) this.#options.log.settle(logId, outcome, { count, why });
  }

  /** The stored positions of a peer's streams. */
  storedOf(peerName: string): readonly StoredPosition[] {
    return [...this.#inboxes.values()].flatMap((inbox) => inbox.storedOf(peerName));
  }

  /** The peer has no more messages of an epoch up to this number. */
  gone(type: string, source: MessageSource): void {
    // After a store error this is repeated on the next connection.
    this.#inboxes
      .get(type)
      ?.gone(source)
      .catch(() => undefined);
  }

  largestPart(batch: CheckedBatch): number {
    return this.#inboxes.get(batch.shared.message_type)?.largestPart(batch) ?? batch.count;
  }

  pong(peer: Peer, frame: Frame): void {
    this.#responses.answer(peer, frame);
  }

  /** Deletes what an earlier run received of files that nobody has sent any more. */
  async cleanFiles(): Promise<void> {
    await this.#options.files.clean();
  }

  get files(): FileReceiver {
    return this.#arriving.receiver;
  }

  file(peer: Peer, frame: Frame, sizeBytes: number, arrival: InboxArrival): Promise<FileSink> {
    return this.#arriving.inFrame({ peer, frame, sizeBytes, arrival });
  }

  connected(): void {
    // The peer's outboxes send their messages without this.
  }

  disconnected(peer: Peer): void {
    this.#responses.disconnected(peer);
  }

  #take(peer: Peer, batch: CheckedBatch, arrival: InboxArrival): Disposition | Promise<Disposition> {
    const { message_type: type } = batch.shared;
    const inbox = this.#inboxes.get(type);
    if (inbox === undefined) return this.#drop(peer, batch, arrival);
    this.#options.observe?.(peer, batch);
    const put = inbox.put(batch, arrival);
    if (inbox.waiting > 0 && !inbox.hasConsumer) this.#warnings.inboxIsFull(inbox, peer);
    return put.then((dropped) => {
      if (inbox.dropped > 0) this.#warnings.noteInbox(inbox, peer);
      this.#options.onChange();
      return dropped.length === 0 ? 'taken' : { dropped };
    });
  }

  #drop(peer: Peer, { shared, count }: CheckedBatch, arrival: InboxArrival): Disposition {
    const type = shared.message_type;
    const why = whyNotTaken(type, 'recv_message_types');
    const what =
      count === 1 ? `a message of the type ${type} was` : `${count} messages of the type ${type} were`;
    const repeats = 'type not taken';
    this.#options.log.event(`${what} dropped: ${why}`, { peerName: peer.name, warning: true, repeats });
    this.#settle(arrival, count, 'dropped', why);
    return 'dropped';
  }

  #checked(header: Header): Peer {
    const { sendTypes, peerFor } = this.#options;
    const { message_type: type } = header;
    if (type !== '_ping' && !sendTypes.includes(type)) throw unknownType(type, 'send_message_types');
    const destinationId = header['destination_id'];
    const peer = peerFor({
      name: typeof destinationId === 'string' ? destinationId : undefined,
      mayBeAway: type !== '_ping' && this.#options.rules.isStored('out', type),
    });
    if (peer === undefined) {
      throw new AiocError('AIOC_PEER_UNKNOWN', `there is no peer named ${String(destinationId)}`);
    }
    return peer;
  }

  get #outgoing(): Traffic {
    if (this.#traffic === undefined) throw new AiocError('AIOC_INTERNAL', 'the broker is not connected yet');
    return this.#traffic;
  }
}
