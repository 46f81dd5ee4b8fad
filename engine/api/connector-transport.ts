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

/** A frame, and the bytes of its file where the connector is not to read that itself. */
export interface FrameWithFile {
  readonly frame: Buffer;
  readonly bytes?: (() => AsyncIterable<Buffer>) | undefined;
}

/** Whether the connector reads a file that a message names, or is given its bytes. */
export type FilesGo = 'as paths' | 'as bytes';

export interface Handover {
  readonly sizeBytes: number;
  readonly signal: AbortSignal | undefined;
  /** The frames, made when it is their turn; of a message without a file, which takes no time, there is one. */
  readonly frames: ((filesGo: FilesGo) => Promise<readonly FrameWithFile[]>) | { readonly one: () => Buffer };
}

export interface RequestLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Who is asked, for messages. */
  readonly peer: string;
}

/**
 * How a program's messages get to its connector: over aioc's own socket, which says what became of each, or over
 * Python's where the connector has no other.
 */
export class ConnectorTransport {
  readonly #place: ConnectorLocator;
  readonly #clock: Clock;
  readonly #line: PythonSendChannel;
  #channel: NativeChannel | undefined;
  #opening: Promise<NativeChannel | undefined> | undefined;
  #turn: Promise<void> | undefined;
  #waiting = 0;
  #waitingBytes = 0;
  #closed = false;

  constructor(options: {
    readonly place: ConnectorLocator;
    readonly clock: Clock;
    readonly keepSocket: boolean;
  }) {
    this.#place = options.place;
    this.#clock = options.clock;
    this.#line = new PythonSendChannel({
      keep: options.keepSocket,
      connect: () => this.#place.connect(sendSocketPath),
    });
  }

  /**
   * Hands a message over, in the order of the calls.
   *
   * @returns what the connector promises; undefined from one that says nothing (Python's)
   * @throws AiocError AIOC_QUEUE_FULL, AIOC_CONNECTOR_AWAY, AIOC_CANCELLED, what `frames` throws and what the connector
   * answers
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
   * How files go to the connector that is there.
   *
   * @throws AiocError AIOC_CONNECTOR_AWAY
   */
  async filesGo(): Promise<FilesGo> {
    return filesGoOver(await this.#own());
  }

  /** Sends one frame and waits for the response to it. */
  async request({ frame, bytes }: FrameWithFile, limits: RequestLimits): Promise<Frame> {
    if (limits.signal?.aborted) throw requestCancelled();
    const channel = await this.#own();
    if (channel !== undefined) {
      const number = channel.newNumber();
      if (bytes !== undefined) await channel.giveFile(number, bytes());
      if (limits.signal?.aborted) throw requestCancelled();
      return this.#ask(channel, { number, frame }, limits);
    }
    const socket = await this.#place.connect(sendSocketPath);
    return requestOverSocket(socket, { ...limits, frame, clock: this.#clock });
  }

  close(): void {
    this.#closed = true;
    this.#channel?.close();
    this.#line.close();
  }

  #check({ sizeBytes, signal }: Handover): void {
    if (this.#closed) throw new AiocError('AIOC_CANCELLED', 'the API has been closed');
    if (signal?.aborted) throw sendCancelled();
    // One may always wait, however large it is.
    if (this.#waiting === 0) return;
    if (this.#waiting < LIMITS.outboxMessages && this.#waitingBytes + sizeBytes <= LIMITS.outboxBytes) return;
    throw new AiocError(
      'AIOC_QUEUE_FULL',
      `${this.#waiting} messages (${this.#waitingBytes} bytes) wait already for the connector to take them: await some of the sends`,
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

  /** What needs to wait for nothing goes without a turn; undefined when it does. */
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

  /** Files are cut and connections made in the turn of their message, so that none overtakes another. */
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
      // Not awaited here: the next one's turn comes when this one is handed over, not when it is told.
      return told;
    } finally {
      if (this.#turn === turn) this.#turn = undefined;
      // Who gave up does not bring those behind it forward.
      void Promise.resolve(before).then(release);
    }
  }

  /** Resolves when the next message may be handed over; `told` when the connector has said what becomes of this one. */
  async #handOver(handover: Handover): Promise<{ readonly told: Promise<SendOutcome | undefined> }> {
    const { signal } = handover;
    if (signal?.aborted) throw sendCancelled();
    if (this.#closed) throw new AiocError('AIOC_CANCELLED', 'the API was closed before the message was sent');
    const channel = await this.#own();
    if (channel === undefined) {
      const { frames } = handover;
      const made = async (): Promise<readonly Buffer[]> =>
        typeof frames === 'function' ? (await frames('as paths')).map(({ frame }) => frame) : [frames.one()];
      return { told: this.#line.send({ ...handover, frames: made }).then(() => undefined) };
    }
    const pieces: readonly FrameWithFile[] =
      typeof handover.frames === 'function'
        ? await handover.frames(filesGoOver(channel))
        : [{ frame: handover.frames.one() }];
    if (signal?.aborted) throw sendCancelled();
    const answers = await this.#sayAll(channel, pieces);
    await channel.drained();
    return { told: answers.told.then((packets) => outcomeIn(packets.at(-1) as Packet)) };
  }

  /** @returns what settles when the connector has told of each */
  async #sayAll(
    channel: NativeChannel,
    pieces: readonly FrameWithFile[],
  ): Promise<{ readonly told: Promise<Packet[]> }> {
    const answers: Promise<Packet>[] = [];
    for (const { frame, bytes } of pieces) {
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

  /** The conversation with an aioc connector; undefined where none answers on that socket. */
  async #own(): Promise<NativeChannel | undefined> {
    if (this.#channel !== undefined) return this.#channel;
    // A Python connector stays one until it goes away.
    if (this.#line.isInUse) return undefined;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** Undefined when nobody answers on aioc's own socket. */
  async #connectOwn(): Promise<net.Socket | undefined> {
    try {
      return await this.#place.connect(nativeSocketPath);
    } catch (error) {
      const { code, cause } = toAiocError(error);
      // A directory whose name is too long for this socket may still do for Python's.
      const isMissing =
        code === 'AIOC_SOCKET_PATH' || (code === 'AIOC_CONNECTOR_AWAY' && systemCode(cause) !== undefined);
      if (isMissing) return undefined;
      throw error;
    }
  }

  /**
   * An aioc connector that starts opens its own socket before Python's. So only one that answers on Python's, and then not
   * on its own either, is Python's; to hand it a message before that is known would let later ones overtake that message.
   *
   * @throws AiocError AIOC_CONNECTOR_AWAY
   */
  async #connectOwnOrPythons(): Promise<net.Socket | undefined> {
    const pythons = await this.#place.connect(sendSocketPath);
    // It may be over before anybody writes to it.
    pythons.on('error', () => undefined);
    const own = await this.#connectOwn().catch((error: unknown) => {
      pythons.destroy();
      throw error;
    });
    if (own === undefined) this.#line.adopt(pythons);
    else pythons.destroy();
    return own;
  }

  async #open(): Promise<NativeChannel | undefined> {
    const socket = (await this.#connectOwn()) ?? (await this.#connectOwnOrPythons());
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
    // It may have gone again since it said its first word; what is asked of it is then told so.
    if (isOver) return channel;
    this.#channel = channel;
    if (this.#closed) channel.close();
    return channel;
  }
}

function filesGoOver(channel: NativeChannel | undefined): FilesGo {
  return channel?.takesFilesAsBytes ? 'as bytes' : 'as paths';
}

/** @throws AiocError AIOC_CANCELLED at once when the signal fires */
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
  return new AiocError('AIOC_CANCELLED', 'the message was cancelled before the connector had it');
}
