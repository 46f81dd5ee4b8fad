import type { Socket } from 'node:net';
import { AiocError, toAiocError } from '../../base/errors.ts';
import { FrameLease } from '../../base/frame-memory.ts';
import { LIMITS } from '../../base/limits.ts';
import { MemoryLease } from '../../base/memory-budget.ts';
import type { Clock, Timer } from '../../base/ports.ts';
import { LOCAL_PROGRAMS, type TrafficLog } from '../../peers/traffic-log.ts';
import type { Frame } from '../../protocol/frame-decoder.ts';
import { encodeFrame } from '../../protocol/frame-encoder.ts';
import type { Header } from '../../protocol/header.ts';
import { checkFields } from '../../protocol/header-fields.ts';
import type { Cancel } from '../../queues/outbox-batch.ts';
import type { AcceptedFiles } from '../accepted-files.ts';
import { type LocalBroker, messageMaxBytesOf, tooLargeText } from '../local-broker.ts';
import { headerOfBeginning, parseLocalFrame } from '../local-frames.ts';
import { namesFile } from '../message-file.ts';
import { responseFrame } from '../python/response-frame.ts';
import type { RefusalLog } from '../refusal-log.ts';
import { FollowedFiles } from './followed-files.ts';
import { PacketWriter } from './packet-writer.ts';
import {
  batchMaxBytesIn,
  bodyAsJson,
  commonProtocol,
  jsonBody,
  type Packet,
  type PacketKind,
  PacketReader,
  packetBytesOf,
  SENDING_KINDS,
} from './packets.ts';
import { ProgramBatches } from './program-batches.ts';
import { ProgramFiles } from './program-files.ts';
import { Subscriptions } from './subscriptions.ts';

/** The purpose of a socket. Where programs of other users may send, they still may not listen. */
export type ProgramPurpose = 'send' | 'listen';

export interface ProgramConnectionOptions {
  readonly purpose: ProgramPurpose;
  readonly files: AcceptedFiles;
  /** The program may be of a user who cannot read all files that the connector can. */
  readonly mayBeAnyUser: boolean;
  readonly socket: Socket;
  readonly broker: LocalBroker;
  readonly clock: Clock;
  readonly log: TrafficLog;
  readonly refusals: RefusalLog;
  readonly version: string;
  readonly onChange: () => void;
}

/** The connection of one program over the native socket. */
export class ProgramConnection {
  readonly #options: ProgramConnectionOptions;
  readonly #reader: PacketReader;
  /** Functions that stop waiting for the responses of requests. */
  readonly #requests = new Map<number, () => void>();
  /** Of this connection; 0 before the first packet. */
  #protocol = 0;
  /** The largest batch of several messages that the program takes; 0: none. */
  #batchMaxBytes = 0;
  readonly #writer: PacketWriter;
  readonly #subscriptions: Subscriptions;
  readonly #files: ProgramFiles;
  readonly #batches: ProgramBatches;
  readonly #followed: FollowedFiles;
  #ended = false;
  #running = false;
  #paused = false;
  /** Messages that are not confirmed yet. Bounded, so that a full disk does not fill the memory. */
  #unconfirmed = 0;
  #unconfirmedBatched = 0;
  readonly #lease: MemoryLease;
  readonly #frameLease: FrameLease;
  #late: Timer | undefined;

  constructor(options: ProgramConnectionOptions) {
    this.#options = options;
    const { broker, clock, onChange, files } = options;
    // Parts of a file and batches may be larger than messages.
    const maxBytes = packetBytesOf(
      Math.max(messageMaxBytesOf(broker), LIMITS.fileChunkBytes, LIMITS.largeBatchBytes),
    );
    this.#reader = new PacketReader(maxBytes, { skipsLarge: true });
    this.#writer = new PacketWriter(options.socket);
    this.#lease = new MemoryLease(broker.budget);
    this.#frameLease = new FrameLease(broker.budget.frames);
    this.#files = new ProgramFiles(files.spool);
    this.#followed = new FollowedFiles((number, body) => this.#write('fileState', number, body));
    this.#subscriptions = new Subscriptions({ broker, clock, writer: this.#writer, onChange });
    this.#batches = new ProgramBatches({
      broker,
      write: (kind, number, body) => this.#write(kind, number, body),
      onBegun: (count, bytes) => {
        this.#unconfirmedBatched += count;
        this.#lease.take(bytes);
      },
      onAnswered: (count, bytes) => {
        this.#unconfirmedBatched -= count;
        this.#released(bytes);
      },
      onRefused: (type, count, error) => this.#noteRefused(type, count, error),
    });
  }

  readonly room = (): Buffer | undefined => this.#reader.room();

  arrived(bytes: Buffer): void {
    this.#reader.arrived(bytes);
    void this.#run();
  }

  /** Call when the program has read its answers. */
  drained(): void {
    void this.#run();
  }

  end(): void {
    this.#ended = true;
    this.#packetEnded();
    this.#frameLease.release();
    this.#subscriptions.end();
    void this.#files.end();
    for (const stopWaiting of this.#requests.values()) stopWaiting();
    this.#requests.clear();
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      while (!this.#ended && !this.#isBehind) {
        const packet = this.#reader.next();
        if (packet === undefined) break;
        this.#packetEnded();
        const accepted = this.#handle(packet);
        // Without this test, each message would cost a microtask.
        if (accepted === undefined) continue;
        this.#setPaused(true);
        await accepted;
      }
    } catch (error) {
      this.#options.log.event(
        `closed the connection of a local program: protocol error: ${toAiocError(error).message}`,
        { warning: true, about: LOCAL_PROGRAMS },
      );
      this.#options.socket.destroy();
    }
    this.#running = false;
    if (!this.#ended) this.#adjustFlow();
  }

  #adjustFlow(): void {
    this.#frameLease.hold(this.#reader.bufferedBytes, this.#reader.wholeBytes);
    const isBehind = this.#isBehind;
    if (isBehind) this.#frameLease.yield();
    const isPaused = isBehind || this.#frameLease.mustWait(this.#readOn);
    // While reading is paused, the rest of a packet cannot be late.
    if (isPaused) this.#packetEnded();
    else this.#watchForCut();
    this.#setPaused(isPaused);
  }

  readonly #readOn = (): void => this.#adjustFlow();

  #setPaused(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    if (paused) this.#options.socket.pause();
    else this.#options.socket.resume();
  }

  #packetEnded(): void {
    this.#late?.cancel();
    this.#late = undefined;
  }

  /** As for Python's sockets: a message must be complete 10 s after its first byte. */
  #watchForCut(): void {
    if (this.#late !== undefined || !this.#reader.insidePacket || this.#ended) return;
    const { clock, log, socket } = this.#options;
    this.#late = clock.after(LIMITS.localFrameTimeoutMs, () => {
      const text = 'closed the connection of a local program: it sent an incomplete message';
      log.event(text, { warning: true, about: LOCAL_PROGRAMS });
      socket.destroy();
    });
  }

  get #isBehind(): boolean {
    return (
      this.#unconfirmed >= LIMITS.localUnconfirmed ||
      this.#unconfirmedBatched >= LIMITS.localUnconfirmedBatched ||
      this.#lease.heldBytes >= LIMITS.localUnconfirmedBytes ||
      !this.#lease.mayTake(0) ||
      this.#writer.waitingBytes > LIMITS.answerBacklogBytes
    );
  }

  /** @returns a promise to await before the next packet, if any */
  #handle(packet: Packet): Promise<void> | undefined {
    if (this.#protocol === 0 && packet.kind !== 'hello') throw new Error('the first packet is not a hello');
    if (this.#options.purpose === 'listen' && SENDING_KINDS.has(packet.kind))
      throw new Error(`a ${packet.kind} belongs on the send socket`);
    if (packet.kind === 'sendBatch' && this.#protocol < 2)
      throw new Error('a sendBatch needs protocol 2, which the hello did not name');
    if (packet.skippedBytes !== undefined) {
      if (packet.kind === 'sendBatch') this.#batches.refuseSkipped(packet);
      else this.#refuseLarge(packet.number, packet.skippedBytes, headerOfBeginning(packet.body));
      return undefined;
    }
    switch (packet.kind) {
      case 'hello':
        this.#hello(packet);
        return undefined;
      case 'send':
      case 'request':
        return this.#message(packet);
      case 'sendBatch':
        return this.#batches.take(packet);
      case 'cancel':
        this.#cancel(packet.number);
        return undefined;
      case 'fileBytes':
        return this.#files.add(packet.number, packet.body);
      case 'follow':
        this.#followed.follow(packet.number);
        return undefined;
      case 'subscribe':
      case 'taken':
      case 'unsubscribe':
        if (this.#options.purpose === 'listen')
          this.#subscriptions.handle(packet.kind, packet, this.#batchMaxBytes);
        else if (packet.kind === 'subscribe') this.#write('failed', packet.number, LISTEN_ELSEWHERE);
        return undefined;
      case 'engineRequest':
        throw new Error('an engineRequest belongs on the attach socket');
      default:
        throw new Error(`only connectors send a ${packet.kind}`);
    }
  }

  #hello(packet: Packet): void {
    const said = bodyAsJson(packet);
    this.#protocol = commonProtocol(said);
    this.#batchMaxBytes = batchMaxBytesIn(said);
    const { version, purpose, mayBeAnyUser } = this.#options;
    const files = purpose === 'send' && { files: mayBeAnyUser ? 'bytes' : 'paths', follows: true };
    const own = { protocol: this.#protocol, batchMaxBytes: LIMITS.largeBatchBytes };
    this.#write('welcome', packet.number, jsonBody({ ...own, version, purpose, ...files }));
  }

  /** The message with the path of its file, or undefined if it was refused. */
  async #withItsFile(number: number, frame: Frame): Promise<Frame | undefined> {
    try {
      const placed = await this.#files.place(number, frame);
      if (placed !== undefined) return placed;
      const { files, mayBeAnyUser } = this.#options;
      return await files.accept(frame, { mayBeAnyUser });
    } catch (error) {
      this.#refuse(number, frame, error);
      return undefined;
    }
  }

  #message(packet: Packet): Promise<void> | undefined {
    const { number, body } = packet;
    const frame = parseLocalFrame(body);
    checkFields(frame.header);
    const sizeBytes = frame.data.length + frame.binary.length;
    if (sizeBytes > messageMaxBytesOf(this.#options.broker))
      return this.#refuseLarge(number, sizeBytes, frame.header);
    if (!namesFile(frame)) return this.#pass(packet, frame);
    return this.#withItsFile(number, frame).then((whole) => whole && this.#pass(packet, whole));
  }

  #pass({ kind, number, body }: Packet, frame: Frame): Promise<void> | undefined {
    return kind === 'send' ? this.#submit(number, body, frame) : this.#ask(number, body, frame);
  }

  /** Confirms the message when it is stored or, if its type is not stored, queued. */
  #submit(number: number, body: Buffer, frame: Frame): Promise<void> | undefined {
    this.#unconfirmed += 1;
    this.#lease.take(body.length);
    const { broker, files } = this.#options;
    const outcome = broker.isStored(frame.header.message_type) && files.holds(frame) ? STORED : ACCEPTED;
    const followed = this.#followed.get(number);
    const completion = {
      patience: 'while-draining' as const,
      kept: (_count: number, cancel?: Cancel) => {
        followed?.queued(cancel);
        this.#write('done', number, outcome);
        this.#confirmed(body.length);
      },
      refused: (_count: number, error: unknown) => {
        this.#refuse(number, frame, error);
        this.#confirmed(body.length);
      },
    };
    return broker.submit(frame, completion, followed);
  }

  #confirmed(bytes: number): void {
    this.#unconfirmed -= 1;
    this.#released(bytes);
  }

  #released(bytes: number): void {
    this.#lease.give(bytes);
    if (this.#paused) void this.#run();
  }

  #ask(number: number, body: Buffer, frame: Frame): Promise<void> | undefined {
    this.#unconfirmed += 1;
    this.#lease.take(body.length);
    let isRefused = false;
    const { accepted, stopWaiting } = this.#options.broker.request(
      frame,
      {
        answered: (response) => this.#answered(number, response),
        refused: (error) => this.#noResponse(number, error),
        lost: () => this.#noResponse(number, LOST),
      },
      {
        patience: 'while-draining',
        kept: () => this.#confirmed(body.length),
        refused: (_count, error) => {
          isRefused = true;
          this.#requests.delete(number);
          this.#refuse(number, frame, error);
          this.#confirmed(body.length);
        },
      },
    );
    if (!isRefused) this.#requests.set(number, stopWaiting);
    return accepted;
  }

  #answered(number: number, response: Frame): void {
    const body = encodeFrame(responseFrame(response)).subarray(4);
    this.#requests.delete(number);
    this.#write('response', number, body);
  }

  #noResponse(number: number, { code, message }: AiocError): void {
    if (this.#requests.delete(number)) this.#write('failed', number, jsonBody({ code, message }));
  }

  /** The program no longer waits, or takes a message back; a later response goes to the listener of its type. */
  #cancel(number: number): void {
    this.#files.forget(number);
    this.#followed.get(number)?.cancel();
    this.#requests.get(number)?.();
    this.#requests.delete(number);
  }

  #refuseLarge(number: number, sizeBytes: number, header: Header | undefined): undefined {
    const text = tooLargeText(sizeBytes, messageMaxBytesOf(this.#options.broker));
    const error = new AiocError('AIOC_FRAME_TOO_LARGE', text);
    this.#options.broker.noResponse(header, error);
    this.#tell(number, 'large', error);
  }

  #refuse(number: number, frame: Frame, error: unknown): void {
    this.#files.refused(frame);
    this.#tell(number, frame.header.message_type, toAiocError(error));
  }

  /** Reports a refusal to the program and in the log. */
  #tell(number: number, type: string, error: AiocError): void {
    this.#noteRefused(type, 1, error);
    this.#followed.forget(number);
    this.#write('failed', number, jsonBody({ code: error.code, message: error.message }));
  }

  #noteRefused(type: string, count: number, { code, message }: AiocError): void {
    const text = `dropped a ${type} message from a local program: ${message}`;
    this.#options.refusals.note(`${code} ${type}`, text, count);
  }

  #write(kind: PacketKind, number: number, body: Buffer): void {
    if (!this.#ended) this.#writer.write(kind, number, body);
  }
}

/** For a program with an older library, which sends and listens over one socket. */
const LISTEN_ELSEWHERE = jsonBody({
  code: 'AIOC_LISTEN',
  message:
    'this connector has a separate socket for listening, which this program’s version of aioc does not know: update aioc there',
});

const STORED = jsonBody({ outcome: 'stored' });
const ACCEPTED = jsonBody({ outcome: 'accepted' });

const LOST = new AiocError(
  'AIOC_RESPONSE_LOST',
  'the response was lost: a connection between connectors broke; send the request again if it is safe to repeat',
);
