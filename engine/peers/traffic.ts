import { AiocError } from '../base/errors.ts';
import { LimitedWarnings } from '../base/limited-warnings.ts';
import { LIMITS } from '../base/limits.ts';
import type { MemoryBudget } from '../base/memory-budget.ts';
import type { Clock } from '../base/ports.ts';
import { RateMeter } from '../base/rate-meter.ts';
import { recordHeader } from '../protocol/batched-messages.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { Header } from '../protocol/header.ts';
import { numberIn } from '../protocol/message-number.ts';
import { type Ack, acknowledgeable, isReserved, type OutFrame, pingFrame } from '../protocol/messages.ts';
import { RecordBatchBuilder } from '../protocol/record-batch.ts';
import type { StreamAckFrame } from '../protocol/stream-frames.ts';
import type { InboxArrival } from '../queues/inbox.ts';
import type { MessageParts } from '../queues/message-record.ts';
import type { MessageSource } from '../queues/message-source.ts';
import type { OutgoingBody } from '../queues/out-message.ts';
import type { Completion } from '../queues/outbox-entry.ts';
import { DeliveryObservers, type OnState } from './delivery-observers.ts';
import { DISCARDED_FILE, type Disposition, type FileSink, wrapSink } from './file-sink.ts';
import type { IgnoreList } from './ignore-list.ts';
import type { Link } from './link.ts';
import type { LinkTraffic } from './link-types.ts';
import type { Peer } from './peer.ts';
import type { Incoming } from './receiver.ts';
import type { Registry } from './registry.ts';
import { addressFrame } from './source-identity.ts';
import type { TrafficEntry, TrafficLog } from './traffic-log.ts';
import type { PeerChange, TrafficCounts } from './traffic-observers.ts';

/** Receives the messages of peers. */
export interface Application {
  /**
   * @param arrival the message's number, if its sender numbers messages: it is stored with the message; and the
   *   message's log id, under which its outcome is reported
   */
  message(peer: Peer, frame: Frame, arrival: InboxArrival): Disposition | Promise<Disposition>;
  file(peer: Peer, frame: Frame, sizeBytes: number, arrival: InboxArrival): Promise<FileSink>;
  /** A message that was skipped because it is too large. */
  oversized?(peer: Peer, header: Header, sizeBytes: number): void;
  /** An answer to a ping of a local program. */
  pong?(peer: Peer, frame: Frame): void;
  connected(peer: Peer): void;
  disconnected(peer: Peer, reason: string): void;
}

export interface TrafficOptions {
  readonly clock: Clock;
  readonly budget: MemoryBudget;
  readonly registry: Registry;
  readonly ignoring: IgnoreList;
  readonly log: TrafficLog;
  readonly application: Application;
  /** The name of this connector on the wire. */
  readonly sourceId: () => string;
  /** The largest accepted message, in bytes of data and binary. Absent: LIMITS.messageBytes. */
  readonly messageMaxBytes?: number;
  readonly counts?: TrafficCounts | undefined;
  /** Called when a peer has connected or disconnected. */
  readonly onPeerChange?: ((change: PeerChange) => void) | undefined;
}

/** An outgoing message. */
export interface TrafficMessage extends MessageParts {
  readonly body?: OutgoingBody | undefined;
  /** Receives the message's state changes. */
  readonly onState?: OnState | undefined;
}

/** Every incoming and outgoing message passes here: it is counted, logged, and dropped if its peer is ignored. */
export class Traffic implements LinkTraffic<Link> {
  readonly #options: TrafficOptions;
  readonly inRate: RateMeter;
  readonly outRate: RateMeter;
  readonly #observers: DeliveryObservers;
  readonly #pings = new Map<string, { readonly peer: Peer; answered(): void }>();
  readonly #warnings: LimitedWarnings;
  #lastPing = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#warnings = new LimitedWarnings(options.clock, LIMITS.peerWarningMs);
    this.inRate = new RateMeter(options.clock);
    this.outRate = new RateMeter(options.clock);
    this.#observers = new DeliveryObservers(options.log, (type) => this.#left(type));
  }

  get budget(): MemoryBudget {
    return this.#options.budget;
  }

  /** The largest accepted message, in bytes of data and binary. */
  get messageMaxBytes(): number {
    return this.#options.messageMaxBytes ?? LIMITS.messageBytes;
  }

  /** The name of this connector on the wire. */
  get sourceId(): string {
    return this.#options.sourceId();
  }

  connected(peer: Peer): void {
    this.#options.application.connected(peer);
    this.#options.onPeerChange?.({ connected: true, name: peer.wireName, address: peer.address });
  }

  disconnected(peer: Peer, reason: string): void {
    this.#options.application.disconnected(peer, reason);
    const { wireName: name, address } = peer;
    this.#options.onPeerChange?.({ connected: false, name, address, reason });
  }

  message(link: Link, frame: Frame): Disposition | Promise<Disposition> {
    const peer = this.#options.registry.byLink(link);
    if (peer === undefined || isReserved(frame.header.message_type)) {
      this.#unwanted(link, frame.header);
      return 'taken';
    }
    const number = numberIn(frame.header['transport_id']);
    if (number === undefined) return this.#message(peer, frame);
    return this.#take(peer, { link, frame, number, deliver: (source) => this.#message(peer, frame, source) });
  }

  /** Counts a forged frame; its number still counts in the sender's sequence. */
  forged(link: Link, frame: Frame, rejectionReason: string): Disposition | Promise<Disposition> {
    const peer = this.#options.registry.byLink(link);
    const deliver = (): Disposition => {
      this.#countForged(link, peer, rejectionReason);
      return 'rejected';
    };
    const number = numberIn(frame.header['transport_id']);
    if (peer === undefined || number === undefined || isReserved(frame.header.message_type)) return deliver();
    return this.#take(peer, { link, frame, number, deliver });
  }

  #countForged(link: Link, peer: Peer | undefined, rejectionReason: string): void {
    peer?.countForged();
    const peerName = peer?.name ?? link.peerWireName;
    this.#warnings.warn(peerName, (count) => {
      const what = count === 1 ? 'a frame was' : `${count} frames were`;
      this.#options.log.event(`${what} dropped: ${rejectionReason}`, { peerName, warning: true });
    });
  }

  #take(
    peer: Peer,
    { frame, ...numbered }: Pick<Incoming, 'link' | 'number' | 'deliver'> & { readonly frame: Frame },
  ): Disposition | Promise<Disposition> {
    const { header, headerBytes, data, binary } = frame;
    const sizeBytes = headerBytes.length + data.length + binary.length;
    return peer.receiver.take({ ...numbered, type: header.message_type, sizeBytes });
  }

  #message(peer: Peer, frame: Frame, source?: MessageSource): Disposition | Promise<Disposition> {
    this.#countIn(peer, frame);
    if (this.#options.ignoring.dropIfIgnored(peer, 'in')) {
      this.#options.log.settle(this.#logIn(peer, frame, 'message', frame.data.length), 'dropped', {
        why: 'ignored',
      });
      return 'dropped';
    }
    const logId = this.#logIn(peer, frame, 'message', frame.data.length + frame.binary.length);
    return this.#options.application.message(peer, frame, arrivalOf(frame, { source, logId }));
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
    const { epoch, seq } = number;
    const sink = peer.receiver.has(type, number)
      ? DISCARDED_FILE
      : await this.#file(peer, frame, sizeBytes, { peerName: peer.wireName, epoch, seq });
    return wrapSink(sink, {
      // It counts as received once it is complete.
      deliver: () => peer.receiver.take({ link, number, type, sizeBytes: 0, deliver: () => sink.deliver() }),
    });
  }

  async #file(peer: Peer, frame: Frame, sizeBytes: number, source?: MessageSource): Promise<FileSink> {
    this.#countIn(peer, frame);
    const { log, ignoring } = this.#options;
    const logId = this.#logIn(peer, frame, 'file', sizeBytes);
    if (ignoring.dropIfIgnored(peer, 'in')) {
      log.settle(logId, 'dropped', { why: 'ignored' });
      return DISCARDED_FILE;
    }
    const arrival = arrivalOf(frame, { source, logId });
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
  send(peer: Peer, { onState = () => undefined, ...message }: TrafficMessage): Promise<() => void> {
    const type = message.header.message_type;
    return new Promise((resolve, reject) => {
      void this.enqueue(
        peer,
        { ...message, onState },
        {
          kept: (place) => resolve(() => place && peer.sender.cancel(type, place)),
          refused: reject,
        },
      );
    });
  }

  /**
   * Queues a message for a peer. `completion` reports that it is in the store, or why not, as in `send`.
   *
   * @returns see Outbox.enqueue
   */
  enqueue(peer: Peer, message: TrafficMessage, completion: Completion): Promise<void> | undefined {
    const { ignoring, log, sourceId } = this.#options;
    const ids = { sourceId: sourceId(), destinationId: peer.wireName };
    const { header, ...known } = addressFrame(message, ids);
    const { data, binary, body, onState } = message;
    // A transport_id that a program has set means nothing to the peer, and is removed.
    const forwardedHeader = header['transport_id'] === undefined ? known.forwardedHeader : undefined;
    const logId = log.traffic({
      kind: body === undefined ? 'message' : 'file',
      direction: 'out',
      peerName: peer.name,
      outcome: 'queued',
      ...batchOfOne(header, data, binary),
      fileBytes: body?.sizeBytes,
    });
    if (ignoring.dropIfIgnored(peer, 'out')) {
      log.settle(logId, 'dropped', { why: 'ignored' });
      const text = `${peer.name} is ignored, so this message was dropped: press i on the peer to stop ignoring it`;
      completion.refused(new AiocError('AIOC_IGNORED', text));
      return undefined;
    }
    const observer = this.#observers.observer(peer, header.message_type, onState);
    return peer.offer({ header, forwardedHeader, data, binary, body, observer, logId }, completion);
  }

  acknowledged(link: Link, ack: Ack): void {
    const peer = this.#options.registry.byLink(link);
    peer?.sender.acknowledged(ack.transportId, ack.dropped ? 'dropped' : 'received');
  }

  onStreamAcks(link: Link, acks: StreamAckFrame): void {
    const peer = this.#options.registry.byLink(link);
    if (acks.kind === 'gone') peer?.receiver.onGone(acks.positions);
    else peer?.sender.onStreamAcks(acks);
  }

  /**
   * Pings a peer.
   *
   * @returns the round trip in milliseconds
   * @throws AiocError AIOC_PEER_AWAY, AIOC_TIMEOUT
   */
  async ping(peer: Peer): Promise<number> {
    const { clock, sourceId } = this.#options;
    const { link } = peer;
    if (link === undefined) throw new AiocError('AIOC_PEER_AWAY', `${peer.name} is not connected`);
    this.#lastPing += 1;
    const requestId = `_aioc_ping_${this.#lastPing}`;
    const startedAt = clock.now();
    return new Promise((resolve, reject) => {
      const timer = clock.after(LIMITS.pingTimeoutMs, () => {
        this.#pings.delete(requestId);
        reject(
          new AiocError(
            'AIOC_TIMEOUT',
            `${peer.name} did not answer within ${LIMITS.pingTimeoutMs / 1000} s`,
          ),
        );
      });
      const answered = (): void => {
        timer.cancel();
        const lagMs = clock.now() - startedAt;
        peer.measured(lagMs);
        resolve(lagMs);
      };
      this.#pings.set(requestId, { peer, answered });
      link.send(pingFrame({ requestId, sourceId: sourceId(), destinationId: peer.wireName }));
    });
  }

  pong(link: Link, frame: Frame): void {
    const responseId = frame.header['response_id'];
    const peer = this.#options.registry.byLink(link);
    const ping = typeof responseId === 'string' ? this.#pings.get(responseId) : undefined;
    if (ping !== undefined && ping.peer === peer) {
      this.#pings.delete(responseId as string);
      ping.answered();
      return;
    }
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
    const { registry, log } = this.#options;
    const peer = registry.byLink(link);
    const peerName = peer?.name ?? link.peerWireName;
    this.#warnings.warn(`large ${peerName}`, (count) => {
      const why = `max_size_message is ${this.messageMaxBytes}; raise it, or send a file instead`;
      const counted = count === 1 ? '' : ` (the last of ${count})`;
      const what = `a ${header.message_type} message of ${sizeBytes} bytes was dropped`;
      log.event(`${what}: ${why}${counted}`, { peerName, warning: true });
    });
    if (peer !== undefined) this.#options.application.oversized?.(peer, header, sizeBytes);
    const number = numberIn(header['transport_id']);
    // Acknowledged as dropped; otherwise an aioc peer would send it again on each connection, and a Python peer would
    // hold its queue.
    if (peer === undefined || number === undefined) return peer && 'dropped';
    const type = header.message_type;
    return peer.receiver.take({ link, number, type, sizeBytes: 0, deliver: () => 'dropped' });
  }

  #left(type: string): void {
    this.outRate.add();
    this.#options.counts?.sent(type, 1);
  }

  #countIn(peer: Peer, frame: Frame): void {
    peer.rate.add();
    this.inRate.add();
    this.#options.counts?.received(frame.header.message_type, 1);
  }

  #logIn(peer: Peer, frame: Frame, kind: 'message' | 'file', sizeBytes: number): number {
    const { header, data, binary } = frame;
    return this.#options.log.traffic({
      kind,
      direction: 'in',
      peerName: peer.name,
      outcome: 'arrived',
      ...batchOfOne(header, data, binary),
      fileBytes: kind === 'file' ? sizeBytes : undefined,
    });
  }

  #unwanted(link: Link, header: Header): void {
    this.#options.log.event(`a frame of the unknown type ${header.message_type} was dropped`, {
      peerName: this.#options.registry.byLink(link)?.name ?? link.peerWireName,
      warning: true,
    });
  }
}

/** A message as the log takes it. */
function batchOfOne(
  shared: Header,
  data: Buffer,
  binary: Buffer = EMPTY,
): Pick<TrafficEntry, 'shared' | 'count' | 'records' | 'hasResponse'> {
  BATCH.add({ headerBytes: recordHeader(shared), data, binary });
  return { shared, ...BATCH.takeWhole(), hasResponse: shared['response_id'] !== undefined };
}

const BATCH = new RecordBatchBuilder();
const EMPTY = Buffer.alloc(0);

function arrivalOf(frame: Frame, { source, logId }: InboxArrival): InboxArrival {
  return { source, logId, senderKeeps: source !== undefined || acknowledgeable(frame) !== undefined };
}
