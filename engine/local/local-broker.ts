import { isAscii } from 'node:buffer';
import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { MemoryBudget } from '../base/memory-budget.ts';
import type { Outcome } from '../contract/views.ts';
import { type Disposition, type FileSink, wrapSink } from '../peers/file-sink.ts';
import type { Peer } from '../peers/peer.ts';
import { type ReceivedBatch, ReceivedBatches } from '../peers/received-batches.ts';
import type { Application, Traffic, TrafficBatch } from '../peers/traffic.ts';
import { framesOf, recordHeader, sharedOf } from '../protocol/batched-messages.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { Header } from '../protocol/header.ts';
import { isReserved } from '../protocol/messages.ts';
import { noResponseFrame, readNoResponse } from '../protocol/no-response.ts';
import { checkOwnHeaderBytes } from '../protocol/record-batch.ts';
import { Inbox, type InboxArrival } from '../queues/inbox.ts';
import { batchOfOne } from '../queues/message-batch.ts';
import type { MessageSource, StoredPosition } from '../queues/message-source.ts';
import type { Completion } from '../queues/outbox-batch.ts';
import { inboxStream, outboxPrefix } from '../queues/stream-names.ts';
import { AwaitedResponses } from './awaited-responses.ts';
import { DropLog, Reminder } from './drop-log.ts';
import type {
  LocalBrokerOptions,
  PendingRequest,
  ResponseHandler,
  SubmittedBatch,
} from './local-broker-types.ts';
import { unknownType, whyNotTaken } from './unknown-type.ts';

/** Maximum bytes of data and binary of a message from a local program. */
export function messageMaxBytesOf({ messageMaxBytes = LIMITS.messageBytes }: LocalBroker): number {
  return messageMaxBytes;
}

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
  readonly #received = new ReceivedBatches();
  readonly #drops: DropLog;
  readonly #reminder: Reminder;
  #traffic: Traffic | undefined;

  constructor(options: LocalBrokerOptions) {
    this.#options = options;
    const { clock, store, rules } = options;
    this.#drops = new DropLog(clock);
    this.#reminder = new Reminder(clock);
    for (const type of options.recvTypes) {
      const stream = inboxStream(type);
      const capacity = rules.capacityOf('in', type);
      const { whenFull } = rules;
      this.#inboxes.set(
        type,
        new Inbox({
          ...{ type, stream, store, clock, capacity, whenFull, isStored: rules.isStored('in', type) },
          onLost: (peerName, count) => this.#reportLost(peerName, type, count),
          onOutcome: ({ logId, count }, outcome, why) => options.log.settle(logId, outcome, { count, why }),
          soleSender: options.soleSender,
        }),
      );
    }
  }

  /** The memory budget for messages of local programs that are not stored yet. */
  get budget(): MemoryBudget {
    return this.#options.budget;
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
   * @returns a promise that settles when the next message of the program may be read; undefined: at once
   */
  submit(frame: Frame, completion: Completion): Promise<void> | undefined {
    const { header } = frame;
    const watched =
      header['response_id'] === undefined ? completion : this.#notifyingRequester(header, completion);
    try {
      return this.#place(this.#checked(header), frame, watched);
    } catch (error) {
      watched.refused(1, error);
      return undefined;
    }
  }

  /**
   * Accepts consecutive messages of a local program, like `submit`. They were checked (checkBatch), and none has a
   * file.
   */
  submitBatch(batch: SubmittedBatch, completion: Completion): Promise<void> | undefined {
    const { header, count, records, largestBytes, hasResponse } = batch;
    try {
      const peer = this.#checked(header);
      const type = header.message_type;
      if (isReserved(type)) throw unknownType(type, 'send_message_types');
      const watched = hasResponse ? this.#notifyingRequesters(batch, completion) : completion;
      return this.#enqueue(peer, { type, count, records, largestBytes, hasResponse }, watched);
    } catch (error) {
      completion.refused(count, error);
      return undefined;
    }
  }

  #notifyingRequesters(batch: SubmittedBatch, { patience, ...completion }: Completion): Completion {
    let answered = 0;
    return {
      patience,
      kept: (count, cancel) => {
        answered += count;
        completion.kept(count, cancel);
      },
      refused: (count, error) => {
        const headers = headersOf(batch).slice(answered, answered + count);
        answered += count;
        for (const header of headers) this.noResponse(header, toAiocError(error));
        completion.refused(count, error);
      },
    };
  }

  #notifyingRequester(header: Header, { patience, ...completion }: Completion): Completion {
    return {
      patience,
      kept: (count, cancel) => completion.kept(count, cancel),
      refused: (count, error) => {
        this.noResponse(header, toAiocError(error));
        completion.refused(count, error);
      },
    };
  }

  /**
   * A message of a local program is refused. If it is a response that is too large, the requesting program gets an
   * error; after another refusal the response may still come.
   */
  noResponse(header: Header | undefined, { code, message }: AiocError): void {
    if (code !== 'AIOC_FRAME_TOO_LARGE' || header?.['response_id'] === undefined) return;
    try {
      this.#outgoing.sendNow(this.#checked(header), noResponseFrame(header, message));
    } catch {
      // The requester is not connected any more, and has got an error for that.
    }
  }

  /** Whether submitted messages of this type are on disk, not only in memory. */
  isStored({ header }: { readonly header: Header }): boolean {
    return this.#options.rules.isStored('out', header.message_type);
  }

  #place(peer: Peer, frame: Frame, completion: Completion): Promise<void> | undefined {
    const { header, data, binary } = frame;
    const type = header.message_type;
    if (type === '_ping') {
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
    return this.#enqueue(peer, { type, count, records, largestBytes, hasResponse, body }, completion);
  }

  #enqueue(peer: Peer, batch: TrafficBatch, completion: Completion): Promise<void> | undefined {
    const watched =
      this.#options.rules.whenFull === 'refuse'
        ? completion
        : this.#notingDrops(completion, peer, batch.type);
    const waits = this.#outgoing.enqueue(peer, batch, watched);
    if (waits !== undefined && completion.patience === 'always') this.#remindOfHeld(peer, batch.type);
    return waits;
  }

  /** The queue to a connected peer drains, and a disk error has its own log line. */
  #remindOfHeld(peer: Peer, type: string): void {
    const outbox = peer.sender.outboxes.find((one) => one.type === type);
    if (peer.state === 'connected' || outbox === undefined || outbox.overflow.waiting === 0) return;
    this.#reminder.remind(`${outboxPrefix(peer.wireName)}${type}`, () =>
      this.#options.log.event(
        `the queue of the type ${type} is full (${outbox.depth} messages): programs that use Python's API wait until there is room`,
        { peerName: peer.name, warning: true },
      ),
    );
  }

  #notingDrops(completion: Completion, peer: Peer, type: string): Completion {
    return {
      patience: completion.patience,
      kept: (count, cancel) => {
        this.#noteDropsOf(peer, type);
        completion.kept(count, cancel);
      },
      refused: (count, error) => {
        this.#noteDropsOf(peer, type);
        completion.refused(count, error);
      },
    };
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

  messages(peer: Peer, batch: ReceivedBatch, arrival: InboxArrival): Disposition | Promise<Disposition> {
    if (!batch.hasResponse || !this.#takesResponse(peer, batch)) return this.#take(peer, batch, arrival);
    this.#settle(arrival, 1, 'taken');
    return 'taken';
  }

  #takesResponse(peer: Peer, { shared, records }: ReceivedBatch): boolean {
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

  largestPart(batch: ReceivedBatch): number {
    return this.#inboxes.get(batch.shared.message_type)?.largestPart(batch) ?? batch.count;
  }

  pong(peer: Peer, frame: Frame): void {
    this.#responses.answer(peer, frame);
  }

  async file(peer: Peer, frame: Frame, sizeBytes: number, arrival: InboxArrival): Promise<FileSink> {
    const sink = await this.#options.destinations.receive(frame, sizeBytes, (problem) =>
      this.#options.log.event(problem, { peerName: peer.name, warning: true }),
    );
    // The message is delivered even if its file failed (PROTOCOL §3).
    return wrapSink(sink, { deliver: () => this.messages(peer, this.#received.read(frame, false), arrival) });
  }

  connected(): void {
    // The peer's outboxes send their messages without this.
  }

  disconnected(peer: Peer): void {
    this.#responses.disconnected(peer);
  }

  #take(peer: Peer, batch: ReceivedBatch, arrival: InboxArrival): Disposition | Promise<Disposition> {
    const { message_type: type } = batch.shared;
    const inbox = this.#inboxes.get(type);
    if (inbox === undefined) return this.#drop(peer, batch, arrival);
    this.#options.observe?.(peer, batch);
    const put = inbox.put(batch, arrival);
    if (inbox.waiting > 0 && !inbox.hasConsumer) this.#remindOfFullInbox(inbox, peer);
    return put.then((dropped) => {
      if (inbox.dropped > 0) this.#noteDropsIn(inbox, peer);
      this.#options.onChange();
      return dropped.length === 0 ? 'taken' : { dropped };
    });
  }

  #drop(peer: Peer, { shared, count }: ReceivedBatch, arrival: InboxArrival): Disposition {
    const type = shared.message_type;
    const why = whyNotTaken(type, 'recv_message_types');
    const what =
      count === 1 ? `a message of the type ${type} was` : `${count} messages of the type ${type} were`;
    this.#options.log.event(`${what} dropped: ${why}`, { peerName: peer.name, warning: true });
    this.#settle(arrival, count, 'dropped', why);
    return 'dropped';
  }

  #remindOfFullInbox({ type, depth }: Inbox, peer: Peer): void {
    this.#reminder.remind(inboxStream(type), () =>
      this.#options.log.event(
        `the inbox of the type ${type} is full (${depth} messages) and no program listens: peers wait until one does`,
        { peerName: peer.name, warning: true },
      ),
    );
  }

  #reportLost(peerName: string, type: string, count: number): void {
    const what = count === 1 ? '1 message was' : `${count} messages were`;
    this.#options.log.event(
      `${what} lost on this machine's disk: type ${type}. ${peerName} has no copy to send again`,
      { peerName, warning: true },
    );
  }

  #noteDropsIn(inbox: Inbox, peer: Peer): void {
    this.#drops.note({
      queue: inboxStream(inbox.type),
      count: () => inbox.dropped,
      tell: (count) =>
        this.#tellDropped(peer, inbox.type, `${inbox.depth} are waiting and no program listens`, count),
    });
  }

  #noteDropsOf(peer: Peer, type: string): void {
    const outbox = peer.sender.outboxes.find((one) => one.type === type);
    this.#drops.note({
      queue: `${outboxPrefix(peer.wireName)}${type}`,
      count: () => outbox?.dropped ?? 0,
      tell: (count) => this.#tellDropped(peer, type, 'the queue is full', count),
    });
  }

  #tellDropped(peer: Peer, type: string, why: string, count: number): void {
    const text = `messages of the type ${type} were dropped: ${why} (${count} so far)`;
    this.#options.log.event(text, { peerName: peer.name, warning: true });
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

function headersOf({ header, records }: SubmittedBatch): readonly Header[] {
  return [...framesOf(sharedOf(header), records)].map((frame) => frame.header);
}
