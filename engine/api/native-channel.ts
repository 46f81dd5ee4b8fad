import type net from 'node:net';
import { AiocError, ERROR_CODES, type ErrorCode, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { PacketWriter } from '../local/native/packet-writer.ts';
import { bodyAsJson, jsonBody, type Packet, type PacketKind, PacketReader } from '../local/native/packets.ts';

/** What the connector promises of a message that it has been given. */
export type SendOutcome =
  /** It is on the disk of this machine, and comes to the peer whatever happens. */
  | 'stored'
  /** The connector has it in memory: a queue that is not stored. */
  | 'accepted'
  /** The peer is ignored (ignore_peer_traffic): it was dropped. */
  | 'ignored';

export interface PendingReply {
  readonly number: number;
  readonly answer: Promise<Packet>;
}

/** Who waits for an answer: told once. */
export interface ReplyHandler {
  resolve(packet: Packet): void;
  reject(error: AiocError): void;
}

export interface NativeChannelOptions {
  readonly clock: Clock;
  readonly onClose: () => void;
  /** Told of what the connector says without having been asked. */
  readonly onPacket?: (packet: Packet) => void;
}

/** A conversation with an aioc connector over its own local socket. */
export class NativeChannel {
  readonly #socket: net.Socket;
  readonly #reader = new PacketReader();
  readonly #writer: PacketWriter;
  readonly #pending = new Map<number, ReplyHandler>();
  readonly #options: NativeChannelOptions;
  #number = 0;
  #failure: AiocError | undefined;
  #drained: (() => void)[] = [];
  #keepsAlive = false;
  #welcome: Readonly<Record<string, unknown>> = {};

  private constructor(socket: net.Socket, options: NativeChannelOptions) {
    this.#socket = socket;
    this.#writer = new PacketWriter(socket);
    this.#options = options;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('drain', () => {
      for (const resolve of this.#drained.splice(0)) resolve();
    });
    socket.once('close', () => this.#over());
  }

  /**
   * Greets the connector behind a socket.
   *
   * @throws AiocError AIOC_CONNECTOR_AWAY when it closes or says nothing, AIOC_FRAME_BAD when it is none
   */
  static async open(socket: net.Socket, options: NativeChannelOptions): Promise<NativeChannel> {
    const { clock } = options;
    const channel = new NativeChannel(socket, options);
    const { number, answer } = channel.request('hello', jsonBody({ protocol: 1 }));
    const silent = new AiocError(
      'AIOC_CONNECTOR_AWAY',
      'the connector does not answer: it may be stopped or stuck',
    );
    const timer = clock.after(LIMITS.localHelloMs, () => channel.cancel(number, silent));
    try {
      channel.#welcome = bodyAsJson(await answer);
      return channel;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      timer.cancel();
    }
  }

  /** Which of the connector's sockets this is; undefined from an aioc of before, which sends and listens over one. */
  get purpose(): unknown {
    return this.#welcome['purpose'];
  }

  /** From now on it keeps the program alive, also while no answer is waited for. */
  keepAlive(): void {
    this.#keepsAlive = true;
    this.#socket.ref();
  }

  /** Whether the connector does not read what programs name, so that a file goes as bytes. */
  get takesFilesAsBytes(): boolean {
    return this.#welcome['files'] === 'bytes';
  }

  /**
   * Says something and waits for the answer to it, which rejects with what the connector says, or with
   * AIOC_CONNECTOR_AWAY when it went away first: it is not known then whether it has done it.
   */
  request(kind: PacketKind, body: Buffer, number = this.newNumber()): PendingReply {
    const answer = new Promise<Packet>((resolve, reject) => {
      this.post(kind, body, { resolve, reject }, number);
    });
    return { number, answer };
  }

  /** The same for who needs no promise of its own. */
  post(kind: PacketKind, body: Buffer, handler: ReplyHandler, number = this.newNumber()): number {
    if (this.#failure !== undefined) {
      handler.reject(this.#failure);
      return number;
    }
    // Who waits for an answer keeps the program alive.
    if (this.#pending.size === 0) this.#socket.ref();
    this.#pending.set(number, handler);
    this.#writer.write(kind, number, body);
    return number;
  }

  newNumber(): number {
    this.#number = (this.#number + 1) % 0xffff_ffff;
    return this.#number;
  }

  /** Says something that no answer is waited for: what is answered all the same comes to `onPacket`. */
  notify(kind: PacketKind, number: number, body: Buffer): void {
    if (this.#failure === undefined) this.#writer.write(kind, number, body);
  }

  /**
   * Hands over the bytes of a file, in front of the message with which it goes and that will have this number.
   *
   * @throws what reading the file throws; the connector then forgets what it has of it
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

  /** Waits for no answer to that question any more. */
  cancel(number: number, error: AiocError): void {
    const pending = this.#pending.get(number);
    if (pending === undefined) return;
    this.#settle(number);
    this.#writer.write('cancel', number, EMPTY);
    pending.reject(error);
  }

  /** Whether so much that was said has not left this program that no more should be. */
  get isBehind(): boolean {
    return this.#failure === undefined && this.#writer.waitingBytes >= LIMITS.localReadAheadBytes;
  }

  /** Resolves when what was said has left this program, or never will. */
  async drained(): Promise<void> {
    if (!this.isBehind) return;
    this.#writer.flush();
    await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  close(): void {
    this.#writer.flush();
    this.#socket.end();
  }

  /** Closes, and resolves when all that was said has left this program, or never will. */
  async ended(): Promise<void> {
    if (this.#failure !== undefined) return;
    this.#writer.flush();
    this.#socket.ref();
    await new Promise<void>((resolve) => {
      this.#socket.once('close', resolve);
      this.#socket.end(resolve);
    });
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
      for (let packet = this.#reader.next(); packet !== undefined; packet = this.#reader.next())
        this.#take(packet);
    } catch (error) {
      this.#failure = toAiocError(error);
      this.#socket.destroy();
    }
  }

  #take(packet: Packet): void {
    const pending = this.#pending.get(packet.number);
    // A response may cross the word that nobody waits for it any more.
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
    if (this.#pending.size === 0 && !this.#keepsAlive) this.#socket.unref();
  }

  #over(): void {
    this.#failure ??= new AiocError(
      'AIOC_CONNECTOR_AWAY',
      'the connector went away before it said what became of the message: it may have it or not',
    );
    for (const [number, pending] of [...this.#pending]) {
      this.#settle(number);
      pending.reject(this.#failure);
    }
    for (const resolve of this.#drained.splice(0)) resolve();
    this.#options.onClose();
  }
}

/** What a connector promises with its `done`. */
export function outcomeIn(packet: Packet): SendOutcome {
  // Nearly always one of these, word for word.
  if (packet.body.equals(STORED)) return 'stored';
  if (packet.body.equals(ACCEPTED)) return 'accepted';
  const { outcome } = bodyAsJson(packet);
  return outcome === 'stored' || outcome === 'ignored' ? outcome : 'accepted';
}

/** What went wrong, in a `failed`. */
export function errorIn(packet: Packet): AiocError {
  const { code, message } = bodyAsJson(packet);
  const known = typeof code === 'string' && code in ERROR_CODES ? (code as ErrorCode) : 'AIOC_INTERNAL';
  return new AiocError(known, String(message));
}

const STORED = jsonBody({ outcome: 'stored' });
const ACCEPTED = jsonBody({ outcome: 'accepted' });
const EMPTY = Buffer.alloc(0);
