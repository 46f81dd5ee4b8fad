import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { MemoryBudget } from '../base/memory-budget.ts';
import type { Outcome } from '../contract/views.ts';
import { type Disposition, type FileSink, wrapSink } from '../peers/file-sink.ts';
import type { Peer } from '../peers/peer.ts';
import type { Application, Traffic } from '../peers/traffic.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { Header } from '../protocol/header.ts';
import { noResponseFrame, readNoResponse } from '../protocol/no-response.ts';
import { Inbox, type InboxArrival } from '../queues/inbox.ts';
import type { MessageSource, StoredPosition } from '../queues/message-source.ts';
import type { Completion } from '../queues/outbox-entry.ts';
import { inboxStream, outboxPrefix } from '../queues/stream-names.ts';
import { AwaitedResponses } from './awaited-responses.ts';
import { DropLog, Reminder } from './drop-log.ts';
import { listenerFrame } from './listener-frame.ts';
import type { LocalBrokerOptions, PendingRequest, ResponseHandler } from './local-broker-types.ts';
import { unknownType, whyNotTaken } from './unknown-type.ts';

/** Data and binary of a message that programs of a connector may send. */
export function messageMaxBytesOf({ messageMaxBytes = LIMITS.messageBytes }: LocalBroker): number {
  return messageMaxBytes;
}

/** Why a message of so many bytes is not taken, and what to do. */
export function tooLargeText(sizeBytes: number, maxBytes: number): string {
  return `it has ${sizeBytes} bytes, and max_size_message is ${maxBytes}: raise it, or send a file`;
}

/**
 * Between the peers and the programs of this machine: the one local API of the connector, whatever sockets lead to it
 * (PROTOCOL §4).
 */
export class LocalBroker implements Application {
  readonly #options: LocalBrokerOptions;
  readonly #inboxes = new Map<string, Inbox>();
  readonly #responses = new AwaitedResponses();
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
          onOutcome: (logId, fate, reason) => options.log.settle(logId, fate, reason),
          soleSender: options.soleSender,
        }),
      );
    }
  }

  /** What programs' messages are counted against while they are on their way. */
  get budget(): MemoryBudget {
    return this.#options.budget;
  }

  /** Data and binary of a message that a program may send. */
  get messageMaxBytes(): number | undefined {
    return this.#options.messageMaxBytes;
  }

  /** Finds again what an earlier run has left for the programs of this machine. */
  async restore(): Promise<void> {
    for (const inbox of this.#inboxes.values()) await inbox.restore();
  }

  /** The way out, which needs this application first. */
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
   * Takes a message of a local program. Where its queue is full it waits for room as long as its `patience` says, and is
   * refused or dropped then. Order is kept between the messages of one type to one peer.
   *
   * `offerer` is told when it is where it was promised to be (see `isStored`), or that it is refused, with AiocError
   * AIOC_TYPE_UNKNOWN, AIOC_PEER_UNKNOWN, AIOC_PEER_AWAY (a ping only), AIOC_QUEUE_FULL, AIOC_IGNORED, and what the store
   * throws.
   *
   * @returns what settles when the program's next message may be read; undefined: at once
   */
  submit(frame: Frame, completion: Completion): Promise<void> | undefined {
    const watched =
      frame.header['response_id'] === undefined ? completion : this.#tellingAsker(frame, completion);
    try {
      return this.#place(this.#checked(frame.header), frame, watched);
    } catch (error) {
      completion.refused(error);
      return undefined;
    }
  }

  #tellingAsker({ header }: Frame, { patience = 'none', ...completion }: Completion): Completion {
    return {
      patience,
      kept: (place) => completion.kept(place),
      refused: (error) => {
        this.noResponse(header, toAiocError(error));
        completion.refused(error);
      },
    };
  }

  /**
   * A message of a local program is refused. Where it is a response that is too large, the peer's program that waits for
   * it is told; one that is refused for another reason may come yet.
   */
  noResponse(header: Header | undefined, { code, message }: AiocError): void {
    if (code !== 'AIOC_FRAME_TOO_LARGE' || header?.['response_id'] === undefined) return;
    try {
      this.#way.sendNow(this.#checked(header), noResponseFrame(header, message));
    } catch {
      // Whoever asked is not connected any more, and has heard of that.
    }
  }

  /** Whether what has been submitted is on the disk, and not in memory only. */
  isStored({ header }: Frame): boolean {
    return this.#options.rules.isStored('out', header.message_type);
  }

  #place(peer: Peer, frame: Frame, completion: Completion): Promise<void> | undefined {
    const { header, data, binary } = frame;
    if (header.message_type === '_ping') {
      this.#way.sendNow(peer, { header, data, binary });
      completion.kept(undefined);
      return undefined;
    }
    const { headerBytes } = frame;
    const body = this.#options.bodyOf(frame);
    const forwardedHeader = body === undefined ? headerBytes : undefined;
    const withBinary = binary.length > 0 ? binary : undefined;
    const watched =
      this.#options.rules.whenFull === 'refuse'
        ? completion
        : this.#notingDrops(completion, peer, header.message_type);
    const message = { header, forwardedHeader, data, binary: withBinary, body };
    const waits = this.#way.enqueue(peer, message, watched);
    if (waits !== undefined && completion.patience === 'always')
      this.#remindOfHeld(peer, header.message_type);
    return waits;
  }

  /** A queue to a connected peer gets emptier by itself, and a disk that takes nothing has a line of its own. */
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
      ...(completion.patience !== undefined && { patience: completion.patience }),
      kept: (place) => {
        this.#noteDropsOf(peer, type);
        completion.kept(place);
      },
      refused: (error) => {
        this.#noteDropsOf(peer, type);
        completion.refused(error);
      },
    };
  }

  /** Takes a request of a local program, like `submit`, and waits for the response. */
  request(frame: Frame, consumer: ResponseHandler, completion: Completion): PendingRequest {
    let stopWaiting = (): void => undefined;
    const refused = (error: unknown): void => {
      stopWaiting();
      completion.refused(error);
    };
    try {
      const peer = this.#checked(frame.header);
      const { message_type: type } = frame.header;
      const requestId = frame.header['request_id'] ?? null;
      stopWaiting = this.#responses.add({ peer, type, requestId, ...consumer });
      const kept: Completion['kept'] = (place) => completion.kept(place);
      const { patience = 'none' } = completion;
      const accepted = this.#place(peer, frame, { patience, kept, refused });
      return { accepted, stopWaiting };
    } catch (error) {
      refused(error);
      return { accepted: undefined, stopWaiting };
    }
  }

  message(peer: Peer, frame: Frame, arrival: InboxArrival): Disposition | Promise<Disposition> {
    const noResponse = readNoResponse(frame.header);
    if (noResponse !== undefined) this.#refuseResponse(peer, frame.header, noResponse);
    else if (!this.#responses.answer(peer, frame)) return this.#take(peer, frame, arrival);
    this.#settle(arrival, 'taken');
    return 'taken';
  }

  oversized(peer: Peer, header: Header, sizeBytes: number): void {
    const text = `it has ${sizeBytes} bytes, and max_size_message is ${messageMaxBytesOf(this)}: raise it, or have the peer send a file`;
    if (header['response_id'] !== undefined) this.#refuseResponse(peer, header, text);
  }

  #refuseResponse(peer: Peer, header: Header, why: string): void {
    const text = `there will be no response from ${peer.name}: ${why}`;
    if (this.#responses.refuse(peer, header, new AiocError('AIOC_FRAME_TOO_LARGE', text))) return;
    this.#options.log.event(`a response of type ${header.message_type} will not be delivered: ${why}`, {
      peerName: peer.name,
      warning: true,
    });
  }

  #settle({ logId }: InboxArrival, outcome: Outcome, why?: string): void {
    if (logId !== undefined) this.#options.log.settle(logId, outcome, why);
  }

  /** What is stored of a peer's numbered messages. */
  storedOf(peerName: string): readonly StoredPosition[] {
    return [...this.#inboxes.values()].flatMap((inbox) => inbox.storedOf(peerName));
  }

  /** A peer has nothing of an epoch up to a number but what is stored. */
  gone(type: string, source: MessageSource): void {
    // A store that is closed, or a disk that takes nothing, learns it over the next connection.
    this.#inboxes
      .get(type)
      ?.gone(source)
      .catch(() => undefined);
  }

  pong(peer: Peer, frame: Frame): void {
    this.#responses.answer(peer, frame);
  }

  async file(peer: Peer, frame: Frame, sizeBytes: number, arrival: InboxArrival): Promise<FileSink> {
    const sink = await this.#options.destinations.receive(frame, sizeBytes, (problem) =>
      this.#options.log.event(problem, { peerName: peer.name, warning: true }),
    );
    // The message is delivered whatever became of its file (PROTOCOL §3).
    return wrapSink(sink, { deliver: () => this.message(peer, frame, arrival) });
  }

  connected(): void {
    // Whatever waits for the peer goes out by itself.
  }

  disconnected(peer: Peer): void {
    this.#responses.disconnected(peer);
  }

  #take(peer: Peer, frame: Frame, arrival: InboxArrival): Disposition | Promise<Disposition> {
    const { message_type: type } = frame.header;
    const inbox = this.#inboxes.get(type);
    if (inbox === undefined) return this.#drop(peer, frame, arrival, whyNotTaken(type, 'recv_message_types'));
    let forListener: Buffer;
    try {
      forListener = listenerFrame(frame, peer.wireName);
    } catch (error) {
      // Sent again its header would be no shorter, so the connection must not end over it.
      return this.#drop(peer, frame, arrival, toAiocError(error).message);
    }
    this.#options.observe?.(peer, frame);
    const put = inbox.put(forListener, arrival);
    if (inbox.waiting > 0 && !inbox.hasConsumer) this.#remindOfFullInbox(inbox, peer);
    return put.then((kept) => {
      if (inbox.dropped > 0) this.#noteDropsIn(inbox, peer);
      this.#options.onChange();
      return kept ? 'taken' : 'dropped';
    });
  }

  #drop(peer: Peer, { header }: Frame, arrival: InboxArrival, why: string): Disposition {
    const text = `a message of the type ${header.message_type} was dropped: ${why}`;
    this.#options.log.event(text, { peerName: peer.name, warning: true });
    this.#settle(arrival, 'dropped', why);
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

  get #way(): Traffic {
    if (this.#traffic === undefined) throw new AiocError('AIOC_INTERNAL', 'the broker is not connected yet');
    return this.#traffic;
  }
}
