import type net from 'node:net';
import { AiocError, systemCode, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { parseLocalFrame } from '../local/local-frames.ts';
import type { Packet } from '../local/native/packets.ts';
import { nativeSocketPath, sendSocketPath } from '../local/socket-names.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { onAbort } from './abort.ts';
import type { ConnectorLocator } from './connector-locator.ts';
import { NativeChannel, outcomeIn, type SendOutcome } from './native-channel.ts';
import { requestCancelled, requestOverSocket, requestTooLate } from './python-request.ts';
import { PythonSendChannel } from './python-send-channel.ts';

/** A frame, and the bytes of its file if the connector does not read that itself. */
export interface FrameWithFile {
  readonly frame: Buffer;
  readonly bytes?: (() => AsyncIterable<Buffer>) | undefined;
}

/** Whether the connector reads the files that messages name, or gets their bytes. */
export type FileTransfer = 'as paths' | 'as bytes';

export interface Handover {
  readonly sizeBytes: number;
  readonly signal: AbortSignal | undefined;
  /** Makes the frames when their turn has come. A message without a file has one. */
  readonly frames:
    | ((fileTransfer: FileTransfer) => Promise<readonly FrameWithFile[]>)
    | { readonly one: () => Buffer };
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
  #turn: Promise<void> | undefined;
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
   * Sends a message. Messages are sent in the order of the calls.
   *
   * @returns what the connector guarantees; undefined with a Python connector
   * @throws AiocError AIOC_QUEUE_FULL, AIOC_CONNECTOR_AWAY, AIOC_CANCELLED, the errors of `frames` and of the connector
   */
  send(handover: Handover): Promise<SendOutcome | undefined> {
    try {
      this.#check(handover);
      const atOnce = this.#atOnce(handover);
      if (atOnce !== undefined) return atOnce;
      this.#begin(handover);
      const told = this.#inTurn(handover);
      const forget = (): void => this.#forget(handover);
      told.then(forget, forget);
      return told;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * How the running connector gets files.
   *
   * @throws AiocError AIOC_CONNECTOR_AWAY
   */
  async fileTransfer(): Promise<FileTransfer> {
    return fileTransferOver(await this.#nativeChannel());
  }

  /** Sends a request and waits for its response. */
  async request({ frame, bytes }: FrameWithFile, limits: RequestLimits): Promise<Frame> {
    if (limits.signal?.aborted) throw requestCancelled();
    const channel = await this.#nativeChannel();
    if (channel !== undefined) {
      const number = channel.newNumber();
      if (bytes !== undefined) await channel.giveFile(number, bytes());
      if (limits.signal?.aborted) throw requestCancelled();
      return this.#ask(channel, { number, frame }, limits);
    }
    const socket = await this.#locator.connect(sendSocketPath);
    return requestOverSocket(socket, { ...limits, frame, clock: this.#clock });
  }

  close(): void {
    this.#closed = true;
    this.#channel?.close();
    this.#pythonChannel.close();
  }

  #check({ sizeBytes, signal }: Handover): void {
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

  #begin({ sizeBytes }: Handover): void {
    this.#waiting += 1;
    this.#waitingBytes += sizeBytes;
  }

  #forget({ sizeBytes }: Handover): void {
    this.#waiting -= 1;
    this.#waitingBytes -= sizeBytes;
  }

  /** Sends without queueing; undefined if the message must wait. */
  #atOnce(handover: Handover): Promise<SendOutcome> | undefined {
    const { frames, signal } = handover;
    const channel = this.#channel;
    if (channel === undefined || channel.isBehind || this.#turn !== undefined) return undefined;
    if (signal !== undefined || typeof frames === 'function') return undefined;
    const frame = frames.one().subarray(4);
    this.#begin(handover);
    return new Promise((resolve, reject) =>
      channel.post('send', frame, {
        resolve: (packet) => {
          this.#forget(handover);
          try {
            resolve(outcomeIn(packet));
          } catch (error) {
            reject(error);
          }
        },
        reject: (error) => {
          this.#forget(handover);
          reject(error);
        },
      }),
    );
  }

  /** Opens connections and cuts files when the turn of their message has come, so that the order is kept. */
  async #inTurn(handover: Handover): Promise<SendOutcome | undefined> {
    const before = this.#turn;
    let release = (): void => undefined;
    const turn = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#turn = turn;
    try {
      if (before !== undefined) await turnOrAbort(before, handover.signal);
      const { told } = await this.#handOver(handover);
      // The next turn starts when this message is handed over, not when the connector has answered.
      return told;
    } finally {
      if (this.#turn === turn) this.#turn = undefined;
      // A cancelled message does not move later ones forward.
      void Promise.resolve(before).then(release);
    }
  }

  /** Resolves when the next message may be handed over; `told` settles with the connector's answer. */
  async #handOver(handover: Handover): Promise<{ readonly told: Promise<SendOutcome | undefined> }> {
    const { signal } = handover;
    if (signal?.aborted) throw sendCancelled();
    if (this.#closed) throw new AiocError('AIOC_CANCELLED', 'the API was closed before the message was sent');
    const channel = await this.#nativeChannel();
    if (channel === undefined) {
      const { frames } = handover;
      const made = async (): Promise<readonly Buffer[]> =>
        typeof frames === 'function' ? (await frames('as paths')).map(({ frame }) => frame) : [frames.one()];
      return { told: this.#pythonChannel.send({ ...handover, frames: made }).then(() => undefined) };
    }
    const frames: readonly FrameWithFile[] =
      typeof handover.frames === 'function'
        ? await handover.frames(fileTransferOver(channel))
        : [{ frame: handover.frames.one() }];
    if (signal?.aborted) throw sendCancelled();
    const answers = await this.#requestAll(channel, frames);
    await channel.drained();
    return { told: answers.told.then((packets) => outcomeIn(packets.at(-1) as Packet)) };
  }

  /** @returns a promise of all the connector's answers */
  async #requestAll(
    channel: NativeChannel,
    frames: readonly FrameWithFile[],
  ): Promise<{ readonly told: Promise<Packet[]> }> {
    const answers: Promise<Packet>[] = [];
    for (const { frame, bytes } of frames) {
      const number = channel.newNumber();
      if (bytes !== undefined) await channel.giveFile(number, bytes());
      const { answer } = channel.request('send', frame.subarray(4), number);
      // Reported to the caller that awaits `told`, perhaps a little later.
      answer.catch(() => undefined);
      answers.push(answer);
    }
    const told = Promise.all(answers);
    told.catch(() => undefined);
    return { told };
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
      return await this.#locator.connect(nativeSocketPath);
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
  return channel?.takesFilesAsBytes ? 'as bytes' : 'as paths';
}

/** @throws AiocError AIOC_CANCELLED as soon as the signal fires */
async function turnOrAbort(turn: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return turn;
  let forget = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    forget = onAbort(signal, () => reject(sendCancelled()));
  });
  try {
    await Promise.race([turn, aborted]);
  } finally {
    forget();
  }
}

function sendCancelled(): AiocError {
  return new AiocError('AIOC_CANCELLED', 'the message was cancelled before the connector received it');
}
