import type net from 'node:net';
import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { FileOutcome, OnFileState, TransferProgress } from '../contract/transfer-progress.ts';
import { PacketWriter } from '../local/native/packet-writer.ts';
import {
  batchMaxBytesIn,
  bodyAsJson,
  jsonBody,
  NATIVE_PROTOCOL_VERSION,
  type Packet,
  type PacketKind,
  PacketReader,
} from '../local/native/packets.ts';
import { readWith } from '../local/socket-reading.ts';
import { CompletionInOrder } from '../queues/completion-in-order.ts';
import { onAbort } from './abort.ts';
import { AwaitedRanges, errorIn } from './awaited-ranges.ts';
import {
  framesOfBatch,
  type OutgoingBatch,
  partsOfBatch,
  recordBytesOf,
  type SendOutcome,
} from './outgoing-batch.ts';

export interface PendingReply {
  readonly number: number;
  readonly answer: Promise<Packet>;
}

/** Called once, with the reply or an error. */
export interface ReplyHandler {
  resolve(packet: Packet): void;
  reject(error: AiocError): void;
}

interface FileWatch {
  readonly onState: OnFileState;
  /** Its signal is not listened to any more. */
  readonly forget: () => void;
}

export interface NativeChannelOptions {
  readonly clock: Clock;
  readonly onClose: () => void;
  /** Receives packets that are not replies. */
  readonly onPacket?: (packet: Packet) => void;
}

/** A connection to an aioc connector over its native socket. */
export class NativeChannel {
  readonly #socket: net.Socket;
  readonly #reader = new PacketReader();
  readonly #writer: PacketWriter;
  readonly #pending = new Map<number, ReplyHandler>();
  readonly #options: NativeChannelOptions;
  readonly #ranges = new AwaitedRanges();
  readonly #followed = new Map<number, FileWatch>();
  #number = 0;
  /** The largest batch of several messages that the connector takes; 0: none. */
  #batchMaxBytes = 0;
  #failure: AiocError | undefined;
  #drained: (() => void)[] = [];
  #keepsAlive = false;
  #welcome: Readonly<Record<string, unknown>> = {};

  private constructor(socket: net.Socket, options: NativeChannelOptions) {
    this.#socket = socket;
    this.#writer = new PacketWriter(socket);
    this.#options = options;
    readWith(socket, {
      room: () => this.#reader.room(),
      arrived: (bytes) => this.#read(bytes),
    });
    socket.on('error', () => socket.destroy());
    socket.on('drain', () => {
      for (const resolve of this.#drained.splice(0)) resolve();
    });
    socket.once('close', () => this.#over());
  }

  /**
   * Exchanges the first packets with the connector on a socket.
   *
   * @throws AiocError AIOC_CONNECTOR_AWAY if it closes or does not answer, AIOC_FRAME_BAD if it is not an aioc connector
   */
  static async open(socket: net.Socket, options: NativeChannelOptions): Promise<NativeChannel> {
    const { clock } = options;
    const channel = new NativeChannel(socket, options);
    const hello = jsonBody({ protocol: NATIVE_PROTOCOL_VERSION, batchMaxBytes: LIMITS.largeBatchBytes });
    const { number, answer } = channel.request('hello', hello);
    const silent = new AiocError(
      'AIOC_CONNECTOR_AWAY',
      'the connector does not answer; it may be overloaded or stuck',
    );
    const timer = clock.after(LIMITS.localHelloMs, () => channel.cancel(number, silent));
    try {
      channel.#welcome = bodyAsJson(await answer);
      channel.#batchMaxBytes = batchMaxBytesIn(channel.#welcome);
      return channel;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      timer.cancel();
    }
  }

  /** The purpose of this socket; undefined from older versions of aioc, which have one socket for sending and listening. */
  get purpose(): unknown {
    return this.#welcome['purpose'];
  }

  /** The connector's release of aioc; undefined if it does not say. */
  get version(): string | undefined {
    const { version } = this.#welcome;
    return typeof version === 'string' ? version : undefined;
  }

  /** Keeps the program alive even while no reply is pending. */
  keepAlive(): void {
    this.#keepsAlive = true;
    this.#socket.ref();
  }

  /** Whether the connector needs the bytes of files, because it does not open paths that programs name. */
  get takesFilesAsBytes(): boolean {
    return this.#welcome['files'] === 'bytes';
  }

  /**
   * Sends a request. The answer rejects with the connector's error, or with AIOC_CONNECTOR_AWAY if the connection closes
   * first; the connector may or may not have executed the request.
   */
  request(kind: PacketKind, body: Buffer, number = this.newNumber()): PendingReply {
    const answer = new Promise<Packet>((resolve, reject) => {
      this.post(kind, body, { resolve, reject }, number);
    });
    return { number, answer };
  }

  /** As `request`, with callbacks instead of a promise. */
  post(kind: PacketKind, body: Buffer, handler: ReplyHandler, number = this.newNumber()): number {
    if (this.#failure !== undefined) {
      handler.reject(this.#failure);
      return number;
    }
    this.#willAwait();
    this.#pending.set(number, handler);
    this.#writer.write(kind, number, body);
    return number;
  }

  /** Sends a batch, whose reply gets the connector's answers. */
  postBatch(batch: OutgoingBatch): void {
    const { address, count, pieces, reply } = batch;
    if (this.#failure !== undefined) reply.refused(count, this.#failure);
    else if (this.#batchMaxBytes === 0) this.#postOneByOne(batch);
    else if (count > 1 && recordBytesOf(batch) > this.#batchMaxBytes) {
      for (const part of partsOfBatch(batch, this.#batchMaxBytes)) this.postBatch(part);
    } else {
      this.#willAwait();
      const number = this.#newNumbers(count);
      this.#ranges.add(number, count, reply);
      this.#writer.writeSendBatch(number, { header: address.headerFor(count), records: pieces });
    }
  }

  #postOneByOne(batch: OutgoingBatch): void {
    const inOrder = new CompletionInOrder(batch.reply);
    for (const frame of framesOfBatch(batch)) {
      const reply = inOrder.part(1);
      this.post('send', frame.subarray(4), {
        resolve: (packet) => reply.kept(1, outcomeIn(packet)),
        reject: (error) => reply.refused(1, error),
      });
    }
  }

  /** A pending reply keeps the program alive. */
  #willAwait(): void {
    if (!this.#isAwaiting) this.#socket.ref();
  }

  #awaitsLess(): void {
    if (!this.#isAwaiting && !this.#keepsAlive) this.#socket.unref();
  }

  get #isAwaiting(): boolean {
    return this.#pending.size > 0 || this.#followed.size > 0 || !this.#ranges.isEmpty;
  }

  newNumber(): number {
    return this.#newNumbers(1);
  }

  /** @returns the first of `count` consecutive numbers */
  #newNumbers(count: number): number {
    const first = this.#number + count < NUMBERS ? this.#number + 1 : 1;
    this.#number = first + count - 1;
    return first;
  }

  /** Sends a packet without waiting for a reply; a reply, if any, goes to `onPacket`. */
  notify(kind: PacketKind, number: number, body: Buffer): void {
    if (this.#failure === undefined) this.#writer.write(kind, number, body);
  }

  /**
   * Sends the bytes of a file, before the message with the same number that it belongs to.
   *
   * @throws the errors of reading the file; the connector then discards the bytes that it has
   */
  async giveFile(number: number, chunks: AsyncIterable<Buffer>): Promise<void> {
    try {
      let isEmpty = true;
      for await (const chunk of chunks) {
        isEmpty = false;
        this.notify('fileBytes', number, chunk);
        await this.drained();
        if (this.#failure !== undefined) throw this.#failure;
      }
      if (isEmpty) this.notify('fileBytes', number, EMPTY);
    } catch (error) {
      this.notify('cancel', number, EMPTY);
      throw error;
    }
  }

  /**
   * Follows the file of the message that is sent next with this number, until there is an outcome or the message is refused.
   *
   * @param signal takes the message back, as long as it has not been sent
   */
  follow(number: number, onState: OnFileState, signal: AbortSignal | undefined): void {
    if (this.#welcome['follows'] !== true) {
      onState({
        phase: 'unknown',
        reason: 'this connector is of an older version of aioc, which does not tell',
      });
      return;
    }
    this.#willAwait();
    const forget = onAbort(signal, () => this.notify('cancel', number, EMPTY));
    this.#followed.set(number, { onState, forget });
    this.notify('follow', number, EMPTY);
  }

  #unfollow(number: number): void {
    this.#followed.get(number)?.forget();
    this.#followed.delete(number);
    this.#awaitsLess();
  }

  #takeState(packet: Packet): void {
    const state = bodyAsJson(packet) as unknown as TransferProgress | FileOutcome;
    const { onState } = this.#followed.get(packet.number) ?? {};
    if (OUTCOMES.has(state.phase)) this.#unfollow(packet.number);
    onState?.(state);
  }

  /** Stops waiting for a reply: rejects with `error` and tells the connector. */
  cancel(number: number, error: AiocError): void {
    const pending = this.#pending.get(number);
    if (pending === undefined) return;
    this.#settle(number);
    this.#writer.write('cancel', number, EMPTY);
    pending.reject(error);
  }

  /** Whether so many bytes are unwritten that no more should be added. */
  get isBehind(): boolean {
    return this.#failure === undefined && this.#writer.waitingBytes >= LIMITS.localReadAheadBytes;
  }

  /** Passes what `action` writes to the operating system, without waiting for the end of the turn. */
  writeAtOnce(action: () => void): void {
    this.#writer.writeAtOnce(action);
  }

  /** Resolves when there is room to write more, or the channel is closed. */
  async drained(): Promise<void> {
    if (!this.isBehind) return;
    this.#writer.flush();
    await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  close(): void {
    this.#writer.flush();
    this.#socket.end();
  }

  /** Closes. Resolves when all packets are written, or cannot be. */
  async ended(): Promise<void> {
    if (this.#failure !== undefined) return;
    this.#writer.flush();
    this.#socket.ref();
    await new Promise<void>((resolve) => {
      this.#socket.once('close', resolve);
      this.#socket.end(resolve);
    });
  }

  #read(bytes: Buffer): void {
    try {
      this.#reader.arrived(bytes);
      for (let packet = this.#reader.next(); packet !== undefined; packet = this.#reader.next())
        this.#take(packet);
    } catch (error) {
      this.#failure = toAiocError(error);
      this.#socket.destroy();
    }
  }

  #take(packet: Packet): void {
    if (packet.kind === 'accepted' || packet.kind === 'refusedBatch') {
      this.#ranges.take(packet);
      this.#awaitsLess();
      return;
    }
    if (packet.kind === 'fileState') return this.#takeState(packet);
    if (packet.kind === 'failed' && this.#followed.has(packet.number)) this.#unfollow(packet.number);
    const pending = this.#pending.get(packet.number);
    // A response may cross its cancellation.
    if (pending === undefined) {
      this.#options.onPacket?.(packet);
      return;
    }
    this.#settle(packet.number);
    if (packet.kind === 'failed') pending.reject(errorIn(packet));
    else pending.resolve(packet);
  }

  #settle(number: number): void {
    this.#pending.delete(number);
    this.#awaitsLess();
  }

  #over(): void {
    this.#failure ??= new AiocError(
      'AIOC_CONNECTOR_AWAY',
      'the connection to the connector closed before it answered: it may or may not have the message',
    );
    for (const [number, pending] of [...this.#pending]) {
      this.#settle(number);
      pending.reject(this.#failure);
    }
    this.#ranges.refuseAll(this.#failure);
    for (const [number, { onState }] of [...this.#followed]) {
      this.#unfollow(number);
      onState({ phase: 'unknown', reason: LOST });
    }
    for (const resolve of this.#drained.splice(0)) resolve();
    this.#options.onClose();
  }
}

/** The outcome in a `done`. */
export function outcomeIn(packet: Packet): SendOutcome {
  // Nearly always exactly one of these.
  if (packet.body.equals(STORED)) return 'stored';
  if (packet.body.equals(ACCEPTED)) return 'accepted';
  const { outcome } = bodyAsJson(packet);
  return outcome === 'stored' || outcome === 'ignored' ? outcome : 'accepted';
}

const STORED = jsonBody({ outcome: 'stored' });
const ACCEPTED = jsonBody({ outcome: 'accepted' });
const EMPTY = Buffer.alloc(0);
const OUTCOMES: ReadonlySet<string> = new Set(['arrived', 'failed', 'cancelled'] as const);
const LOST = 'the connector stopped; if it has stored the message, it goes on when it runs again';
/** Numbers of packets have 32 bits; after the last one, they begin again. */
const NUMBERS = 0xffff_ffff;
