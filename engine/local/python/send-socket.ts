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
import { TOO_LARGE } from '../../protocol/no-response.ts';
import type { Completion } from '../../queues/outbox-batch.ts';
import type { AcceptedFiles } from '../accepted-files.ts';
import { type LocalBroker, messageMaxBytesOf, tooLargeText } from '../local-broker.ts';
import { LocalFrameReader } from '../local-frames.ts';
import { namesFile, withoutFile } from '../message-file.ts';
import { RefusalLog } from '../refusal-log.ts';
import { listenUnix, type SocketUsers, type UnixListener } from '../unix-sockets.ts';
import { errorFrame, responseFrame } from './response-frame.ts';

export interface SendSocketOptions {
  readonly path: string;
  readonly broker: LocalBroker;
  readonly files: AcceptedFiles;
  readonly clock: Clock;
  readonly log: TrafficLog;
  readonly users: SocketUsers;
  /** A program may be of a user who cannot read all files that the connector can. */
  readonly mayBeAnyUser: boolean;
  /** False: programs open a connection for each message, and the connector closes it. */
  readonly preserveSocket: boolean;
}

/** The socket to which Python's API sends its messages (PROTOCOL §4, send). */
export class SendSocket {
  readonly #options: SendSocketOptions;
  readonly #connections = new Map<Socket, SendConnection>();
  readonly #refusals: RefusalLog;
  #listener: UnixListener | undefined;

  constructor(options: SendSocketOptions) {
    this.#options = options;
    this.#refusals = new RefusalLog(options);
  }

  /** @throws AiocError AIOC_ALREADY_RUNNING, AIOC_LISTEN */
  async start(): Promise<void> {
    const { path, users } = this.#options;
    const message = `another connector with the same name listens on ${path}: stop it, or set another connector_files_dirpath for this one`;
    this.#listener = await listenUnix({
      path,
      users,
      taken: { code: 'AIOC_ALREADY_RUNNING', message },
      onConnection: (socket) => this.#take(socket),
    });
  }

  /** Unless `hard`, first takes everything that programs have written, since they consider it sent. */
  async stop({ hard = false }: { readonly hard?: boolean } = {}): Promise<void> {
    await this.#listener?.close();
    this.#listener = undefined;
    const conversations = [...this.#connections.values()];
    if (!hard) await Promise.all(conversations.map((conversation) => conversation.finish()));
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  #take(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (this.#connections.size >= LIMITS.sendConnections) {
      const text = `refused a local program: ${this.#connections.size} are already connected`;
      this.#refusals.note('connections', text);
      socket.destroy();
      return;
    }
    const conversation = new SendConnection(socket, this.#options, this.#refusals);
    this.#connections.set(socket, conversation);
    socket.on('data', (chunk: Buffer) => conversation.push(chunk));
    socket.once('close', () => {
      this.#connections.delete(socket);
      conversation.end();
    });
  }
}

/** One connection of a local program: reads frames, and writes the response to a request. */
class SendConnection {
  readonly #socket: Socket;
  readonly #options: SendSocketOptions;
  readonly #reader: LocalFrameReader;
  readonly #refusals: RefusalLog;
  readonly #waits = new Set<() => void>();
  #busy = false;
  #ended = false;
  #receivedBytes = 0;
  /** Messages that are queued but not stored yet. Bounded, so that a slow disk does not fill the memory. */
  #unstored = 0;
  readonly #lease: MemoryLease;
  /** For the frame that is unfinished. */
  readonly #frameLease: FrameLease;
  #timer: Timer | undefined;

  constructor(socket: Socket, options: SendSocketOptions, refusals: RefusalLog) {
    this.#socket = socket;
    this.#refusals = refusals;
    this.#reader = new LocalFrameReader(messageMaxBytesOf(options.broker));
    this.#options = options;
    this.#lease = new MemoryLease(options.broker.budget);
    this.#frameLease = new FrameLease(options.broker.budget.frames);
  }

  push(chunk: Buffer): void {
    this.#receivedBytes += chunk.length;
    this.#reader.push(chunk);
    void this.#run();
  }

  /** Resolves when everything that the program has written is taken, or cannot be taken now. */
  async finish(): Promise<void> {
    const { clock } = this.#options;
    const end = clock.now() + LIMITS.stopReadMs;
    let quiet = 0;
    for (let seen = -1; clock.now() < end && quiet < LIMITS.stopReadAttempts; ) {
      quiet = this.#busy || seen !== this.#receivedBytes ? 0 : quiet + 1;
      seen = this.#receivedBytes;
      await new Promise<void>((resolve) => clock.after(LIMITS.stopReadIntervalMs, resolve));
    }
  }

  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
    this.#frameLease.release();
    for (const stopWaiting of this.#waits) stopWaiting();
    this.#waits.clear();
  }

  async #run(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    // Back-pressure: the next bytes are read when these are processed.
    this.#socket.pause();
    try {
      while (!this.#isBehind) {
        const event = this.#reader.next();
        if (event === undefined) break;
        this.#frameEnded();
        if (event.kind === 'frame') {
          checkFields(event.frame.header);
          await this.#take(event.frame);
        } else this.#passedOver(event.header, event.sizeBytes);
      }
    } catch (error) {
      this.#complain(`closed the connection of a local program: protocol error: ${(error as Error).message}`);
      this.#socket.destroy();
    }
    this.#busy = false;
    if (this.#ended) return;
    this.#frameLease.hold(this.#reader.bufferedBytes, this.#reader.wholeBytes);
    // While the frame waits for memory, or for those before it, its rest cannot be late.
    if (this.#isBehind) return this.#frameLease.yield();
    if (this.#frameLease.mustWait(this.#readOn)) return this.#frameEnded();
    this.#readOn();
  }

  readonly #readOn = (): void => {
    this.#watchForCut();
    this.#socket.resume();
  };

  get #isBehind(): boolean {
    const isFull =
      this.#unstored >= LIMITS.localUnconfirmed || this.#lease.heldBytes >= LIMITS.localUnconfirmedBytes;
    return isFull || !this.#lease.mayTake(0);
  }

  #frameEnded(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** A frame must be complete 10 s after its first byte (PROTOCOL §1). */
  #watchForCut(): void {
    // Later bytes do not extend the time.
    if (this.#timer !== undefined || !this.#reader.insideFrame || this.#socket.destroyed) return;
    this.#timer = this.#options.clock.after(LIMITS.localFrameTimeoutMs, () => {
      this.#complain('closed the connection of a local program: it sent an incomplete message');
      this.#socket.destroy();
    });
  }

  #take(frame: Frame): Promise<void> | undefined {
    if (!namesFile(frame)) return this.#handle(frame);
    return this.#withItsFile(frame).then(
      (whole) => this.#handle(whole),
      (error: unknown) => this.#refuse(toAiocError(error), frame),
    );
  }

  /** A file that cannot be accepted is left out; its message is sent with the reason. */
  #withItsFile(frame: Frame): Promise<Frame> {
    const { files, mayBeAnyUser } = this.#options;
    return files.accept(frame, { mayBeAnyUser }).catch((error: unknown) => {
      const { message } = toAiocError(error, 'AIOC_FILE_UNREADABLE');
      this.#complain(
        `left out the file of a ${frame.header.message_type} message from a local program: ${message}`,
      );
      return withoutFile(frame, message);
    });
  }

  /** @returns a promise to await before the next frame, if any */
  #handle(frame: Frame): Promise<void> | undefined {
    const bytes = frame.headerBytes.length + frame.data.length + frame.binary.length;
    this.#unstored += 1;
    this.#lease.take(bytes);
    const isRequest = frame.header['await_response'] === true;
    const completion: Completion = {
      // A program that waits for a response notices a refusal when its connection closes; others get no notice.
      patience: isRequest ? 'while-draining' : 'always',
      kept: () => this.#dealtWith(bytes),
      refused: (_count, error: unknown) => {
        this.#refuse(toAiocError(error), frame);
        this.#dealtWith(bytes);
      },
    };
    if (isRequest) return this.#request(frame, completion);
    return this.#options.broker.submit(frame, completion);
  }

  #dealtWith(bytes: number): void {
    const wasBehind = this.#isBehind;
    this.#unstored -= 1;
    this.#lease.give(bytes);
    this.#closeIfDone();
    if (wasBehind && !this.#isBehind) void this.#run();
  }

  /** A program that opens a connection for each message does not close it. */
  #closeIfDone(): void {
    const isDone = this.#unstored === 0 && this.#waits.size === 0 && !this.#reader.insideFrame;
    if (!this.#options.preserveSocket && isDone) this.#socket.end();
  }

  #request(frame: Frame, completion: Completion): Promise<void> | undefined {
    const { accepted, stopWaiting } = this.#options.broker.request(
      frame,
      {
        answered: (response) => this.#reply(stopWaiting, responseFrame(response)),
        refused: () => this.#reply(stopWaiting, errorFrame(TOO_LARGE)),
        lost: () => this.#reply(stopWaiting, errorFrame('disconnected_during_wait')),
      },
      completion,
    );
    if (this.#ended) stopWaiting();
    else this.#waits.add(stopWaiting);
    return accepted;
  }

  #reply(stopWaiting: () => void, response: Parameters<typeof encodeFrame>[0]): void {
    this.#waits.delete(stopWaiting);
    this.#socket.write(encodeFrame(response));
    this.#closeIfDone();
  }

  /** Python's API gets no answer to a send; a failed request shows as a closed connection. */
  #refuse(error: AiocError, frame: Frame): void {
    this.#dropped(frame.header, error);
  }

  #passedOver(header: Header | undefined, sizeBytes: number): void {
    const text = tooLargeText(sizeBytes, messageMaxBytesOf(this.#options.broker));
    const error = new AiocError('AIOC_FRAME_TOO_LARGE', text);
    this.#options.broker.noResponse(header, error);
    this.#dropped(header, error);
  }

  #dropped(header: Header | undefined, { code, message }: AiocError): void {
    const isTold = header?.['await_response'] === true;
    const type = header?.message_type ?? 'broken';
    const untold = isTold ? '' : '; the program was not notified, because Python’s API receives no answers';
    const text = `dropped a ${type} message from a local program: ${message}${untold}`;
    this.#refusals.note(`${code} ${type}`, text);
    if (isTold) this.#socket.destroy();
  }

  #complain(text: string): void {
    this.#options.log.event(text, { warning: true, about: LOCAL_PROGRAMS });
  }
}
