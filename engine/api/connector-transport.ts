import type net from 'node:net';
import { AiocError, systemCode, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { OnFileState } from '../contract/transfer-progress.ts';
import { parseLocalFrame } from '../local/local-frames.ts';
import type { Packet } from '../local/native/packets.ts';
import { nativeSocketPath, sendSocketPath } from '../local/socket-names.ts';
import { connectNative } from '../local/unix-sockets.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { CompletionInOrder } from '../queues/completion-in-order.ts';
import { onAbort } from './abort.ts';
import type { ConnectorLocator } from './connector-locator.ts';
import { NativeChannel, outcomeIn } from './native-channel.ts';
import { framesOfBatch, type OutgoingBatch, type SendOutcome } from './outgoing-batch.ts';
import { requestCancelled, requestOverSocket, requestTooLate } from './python-request.ts';
import { PythonSendChannel } from './python-send-channel.ts';
import { SendOrder } from './send-order.ts';

/** A frame, and the bytes of its file if the connector does not read that itself. */
export interface FrameWithFile {
  readonly frame: Buffer;
  readonly bytes?: (() => AsyncIterable<Buffer>) | undefined;
  /** Receives what is known of the file on its way. */
  readonly onState?: OnFileState | undefined;
}

/** How a connector gets the files of messages. A Python connector gets only paths, and has limits of its own. */
export type FileTransfer = 'as paths' | 'as bytes' | 'to Python';

/** A message with a file, which may need several frames. */
export interface FileHandover {
  readonly sizeBytes: number;
  readonly signal: AbortSignal | undefined;
  /** Makes the frames when their turn has come. */
  frames(fileTransfer: FileTransfer): Promise<readonly FrameWithFile[]>;
}

export interface RequestLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** The peer's name, for error messages. */
  readonly peer: string;
}

/**
 * Sends a program's messages to its connector: over aioc's native socket, which answers each, or over Python's send socket
 * if the connector has no native one.
 */
export class ConnectorTransport {
  readonly #locator: ConnectorLocator;
  readonly #clock: Clock;
  readonly #pythonChannel: PythonSendChannel;
  #channel: NativeChannel | undefined;
  #opening: Promise<NativeChannel | undefined> | undefined;
  readonly #order = new SendOrder();
  #waiting = 0;
  #waitingBytes = 0;
  #closed = false;

  constructor(options: {
    readonly locator: ConnectorLocator;
    readonly clock: Clock;
    readonly keepSocket: boolean;
  }) {
    this.#locator = options.locator;
    this.#clock = options.clock;
    this.#pythonChannel = new PythonSendChannel({
      keep: options.keepSocket,
      connect: () => this.#locator.connect(sendSocketPath),
    });
  }

  /**
   * Call before a message is gathered.
   *
   * @throws AiocError AIOC_QUEUE_FULL, AIOC_CANCELLED
   */
  check(sizeBytes: number, signal: AbortSignal | undefined): void {
    if (this.#closed) throw new AiocError('AIOC_CANCELLED', 'the API was closed; create a new ConnectorAPI');
    if (signal?.aborted) throw sendCancelled();
    // One message may always wait, whatever its size.
    if (this.#waiting === 0) return;
    if (this.#waiting < LIMITS.outboxMessages && this.#waitingBytes + sizeBytes <= LIMITS.outboxBytes) return;
    throw new AiocError(
      'AIOC_QUEUE_FULL',
      `${this.#waiting} messages (${this.#waitingBytes} bytes) are already waiting for the connector: await some of the sends`,
    );
  }

  /** So many messages wait for the connector, until `forget` is called. */
  begin(count: number, sizeBytes: number): void {
    this.#waiting += count;
    this.#waitingBytes += sizeBytes;
  }

  forget(count: number, sizeBytes: number): void {
    this.begin(-count, -sizeBytes);
  }

  /** Sends a batch behind everything that was sent before. Its reply is called with AiocErrors as `sendFile` throws. */
  sendBatch(batch: OutgoingBatch): void {
    const channel = this.#readyChannel;
    if (channel !== undefined) {
      channel.postBatch(batch);
      return;
    }
    this.#order
      .take(batch.signal, sendCancelled, () => this.#handOver(batch))
      .catch((error: unknown) => batch.reply.refused(batch.count, toAiocError(error)));
  }

  /** Passes what `action` sends to the operating system at once. Call at the end of a turn of the event loop. */
  writeAtOnce(action: () => void): void {
    if (this.#channel === undefined) action();
    else this.#channel.writeAtOnce(action);
  }

  /** The channel, if something can be written at once. */
  get #readyChannel(): NativeChannel | undefined {
    const channel = this.#channel;
    return channel?.isBehind === false && !this.#order.isTaken ? channel : undefined;
  }

  /** Resolves when the next batch may be handed over. */
  async #handOver(batch: OutgoingBatch): Promise<void> {
    const channel = await this.#channelFor(batch.signal);
    if (channel === undefined) {
      await this.#sendOverPython(batch);
      return;
    }
    channel.postBatch(batch);
    await channel.drained();
  }

  async #sendOverPython(batch: OutgoingBatch): Promise<void> {
    const { signal } = batch;
    const inOrder = new CompletionInOrder(batch.reply);
    const answered: Promise<void>[] = [];
    for (const frame of framesOfBatch(batch)) {
      const reply = inOrder.part(1);
      answered.push(
        this.#pythonChannel.send({ sizeBytes: frame.length, signal, frames: () => [frame] }).then(
          () => reply.kept(1),
          (error: unknown) => reply.refused(1, toAiocError(error)),
        ),
      );
    }
    await Promise.all(answered);
  }

  /**
   * Sends a message with a file behind everything that was sent before. Call `check` first.
   *
   * @returns what the connector guarantees; undefined with a Python connector
   * @throws AiocError AIOC_CONNECTOR_AWAY, AIOC_CANCELLED, the errors of `frames` and of the connector
   */
  async sendFile(handover: FileHandover): Promise<SendOutcome | undefined> {
    const { sizeBytes, signal } = handover;
    this.begin(1, sizeBytes);
    try {
      const { answered } = await this.#order.take(signal, sendCancelled, () => this.#handOverFile(handover));
      return await answered;
    } finally {
      this.forget(1, sizeBytes);
    }
  }

  /** Resolves when the next message may be handed over; `answered` settles with the connector's answer. */
  async #handOverFile(
    handover: FileHandover,
  ): Promise<{ readonly answered: Promise<SendOutcome | undefined> }> {
    const { signal } = handover;
    const channel = await this.#channelFor(signal);
    if (channel === undefined) {
      let onStates: readonly FrameWithFile['onState'][] = [];
      const frames = async (): Promise<readonly Buffer[]> => {
        const given = await handover.frames('to Python');
        onStates = given.map(({ onState }) => onState);
        return given.map(({ frame }) => frame);
      };
      const answered = this.#pythonChannel.send({ ...handover, frames }).then(() => {
        onStates.at(-1)?.({ phase: 'unknown', reason: 'a Python connector does not tell' });
        return undefined;
      });
      return { answered };
    }
    const frames = await handover.frames(fileTransferOver(channel));
    if (signal?.aborted) throw sendCancelled();
    const answers = await this.#requestAll(channel, frames, signal);
    await channel.drained();
    return { answered: answers.answered.then((packets) => outcomeIn(packets.at(-1) as Packet)) };
  }

  /** @throws AiocError AIOC_CANCELLED, AIOC_CONNECTOR_AWAY */
  async #channelFor(signal: AbortSignal | undefined): Promise<NativeChannel | undefined> {
    if (signal?.aborted) throw sendCancelled();
    if (this.#closed) throw new AiocError('AIOC_CANCELLED', 'the API was closed before the message was sent');
    const channel = await this.#nativeChannel();
    if (signal?.aborted) throw sendCancelled();
    return channel;
  }

  /**
   * How the running connector gets files.
   *
   * @throws AiocError AIOC_CONNECTOR_AWAY
   */
  async fileTransfer(): Promise<FileTransfer> {
    return fileTransferOver(await this.#nativeChannel());
  }

  /** Sends a request behind everything that was sent before, and waits for its response. */
  async request(request: FrameWithFile, limits: RequestLimits): Promise<Frame> {
    if (limits.signal?.aborted) throw requestCancelled();
    const channel = this.#readyChannel;
    // What is sent next must not overtake it, so nothing is awaited.
    if (channel !== undefined && request.bytes === undefined)
      return this.#ask(channel, { number: channel.newNumber(), frame: request.frame }, limits);
    // Over connections of their own, requests need not wait for a connector that does not read.
    if (this.#pythonChannel.isInUse) return (await this.#requestNow(request, limits)).answered;
    return this.#requestInTurn(request, limits);
  }

  /** The time counts from when the request is written, and before that while it waits for its turn. */
  async #requestInTurn(request: FrameWithFile, limits: RequestLimits): Promise<Frame> {
    const { timeoutMs, signal, peer } = limits;
    const end = new AbortController();
    const timer = this.#clock.after(timeoutMs, () => end.abort(requestTooLate(peer, timeoutMs)));
    const forget = onAbort(signal, () => end.abort(requestCancelled()));
    const taken = this.#order.take(
      end.signal,
      () => end.signal.reason as AiocError,
      () => {
        end.signal.throwIfAborted();
        return this.#requestNow(request, limits);
      },
    );
    const { answered } = await taken.finally(() => {
      timer.cancel();
      forget();
    });
    return answered;
  }

  async #requestNow(
    { frame, bytes }: FrameWithFile,
    limits: RequestLimits,
  ): Promise<{ readonly answered: Promise<Frame> }> {
    const channel = await this.#nativeChannel();
    let answered: Promise<Frame>;
    if (channel === undefined) {
      const socket = await this.#locator.connect(sendSocketPath);
      answered = requestOverSocket(socket, { ...limits, frame, clock: this.#clock });
    } else {
      const number = channel.newNumber();
      if (bytes !== undefined) await channel.giveFile(number, bytes());
      if (limits.signal?.aborted) throw requestCancelled();
      answered = this.#ask(channel, { number, frame }, limits);
    }
    // Reported to the caller that awaits it, perhaps a little later.
    answered.catch(() => undefined);
    return { answered };
  }

  close(): void {
    this.#closed = true;
    this.#channel?.close();
    this.#pythonChannel.close();
  }

  /** @returns a promise of all the connector's answers */
  async #requestAll(
    channel: NativeChannel,
    frames: readonly FrameWithFile[],
    signal: AbortSignal | undefined,
  ): Promise<{ readonly answered: Promise<Packet[]> }> {
    const answers: Promise<Packet>[] = [];
    for (const { frame, bytes, onState } of frames) {
      const number = channel.newNumber();
      if (bytes !== undefined) await channel.giveFile(number, bytes());
      if (onState !== undefined) channel.follow(number, onState, signal);
      const { answer } = channel.request('send', frame.subarray(4), number);
      // Reported to the caller that awaits `answered`, perhaps a little later.
      answer.catch(() => undefined);
      answers.push(answer);
    }
    const answered = Promise.all(answers);
    answered.catch(() => undefined);
    return { answered };
  }

  async #ask(
    channel: NativeChannel,
    { number, frame }: { readonly number: number; readonly frame: Buffer },
    limits: RequestLimits,
  ): Promise<Frame> {
    const { timeoutMs, signal, peer } = limits;
    const { answer } = channel.request('request', frame.subarray(4), number);
    const timer = this.#clock.after(timeoutMs, () => channel.cancel(number, requestTooLate(peer, timeoutMs)));
    const forget = onAbort(signal, () => channel.cancel(number, requestCancelled()));
    try {
      return parseLocalFrame((await answer).body);
    } finally {
      timer.cancel();
      forget();
    }
  }

  /** The channel to an aioc connector; undefined if none answers on the native socket. */
  async #nativeChannel(): Promise<NativeChannel | undefined> {
    if (this.#channel !== undefined) return this.#channel;
    // While connected to a Python connector, do not look for another.
    if (this.#pythonChannel.isInUse) return undefined;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** Undefined if nothing answers on the native socket. */
  async #connectNative(): Promise<net.Socket | undefined> {
    try {
      return await this.#locator.connect(nativeSocketPath, connectNative);
    } catch (error) {
      const { code, cause } = toAiocError(error);
      // A directory may be too long for the native socket but not for Python's.
      const isMissing =
        code === 'AIOC_SOCKET_PATH' || (code === 'AIOC_CONNECTOR_AWAY' && systemCode(cause) !== undefined);
      if (isMissing) return undefined;
      throw error;
    }
  }

  /**
   * An aioc connector opens its native socket before Python's. So a connector that answers on Python's socket, and then still
   * not on a native one, is Python's. Sending before that is known could reorder messages.
   *
   * @throws AiocError AIOC_CONNECTOR_AWAY
   */
  async #connectNativeOrPython(): Promise<net.Socket | undefined> {
    const pythons = await this.#locator.connect(sendSocketPath);
    // It may close before the first write.
    pythons.on('error', () => undefined);
    const own = await this.#connectNative().catch((error: unknown) => {
      pythons.destroy();
      throw error;
    });
    if (own === undefined) this.#pythonChannel.adopt(pythons);
    else pythons.destroy();
    return own;
  }

  async #open(): Promise<NativeChannel | undefined> {
    const socket = (await this.#connectNative()) ?? (await this.#connectNativeOrPython());
    if (socket === undefined) return undefined;
    let isOver = false;
    let channel: NativeChannel | undefined;
    channel = await NativeChannel.open(socket, {
      clock: this.#clock,
      onClose: () => {
        isOver = true;
        if (this.#channel === channel) this.#channel = undefined;
      },
    });
    // It may have closed since its first answer; requests then fail.
    if (isOver) return channel;
    this.#channel = channel;
    if (this.#closed) channel.close();
    return channel;
  }
}

function fileTransferOver(channel: NativeChannel | undefined): FileTransfer {
  if (channel === undefined) return 'to Python';
  return channel.takesFilesAsBytes ? 'as bytes' : 'as paths';
}

function sendCancelled(): AiocError {
  return new AiocError('AIOC_CANCELLED', 'the message was cancelled before the connector received it');
}
