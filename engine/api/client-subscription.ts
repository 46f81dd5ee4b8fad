import type net from 'node:net';
import { afterMicrotasks } from '../base/batching.ts';
import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import { parseLocalFrame } from '../local/local-frames.ts';
import {
  bodyAsJson,
  jsonBody,
  messageIn,
  type Packet,
  type SubscribedMessage,
} from '../local/native/packets.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { type AckHandle, SubscriptionAckHandle } from './ack-handle.ts';
import { errorIn, NativeChannel } from './native-channel.ts';
import { Progress, positionIn } from './progress.ts';

export interface ClientSubscriptionOptions {
  /** Connects to the connector's own socket. */
  connect(): Promise<net.Socket>;
  readonly messageType: string;
  readonly clock: Clock;
  /** Takes the place of a subscription that is there. */
  readonly takeOver: boolean;
  /** Whether the program has Python's receive socket of the type, as it has unless it may make none. */
  holdsSocket(): boolean;
  /** A cursor: what lies before it was dealt with by an earlier run of the program. */
  readonly after: string | undefined;
  /** There may be something to take. */
  onChange(): void;
  /** The connector has its own socket: all will come over it. */
  onFound(): void;
  /** The connector refuses it for good. */
  onRefused(error: AiocError): void;
}

/**
 * The messages of one type from an aioc connector, each of which stays with the connector until it is done with here.
 * Where there is no such connector it is looked for now and then; what comes again after a connection was lost is not
 * given out a second time.
 */
export class ClientSubscription {
  readonly #options: ClientSubscriptionOptions;
  #channel: NativeChannel | undefined;
  /** The subscription's, once it has been asked for. */
  #number: number | undefined;
  #isOpen = false;
  #isWanted = false;
  #takeOver: boolean;
  #progress: Progress | undefined;
  #waiting: SubscribedMessage[] = [];
  #next = 0;
  #isTelling = false;
  #looking: Promise<void> | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #refusedAtMs: number | undefined;
  #isStopped = false;
  /** Who waits for the first answer. */
  #answered = (): void => undefined;

  constructor(options: ClientSubscriptionOptions) {
    this.#options = options;
    this.#takeOver = options.takeOver;
  }

  /** Finds the connector, if it is there, and asks nothing of it yet. */
  open(): Promise<void> {
    return this.#look();
  }

  /** Subscribes, now and whenever the connector has come back. Resolves when it has said the first word to that. */
  async subscribe(): Promise<void> {
    this.#isWanted = true;
    if (this.#isStopped) return;
    if (this.#channel === undefined) {
      this.#lookLater(LIMITS.listenerRetryMs);
      return;
    }
    const answer = new Promise<void>((resolve) => {
      this.#answered = resolve;
    });
    const timer = this.#options.clock.after(LIMITS.localHelloMs, () => this.#answered());
    this.#ask();
    await answer;
    timer.cancel();
  }

  /** A connector has shown itself: it may have the own socket, too. */
  lookNow(): void {
    if (this.#channel !== undefined || !this.#isWanted) return;
    const sinceMs = this.#options.clock.now() - this.#lookedAtMs;
    this.#lookLater(Math.max(0, LIMITS.subscriptionRetryMs - sinceMs));
  }

  /** Whether a connector with its own socket is there. */
  get isFound(): boolean {
    return this.#channel !== undefined;
  }

  /** Whether there is something to take. */
  get isReady(): boolean {
    return this.#next < this.#waiting.length;
  }

  /**
   * The next message, if it is here.
   *
   * @throws AiocError AIOC_FRAME_BAD
   */
  take(): { readonly frame: Frame; readonly receipt: AckHandle } | undefined {
    const message = this.#waiting[this.#next];
    const progress = this.#progress;
    if (message === undefined || progress === undefined) return undefined;
    this.#next += 1;
    if (!this.isReady) this.#forgetWaiting();
    progress.begin(message.position);
    const receipt = new SubscriptionAckHandle(progress, message, this.#onDone);
    return { frame: parseLocalFrame(message.frame), receipt };
  }

  readonly #onDone = (progress: Progress): void => {
    if (progress === this.#progress) this.#tellLater();
  };

  /** Gives nothing more. What has been given may still be done with. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#forgetWaiting();
    this.#answered();
  }

  /** Says what is done, and ends the conversation. Resolves when that has left this program. */
  async end(): Promise<void> {
    this.stop();
    const [channel, number] = [this.#channel, this.#number];
    if (channel === undefined) return;
    this.#tell();
    if (number !== undefined) channel.notify('unsubscribe', number, EMPTY);
    this.#isOpen = false;
    await channel.ended();
  }

  #look(): Promise<void> {
    if (this.#channel !== undefined || this.#isStopped) return Promise.resolve();
    this.#looking ??= this.#connect().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  #lookLater(delayMs: number): void {
    this.#timer?.cancel();
    if (!this.#isStopped) this.#timer = this.#options.clock.after(delayMs, () => void this.#look());
  }

  async #connect(): Promise<void> {
    const { clock, connect } = this.#options;
    this.#lookedAtMs = clock.now();
    let isOver = false;
    let channel: NativeChannel | undefined;
    try {
      channel = await NativeChannel.open(await connect(), {
        clock,
        onPacket: (packet) => this.#heard(packet),
        onClose: () => {
          isOver = true;
          if (this.#channel === channel) this.#lost();
        },
      });
      // It may have gone again since it said its first word.
      if (isOver) throw new AiocError('AIOC_CONNECTOR_AWAY', 'the connector has gone again');
      if (channel.purpose === 'send') {
        channel.close();
        throw new AiocError('AIOC_CONNECTOR_AWAY', 'the connector has not opened its other sockets yet');
      }
      if (this.#isStopped) {
        channel.close();
        return;
      }
      this.#channel = channel;
      this.#options.onFound();
      if (this.#isWanted) this.#ask();
    } catch (error) {
      if (toAiocError(error).code === 'AIOC_LISTEN') {
        this.#options.onRefused(toAiocError(error));
        return;
      }
      // A Python connector has no such socket, and one that is not there yet comes later.
      if (this.#isWanted) this.#lookLater(LIMITS.listenerRetryMs);
    }
  }

  #lost(): void {
    this.#channel = undefined;
    this.#number = undefined;
    this.#isOpen = false;
    // The connector gives them again, to whoever is next.
    this.#forgetWaiting();
    this.#answered();
    if (this.#isWanted) this.#lookLater(LIMITS.subscriptionRetryMs);
  }

  #ask(): void {
    const channel = this.#channel;
    if (channel === undefined || this.#isStopped) return;
    const { messageType } = this.#options;
    this.#number = channel.newNumber();
    const holdsSocket = this.#options.holdsSocket();
    // Otherwise it is that socket that keeps a program that listens alive.
    if (!holdsSocket) channel.keepAlive();
    const wish = {
      type: messageType,
      credit: LIMITS.subscriptionMessages,
      holdsSocket,
      ...(this.#takeOver && { takeOver: true }),
    };
    channel.notify('subscribe', this.#number, jsonBody(wish));
  }

  #heard(packet: Packet): void {
    if (packet.number !== this.#number || this.#isStopped) return;
    if (packet.kind === 'message') this.#message(messageIn(packet));
    else if (packet.kind === 'failed') this.#refused(errorIn(packet));
    else if (packet.kind === 'done') this.#opened(packet);
  }

  #opened(packet: Packet): void {
    const { after } = this.#options;
    const identity = String(bodyAsJson(packet)['store']);
    if (this.#progress?.identity !== identity) {
      this.#progress = new Progress(identity, after === undefined ? 0 : positionIn(after, identity));
    }
    this.#isOpen = true;
    // Who takes it over from here on may keep it, also when this program's connection is lost.
    this.#takeOver = false;
    this.#refusedAtMs = undefined;
    this.#answered();
  }

  #message(message: SubscribedMessage): void {
    if (this.#progress?.isNew(message.position) !== true) {
      // Done already: the connector is only to hear of it. Or in a handler's hands, and told of when that is done.
      this.#tellLater();
      return;
    }
    this.#waiting.push(message);
    this.#options.onChange();
  }

  /** Of one that was killed a moment ago the connector may not know yet that it is gone. */
  #refused(error: AiocError): void {
    const { clock, onRefused } = this.#options;
    const now = clock.now();
    const isFirst = !this.#isOpen && error.code === 'AIOC_LISTENER_TAKEN';
    this.#number = undefined;
    this.#isOpen = false;
    this.#refusedAtMs ??= now;
    if (isFirst && now - this.#refusedAtMs < LIMITS.listenerGraceMs) {
      this.#timer?.cancel();
      this.#timer = clock.after(LIMITS.listenerRetryMs, () => this.#ask());
    } else onRefused(toAiocError(error));
    this.#answered();
  }

  /** What is done with in one turn is said in one word. */
  #tellLater(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    afterMicrotasks(() => {
      this.#isTelling = false;
      this.#tell();
    });
  }

  #tell(): void {
    if (!this.#isOpen || this.#number === undefined || this.#progress === undefined) return;
    this.#channel?.notify('taken', this.#number, jsonBody({ upTo: this.#progress.upTo }));
  }

  #forgetWaiting(): void {
    this.#waiting = [];
    this.#next = 0;
  }
}

const EMPTY = Buffer.alloc(0);
