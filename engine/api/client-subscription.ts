import type net from 'node:net';
import { afterMicrotasks } from '../base/batching.ts';
import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import { subscribedBatchIn } from '../local/native/batch-packets.ts';
import { bodyAsJson, jsonBody, messageIn, type Packet } from '../local/native/packets.ts';
import { errorIn } from './awaited-ranges.ts';
import { type Delivered, DeliveredBatch, DeliveredMessage } from './delivered.ts';
import type { ListenerMessage, MessageOrigin } from './listener-message.ts';
import { NativeChannel } from './native-channel.ts';
import { Progress, positionIn } from './progress.ts';

export interface ClientSubscriptionOptions {
  /** Connects to the connector's native socket. */
  connect(): Promise<net.Socket>;
  readonly messageType: string;
  readonly clock: Clock;
  /** Replaces an existing subscription. */
  readonly takeOver: boolean;
  /** Whether the program has Python's receive socket of the type; false only if it cannot create one. */
  holdsSocket(): boolean;
  /** A cursor: an earlier run of the program processed all messages up to it. */
  readonly after: string | undefined;
  /** Sends a reply to a message. */
  readonly reply: MessageOrigin['reply'];
  /** A message may be available. */
  onChange(): void;
  /** The connector has a native socket, so all messages come over it. */
  onFound(): void;
  /** The connector has refused the subscription. */
  onRefused(error: AiocError): void;
}

/**
 * A subscription to one message type of an aioc connector, which keeps each message until it is acknowledged. If there is
 * no such connector, the subscription looks for one periodically. Messages redelivered after a lost connection are not
 * handed out twice.
 */
export class ClientSubscription {
  readonly #options: ClientSubscriptionOptions;
  #channel: NativeChannel | undefined;
  /** The packet number of the subscription, once requested. */
  #number: number | undefined;
  #isOpen = false;
  #isWanted = false;
  #takeOver: boolean;
  #progress: Progress | undefined;
  /** Arrived, in order; taken before `next`. */
  #waiting: Delivered[] = [];
  #next = 0;
  #takenPosition = 0;
  /** For new messages, and for those that a listener may have received before. */
  #origins: readonly [MessageOrigin, MessageOrigin] | undefined;
  #isAckPending = false;
  #looking: Promise<void> | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #refusedAtMs: number | undefined;
  #isStopped = false;
  /** Resolves the wait for the first answer. */
  #answered = (): void => undefined;

  constructor(options: ClientSubscriptionOptions) {
    this.#options = options;
    this.#takeOver = options.takeOver;
  }

  /** Connects to the connector if it runs, without subscribing. */
  open(): Promise<void> {
    return this.#look();
  }

  /** Subscribes, now and after each reconnection. Resolves with the first answer of the connector. */
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

  /** Call when a connector has connected to the receive socket: it may also have a native socket. */
  lookNow(): void {
    if (this.#channel !== undefined || !this.#isWanted) return;
    const sinceMs = this.#options.clock.now() - this.#lookedAtMs;
    this.#lookLater(Math.max(0, LIMITS.subscriptionRetryMs - sinceMs));
  }

  /** Whether a connector with a native socket is connected. */
  get isFound(): boolean {
    return this.#channel !== undefined;
  }

  /** Whether a message is available. */
  get isReady(): boolean {
    return this.#next < this.#waiting.length;
  }

  /**
   * The next message, if one is available. Its place is in `takenPosition` and `progress`.
   *
   * @throws AiocError AIOC_FRAME_BAD
   */
  take(): ListenerMessage | undefined {
    const delivered = this.#waiting[this.#next];
    if (delivered === undefined) return undefined;
    this.#takenPosition = delivered.position;
    try {
      const message = delivered.take();
      if (delivered.isEmpty) this.#dropNext();
      return message;
    } catch (error) {
      // What follows in it is unreadable too.
      this.#dropNext();
      throw error;
    }
  }

  /** Of the message that was taken last. */
  get takenPosition(): number {
    return this.#takenPosition;
  }

  get progress(): Progress | undefined {
    return this.#progress;
  }

  /** Call when messages were processed: `progress.end` was called. */
  processed(progress: Progress): void {
    if (progress === this.#progress && !this.#isAckPending) this.#ackLater();
  }

  #dropNext(): void {
    this.#next += 1;
    if (!this.isReady) this.#forgetWaiting();
  }

  /** Hands out no more messages. Those already handed out can still be acknowledged. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#forgetWaiting();
    this.#answered();
  }

  /** Acknowledges, unsubscribes and closes. Resolves when all of it is written. */
  async end(): Promise<void> {
    this.stop();
    const [channel, number] = [this.#channel, this.#number];
    if (channel === undefined) return;
    this.#ack();
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
        onPacket: (packet) => this.#onPacket(packet),
        onClose: () => {
          isOver = true;
          if (this.#channel === channel) this.#lost();
        },
      });
      // It may have closed since its first answer.
      if (isOver) throw new AiocError('AIOC_CONNECTOR_AWAY', 'the connector closed the connection');
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
      // A Python connector has no native socket; another connector may start later.
      if (this.#isWanted) this.#lookLater(LIMITS.listenerRetryMs);
    }
  }

  #lost(): void {
    this.#channel = undefined;
    this.#number = undefined;
    this.#isOpen = false;
    // The connector delivers them again, to the next subscription.
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
    // With a receive socket, that one keeps the program alive.
    if (!holdsSocket) channel.keepAlive();
    const wish = {
      type: messageType,
      credit: LIMITS.subscriptionMessages,
      holdsSocket,
      ...(this.#takeOver && { takeOver: true }),
    };
    channel.notify('subscribe', this.#number, jsonBody(wish));
  }

  #onPacket(packet: Packet): void {
    if (packet.number !== this.#number || this.#isStopped) return;
    if (packet.kind === 'batch') this.#batch(packet);
    else if (packet.kind === 'message') this.#message(packet);
    else if (packet.kind === 'failed') this.#refused(errorIn(packet));
    else if (packet.kind === 'done') this.#opened(packet);
  }

  #opened(packet: Packet): void {
    const { after } = this.#options;
    const identity = String(bodyAsJson(packet)['store']);
    if (this.#progress?.identity !== identity) {
      this.#progress = new Progress(identity, after === undefined ? 0 : positionIn(after, identity));
      const origin = { storeIdentity: identity, reply: this.#options.reply };
      this.#origins = [
        { ...origin, redelivered: false },
        { ...origin, redelivered: true },
      ];
    }
    this.#isOpen = true;
    // After a lost connection, do not replace a program that has taken over since.
    this.#takeOver = false;
    this.#refusedAtMs = undefined;
    this.#answered();
  }

  #message(packet: Packet): void {
    const message = messageIn(packet);
    const { position, redelivered } = message;
    this.#arrived(position, redelivered, (origin) => new DeliveredMessage(message, origin));
  }

  #batch(packet: Packet): void {
    const batch = subscribedBatchIn(packet.body);
    const { position, count, redelivered } = batch;
    this.#arrived(position + count - 1, redelivered, (origin, begun) => {
      const delivered = new DeliveredBatch(batch, origin);
      delivered.skip(begun);
      return delivered;
    });
  }

  #arrived(
    last: number,
    redelivered: boolean,
    make: (origin: MessageOrigin, begun: number) => Delivered,
  ): void {
    const [progress, origin] = [this.#progress, this.#origins?.[redelivered ? 1 : 0]];
    if (progress === undefined || origin === undefined) return;
    if (last <= progress.begun) {
      // Either processed, so acknowledge it again, or still in a handler, which acknowledges it later.
      this.#ackLater();
      return;
    }
    this.#waiting.push(make(origin, progress.begun));
    this.#options.onChange();
  }

  /** Retries for a while: the connector may not have noticed yet that the previous listener was killed. */
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

  /** Combines the acks of one event into one packet. */
  #ackLater(): void {
    if (this.#isAckPending) return;
    this.#isAckPending = true;
    afterMicrotasks(() => {
      this.#isAckPending = false;
      this.#ack();
    });
  }

  #ack(): void {
    if (!this.#isOpen || this.#number === undefined || this.#progress === undefined) return;
    this.#channel?.notify('taken', this.#number, jsonBody({ upTo: this.#progress.upTo }));
  }

  #forgetWaiting(): void {
    this.#waiting = [];
    this.#next = 0;
  }
}

const EMPTY = Buffer.alloc(0);
