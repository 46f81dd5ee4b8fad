import type { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Connection, PeerCertificate } from '../base/ports.ts';
import { DISCARD } from '../files/byte-sink.ts';
import { ENROLMENT_PROTOCOL, type IssuedCertificate, issuedFrame } from '../protocol/enrolment.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { Header } from '../protocol/header.ts';
import {
  isPingRequest,
  isReserved,
  type OutFrame,
  pingAnswerFrame,
  type RefusalCode,
  readAck,
} from '../protocol/messages.ts';
import { type AckPosition, readStreamAcks } from '../protocol/stream-frames.ts';
import { readTransferFrame } from '../protocol/transfer-frames.ts';
import { Acknowledger } from './acknowledger.ts';
import { causeOf } from './causes.ts';
import { type DeliveringSink, type Disposition, wrapSink } from './file-sink.ts';
import { FramePump, type PumpTarget } from './frame-pump.ts';
import { type FrameWithChunks, FrameWriter } from './frame-writer.ts';
import { isKeepAliveAnswer } from './heartbeat.ts';
import { KeepAlive } from './keep-alive.ts';
import { largestBatchBytes, largestMessageBytes } from './largest-message.ts';
import type { LinkOptions, LinkOwner, LinkTraffic } from './link-types.ts';
import { Session } from './session.ts';
import { SessionTimers } from './session-timers.ts';
import type {
  Authentication,
  IdentifiedKind,
  Proposal,
  SessionAction,
  SessionEnding,
  SessionEvent,
  SessionOptions,
  SessionState,
} from './session-types.ts';
import { type IdentifiedFrame, identifySource } from './source-identity.ts';

/** A session on a real or simulated connection: performs the actions of the state machine and passes events to it. */
export class Link {
  readonly generation: number;
  readonly connection: Connection;
  readonly #session: Session;
  readonly #owner: LinkOwner<Link>;
  readonly #traffic: LinkTraffic<Link>;
  readonly #sourceId: string;
  readonly #role: SessionOptions['role'];
  readonly #tls: boolean;
  readonly #describe: (error: Error | undefined) => string;
  readonly #onOpen: (() => void) | undefined;
  readonly #writer: FrameWriter;
  readonly #pump: FramePump;
  readonly #timers: SessionTimers;
  certificate: PeerCertificate | undefined;
  #ended = false;
  /** Whether the peer takes files as transfers. */
  speaksFiles = false;
  /** How many unacknowledged bytes may be on their way to the peer, apart from a single message. */
  unreadMaxBytes = Number.POSITIVE_INFINITY;
  /** The largest message that the peer accepts, in bytes of data and binary. */
  maxMessageBytes: number = LIMITS.messageBytes;
  /** The largest batch of several messages that the peer takes, in bytes; 0: none. */
  batchMaxBytes = 0;
  readonly #deliveries: Acknowledger;
  readonly #keepAlive: KeepAlive;

  constructor(options: LinkOptions<Link>) {
    const { connection, clock, session, owner, traffic, generation, describe } = options;
    this.generation = generation;
    this.connection = connection;
    this.#owner = owner;
    this.#traffic = traffic;
    this.#sourceId = session.sourceId;
    this.#role = session.role;
    this.#tls = session.security !== 'plain';
    this.#describe = describe;
    this.#onOpen = options.onOpen;
    this.#session = new Session(session);
    this.#timers = new SessionTimers(clock, (timer) => this.#handle({ kind: 'timer', timer }));
    this.#keepAlive = new KeepAlive({
      clock,
      sourceId: session.sourceId,
      heartbeatOf: options.heartbeatOf,
      send: (frame) => this.#writer.send(frame),
      onDead: () => this.cut('it stopped answering keep-alives'),
    });
    this.#deliveries = new Acknowledger({
      sourceId: session.sourceId,
      send: (frame) => this.send(frame),
      onSettled: () => this.#closeWhenDrained(),
      broken: (error) => this.#broken(error),
    });
    this.#writer = new FrameWriter(connection, () => this.#writable());
    this.#pump = new FramePump(connection, this.#pumpTarget(), { clock, bounds: traffic });
  }

  #pumpTarget(): PumpTarget {
    return {
      frame: (frame) => this.#received(frame),
      file: (frame, sizeBytes) => this.#receivedFile(frame, sizeBytes),
      oversized: (header, sizeBytes) => this.#oversized(header, sizeBytes),
      answerBacklogBytes: () => this.connection.bufferedBytes + this.#writer.queuedBytes,
      broken: (error) => this.#broken(error),
    };
  }

  /** Starts listening to the connection; separate from the constructor, so that the owner can store the link first. */
  start(): void {
    this.#perform(this.#session.begin());
    this.connection.listen({
      onTcpOpen: () => this.#handle({ kind: 'tcp-open' }),
      onClientHello: () => this.#handle({ kind: 'hello' }),
      onOpen: (certificate) => this.#opened(certificate),
      onData: (chunk) => {
        this.#keepAlive.received();
        this.#pump.push(chunk);
      },
      onDrain: () => {
        this.#writer.onDrain();
        this.#pump.continue();
      },
      onClose: (error) => this.#closed(error),
    });
  }

  #opened(certificate: PeerCertificate | undefined): void {
    this.certificate = certificate;
    this.#onOpen?.();
    const isForEnrolment = this.connection.applicationProtocol === ENROLMENT_PROTOCOL;
    const knownAsAioc = this.#owner.knownAsAioc(this);
    this.#handle({ kind: 'open', certificate, knownAsAioc, isForEnrolment });
  }

  get state(): SessionState {
    return this.#session.state;
  }

  get peerWireName(): string {
    return this.#session.peerWireName;
  }

  /** Whether both sides number their messages and acknowledge many at once. */
  get speaksStreams(): boolean {
    return this.#deliveries.speaksStreams;
  }

  /** Whether the peer takes frames with record batches. */
  get speaksBatches(): boolean {
    return this.batchMaxBytes > 0;
  }

  get writable(): boolean {
    return this.#session.state === 'established' && this.#writer.writable;
  }

  admit(): void {
    this.#handle({ kind: 'admitted', knownAsAioc: this.#owner.knownAsAioc(this) });
  }

  authenticated(as: Authentication): void {
    this.#handle({ kind: 'authenticated', as });
  }

  proposed(proposal: Proposal): void {
    this.#handle({ kind: 'proposed', proposal });
  }

  enrolled(issued: IssuedCertificate): void {
    this.#handle({ kind: 'enrolled', frame: issuedFrame({ sourceId: this.#sourceId, issued }) });
  }

  notEnrolled(reason: string, wallNowMs: number): void {
    this.#handle({ kind: 'not-enrolled', reason, wallNowMs });
  }

  /** @param isAioc whether it has identified itself as aioc before; then it receives the refusal in every mode */
  reject(code: RefusalCode, isAioc = false): void {
    this.#handle({ kind: 'rejected', code, isAioc });
  }

  /** @param from the address of the newer connection, if that belongs to another program */
  supersede(from?: string): void {
    this.#handle({ kind: 'superseded', ...(from !== undefined && { from }) });
  }

  /** Sends what is queued, then closes. */
  drain(): void {
    this.#handle({ kind: 'drain' });
    this.#closeWhenDrained();
  }

  send(frame: OutFrame): void {
    this.#keepAlive.sent();
    this.#writer.send(frame);
  }

  /** Sends `have`: the resume points of a peer that supports streams. */
  sendResumePoints(positions: readonly AckPosition[]): void {
    this.#deliveries.sendResumePoints(positions);
  }

  /** Sends `gone` to a peer that supports streams: this connector no longer has the messages that it asked for. */
  sendGone(positions: readonly AckPosition[]): void {
    this.#deliveries.sendGone(positions);
  }

  /** Acknowledges numbered messages to a peer that supports streams; other peers receive an `_ack` per transport_id. */
  confirm(position: AckPosition): void {
    if (!this.#ended) this.#deliveries.confirm(position);
  }

  /** See FrameWriter.sendFile. If it fails midway, the connection is closed too. */
  async sendFile(file: FrameWithChunks): Promise<void> {
    this.#keepAlive.sent();
    try {
      await this.#writer.sendFile(file);
    } catch (error) {
      this.cut('sending a file failed midway');
      throw error;
    }
  }

  /** Closes the connection at once. */
  cut(reason: string, cause?: SessionEnding['cause']): void {
    if (this.#ended) return;
    this.connection.destroy();
    this.#handle({ kind: 'lost', reason, ...(cause && { cause }) });
  }

  #handle(event: SessionEvent): void {
    this.#perform(this.#session.handle(event));
  }

  #perform(actions: readonly SessionAction[]): void {
    for (const action of actions) this.#performOne(action);
  }

  #performOne(action: SessionAction): void {
    switch (action.kind) {
      case 'send':
        return this.#writer.send(action.frame);
      case 'arm':
        return this.#timers.arm(action.timer, action.delayMs);
      case 'disarm':
        return this.#timers.disarm(action.timer);
      case 'hold-reading':
        return this.#pump.hold();
      case 'resume-reading':
        return this.#pump.resume();
      case 'authenticate':
        return this.#owner.authenticate(this, action.certificate);
      case 'enrol':
        return this.#owner.enrol(this, action.request, action.presented);
      case 'propose':
        return this.#owner.propose(this, action.terms);
      case 'issued':
        return this.#owner.issued(this, action.issued);
      case 'renewal-answered':
        return this.#owner.renewalAnswered(this, action.refusal);
      case 'introduce':
        return this.#owner.introduced(this, action.introduction);
      case 'identified':
        return this.#pump.identified();
      case 'accepted':
        return this.#owner.onAccepted(this);
      case 'established':
        this.#learnPeerKind(action.peerKind);
        return this.#owner.established(this, action.peerKind);
      case 'end':
        this.#writer.flush();
        return this.connection.end();
      case 'destroy':
        return this.connection.destroy();
      case 'over':
        return this.#over(action.ending);
    }
  }

  #learnPeerKind(peerKind: IdentifiedKind): void {
    this.maxMessageBytes = largestMessageBytes(peerKind);
    this.#deliveries.learnPeerKind(peerKind);
    this.batchMaxBytes = this.speaksStreams ? largestBatchBytes(peerKind) : 0;
    this.speaksFiles = this.speaksBatches && peerKind.kind === 'aioc' && peerKind.hello.files === true;
    const mayStall = peerKind.kind !== 'aioc' && this.#tls;
    this.unreadMaxBytes = mayStall ? LIMITS.pythonUnreadBytes : Number.POSITIVE_INFINITY;
    this.#keepAlive.learn(peerKind.kind, { mayStall });
  }

  #received(frame: Frame): Promise<void> | undefined {
    return this.#isForDelivery(frame) ? this.#deliver(frame) : undefined;
  }

  /** The session handles a file's frame like any other; the file is kept only if the session delivers the frame. */
  async #receivedFile(frame: Frame, sizeBytes: number): Promise<DeliveringSink> {
    const sink = this.#isForDelivery(frame) ? await this.#deliverFile(frame, sizeBytes) : undefined;
    return sink ?? DISCARDED;
  }

  /** Passes a frame to the session, and performs what follows from it. */
  #isForDelivery(frame: Frame): boolean {
    const { actions, deliver } = this.#session.frame(frame);
    this.#perform(actions);
    return deliver;
  }

  #oversized(header: Header, sizeBytes: number): Promise<void> | undefined {
    const disposition = this.#traffic.oversized(this, header, sizeBytes);
    if (disposition === undefined) return undefined;
    return this.#deliveries.add(
      { header, headerBytes: NOTHING, data: NOTHING, binary: NOTHING },
      disposition,
    );
  }

  #deliver(received: Frame): Promise<void> | undefined {
    const { frame, rejectionReason } = this.#identifySource(received);
    if (rejectionReason !== undefined)
      return this.#deliveries.add(frame, this.#traffic.forged(this, frame, rejectionReason));
    if (this.#isAnswered(frame) || this.#readStreamAcks(frame)) return undefined;
    const transfer = this.speaksFiles ? readTransferFrame(frame) : undefined;
    if (transfer !== undefined) return this.#traffic.transfer(this, transfer);
    return this.#deliveries.add(frame, this.#traffic.messages(this, frame));
  }

  /** @returns undefined if the frame is none that may have a file */
  #deliverFile(received: Frame, sizeBytes: number): Promise<DeliveringSink> | undefined {
    const { frame, rejectionReason } = this.#identifySource(received);
    if (rejectionReason !== undefined) {
      // Nothing of it is used, except that it has arrived.
      const deliver = (): Promise<Disposition> | Disposition =>
        this.#traffic.forged(this, frame, rejectionReason);
      return this.#deliveries.addFile(frame, Promise.resolve({ ...DISCARD, deliver }));
    }
    if (this.#isAnswered(frame)) return undefined;
    return this.#deliveries.addFile(frame, this.#traffic.file(this, frame, sizeBytes));
  }

  #identifySource(frame: Frame): IdentifiedFrame {
    return identifySource(frame, { role: this.#role, peerName: this.peerWireName });
  }

  /** Handles an ack, a ping or the answer to one; false for any other frame. */
  #isAnswered(frame: Frame): boolean {
    const type = frame.header.message_type;
    if (!isReserved(type)) return false;
    const ack = readAck(frame);
    if (ack !== undefined) this.#traffic.acknowledged(this, ack);
    else if (isPingRequest(frame)) this.#writer.send(pingAnswerFrame(frame, this.#sourceId));
    else if (isKeepAliveAnswer(frame)) return true;
    else if (type === '_ping') this.#traffic.pong(this, frame);
    else return false;
    return true;
  }

  #readStreamAcks(frame: Frame): boolean {
    const acks = this.speaksStreams ? readStreamAcks(frame) : undefined;
    if (acks !== undefined) this.#traffic.onStreamAcks(this, acks);
    return acks !== undefined;
  }

  #writable(): void {
    if (this.#session.state === 'established') this.#traffic.writable(this);
    this.#closeWhenDrained();
  }

  #closeWhenDrained(): void {
    if (this.#session.state !== 'draining' || !this.#deliveries.empty) return;
    this.#writer.flush();
    if (this.#writer.idle) this.#handle({ kind: 'drained' });
  }

  #broken(error: AiocError): void {
    const ours = error.code === 'AIOC_CANCELLED';
    this.cut(ours ? error.message : `it violated the protocol: ${error.message}`);
  }

  #closed(error: Error | undefined): void {
    // Frames that arrived before the end are handled first; then the end is reported.
    void this.#pump.idle().then(() => {
      const reason = this.#describe(error) + (this.#pump.insideFrame ? ', in the middle of a message' : '');
      this.#handle({ kind: 'lost', reason, cause: causeOf(error), byPeer: true });
    });
  }

  #over(ending: SessionEnding): void {
    this.#ended = true;
    this.#timers.stop();
    this.#keepAlive.stop();
    this.#pump.stop();
    this.#writer.close();
    this.#owner.over(this, ending);
  }
}

const NOTHING = Buffer.alloc(0);

const DISCARDED: DeliveringSink = wrapSink(DISCARD, { deliver: () => undefined });
