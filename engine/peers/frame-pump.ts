import { AiocError } from '../base/errors.ts';
import { FrameLease } from '../base/frame-memory.ts';
import { LIMITS } from '../base/limits.ts';
import { type MemoryBudget, MemoryLease } from '../base/memory-budget.ts';
import type { Clock, Connection } from '../base/ports.ts';
import { type DecodedEvent, type Frame, FrameDecoder } from '../protocol/frame-decoder.ts';
import type { Header } from '../protocol/header.ts';
import type { DeliveringSink } from './file-sink.ts';
import { FrameWatch, type WatchedStream } from './frame-watch.ts';

export interface PumpTarget {
  /** Returns a promise that resolves when the message is settled; later messages may be delivered before that. */
  frame(frame: Frame): Promise<void> | undefined;
  /** The result of its `deliver` is like that of `frame`. */
  file(frame: Frame, sizeBytes: number): Promise<DeliveringSink>;
  /** A message that is skipped. The result is like that of `frame`. */
  oversized(header: Header, sizeBytes: number): Promise<void> | undefined;
  /** Bytes of answers that are not sent yet. */
  answerBacklogBytes(): number;
  /** The stream violates the protocol; no event follows. */
  broken(error: AiocError): void;
}

export interface PumpOptions {
  readonly clock: Clock;
  readonly bounds: {
    readonly budget: MemoryBudget;
    /** See FrameDecoder. */
    readonly messageMaxBytes?: number;
  };
}

/** Unread bytes in memory above which reading pauses. */
const HIGH_WATER_BYTES = 1024 * 1024;

/**
 * The reading side of a connection: pulls events from the decoder in order. Many messages may be on their way into the
 * store at once; the events of a file are handled one after the other. While it waits or is held, unread bytes stay in
 * the decoder, and the connection is soon paused. They are part of the common budget (engine/base/frame-memory.ts), and so is
 * an unfinished frame: where there is no memory for more, reading pauses until there is.
 */
export class FramePump {
  readonly #connection: Connection;
  readonly #target: PumpTarget;
  readonly #decoder: FrameDecoder;
  #held = false;
  #busy = false;
  #paused = false;
  #stopped = false;
  #file: { readonly sink: DeliveringSink; readonly frame: Frame } | undefined;
  /** Messages that are delivered and not settled yet. */
  #pending = 0;
  #pendingBytes = 0;
  #whenIdle: (() => void)[] = [];
  /** For the messages that are not settled. */
  readonly #lease: MemoryLease;
  /** For what has arrived and is not delivered. */
  readonly #frameLease: FrameLease;
  readonly #watch: FrameWatch;
  #receivedBytes = 0;

  constructor(connection: Connection, target: PumpTarget, { clock, bounds }: PumpOptions) {
    const { budget, messageMaxBytes } = bounds;
    this.#decoder = new FrameDecoder(messageMaxBytes);
    this.#connection = connection;
    this.#target = target;
    this.#lease = new MemoryLease(budget);
    this.#frameLease = new FrameLease(budget.frames);
    this.#watch = new FrameWatch(clock, this.#watched(), () => this.#fail(stalled()));
  }

  get insideFrame(): boolean {
    return this.#decoder.insideFrame;
  }

  identified(): void {
    this.#decoder.identified();
  }

  push(chunk: Buffer): void {
    if (this.#stopped) return;
    this.#receivedBytes += chunk.length;
    this.#decoder.push(chunk);
    if (this.#busy) this.#adjustFlow();
    else void this.#run();
  }

  /** Stops after the current event; nothing more is read from the peer until `resume`. */
  hold(): void {
    this.#held = true;
    this.#adjustFlow();
  }

  resume(): void {
    this.#held = false;
    this.continue();
  }

  /** Written bytes have been sent: continues if only they blocked reading. */
  continue(): void {
    this.#adjustFlow();
    void this.#run();
  }

  stop(): void {
    this.#stopped = true;
    this.#frameLease.release();
    this.#watch.pause();
    const file = this.#file;
    this.#file = undefined;
    file?.sink.abort();
  }

  /** Resolves when everything that was read so far has been delivered. */
  async idle(): Promise<void> {
    if (!this.#isIdle) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  async #run(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (!this.#held && !this.#stopped && !this.#hasBacklog && !this.#full) {
        const event = this.#decoder.next();
        if (event === undefined) break;
        if (event.kind === 'frame') this.#await(heldBytes(event.frame), this.#target.frame(event.frame));
        else {
          const work = this.#dispatch(event);
          if (work !== undefined) await work;
        }
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#busy = false;
      this.#notifyIdle();
    }
    if (!this.#stopped) this.#adjustFlow();
  }

  /** The message counts as pending until `work` settles. */
  #await(sizeBytes: number, work: Promise<void> | undefined): void {
    if (work === undefined) return;
    this.#pending += 1;
    this.#pendingBytes += sizeBytes;
    this.#lease.take(sizeBytes);
    work.then(
      () => this.#settled(sizeBytes),
      (error: unknown) => {
        this.#fail(error);
        this.#settled(sizeBytes);
      },
    );
  }

  #settled(sizeBytes: number): void {
    const wasFull = this.#full;
    this.#pending -= 1;
    this.#pendingBytes -= sizeBytes;
    this.#lease.give(sizeBytes);
    if (wasFull && !this.#full) void this.#run();
    this.#notifyIdle();
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.stop();
    this.#target.broken(
      error instanceof AiocError ? error : new AiocError('AIOC_INTERNAL', String(error), { cause: error }),
    );
  }

  /** It only waits for bytes. Messages that it has delivered may still wait for a listener. */
  get #isIdle(): boolean {
    return !this.#busy && (this.#pending === 0 || !this.#full);
  }

  #notifyIdle(): void {
    if (!this.#isIdle) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #dispatch(event: Exclude<DecodedEvent, { kind: 'frame' }>): Promise<void> | undefined {
    switch (event.kind) {
      case 'file-begin':
        return this.#beginFile(event.frame, event.sizeBytes);
      case 'file-data':
        return this.#file?.sink.write(event.bytes);
      case 'file-end':
        return this.#endFile();
      case 'oversized':
        this.#await(0, this.#target.oversized(event.header, event.sizeBytes));
        return undefined;
    }
  }

  async #beginFile(frame: Frame, sizeBytes: number): Promise<void> {
    const sink = await this.#target.file(frame, sizeBytes);
    if (this.#stopped) sink.abort();
    else this.#file = { sink, frame };
  }

  async #endFile(): Promise<void> {
    if (this.#file === undefined) return;
    const { sink, frame } = this.#file;
    this.#file = undefined;
    await sink.end();
    this.#await(heldBytes(frame), sink.deliver());
  }

  /** The peer does not read the answers, so further messages would only add more of them. */
  get #hasBacklog(): boolean {
    return this.#target.answerBacklogBytes() > LIMITS.answerBacklogBytes;
  }

  /** The limit of messages that are on their way into the store is reached. */
  get #full(): boolean {
    const isFull = this.#pending >= LIMITS.unstoredMessages || this.#pendingBytes >= LIMITS.unstoredBytes;
    return isFull || !this.#lease.mayTake(0);
  }

  #adjustFlow(): void {
    if (this.#stopped) return;
    this.#frameLease.hold(this.#decoder.heldBytes, this.#decoder.wholeBytes);
    const pause = this.#mustPause();
    if (pause) this.#watch.pause();
    else if (this.#decoder.insideFrame) this.#watch.start();
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#connection.pause();
    else this.#connection.resume();
  }

  #mustPause(): boolean {
    if (!this.#held && !this.#hasBacklog && !this.#busy && !this.#full)
      return this.#frameLease.mustWait(this.#resumeReading);
    this.#frameLease.yield();
    if (this.#held || this.#hasBacklog) return true;
    return this.#decoder.bufferedBytes > HIGH_WATER_BYTES || !this.#frameLease.mayGrow;
  }

  /** There is memory for more of the frame. */
  readonly #resumeReading = (): void => this.#adjustFlow();

  #watched(): WatchedStream {
    const [decoder, lease] = [this.#decoder, this.#frameLease];
    const awaitsRest = (): boolean => decoder.insideFrame && !this.#paused && !this.#busy && !this.#full;
    const receivedBytes = (): number => this.#receivedBytes;
    return {
      get awaitsRest() {
        return awaitsRest();
      },
      get receivedBytes() {
        return receivedBytes();
      },
      get frames() {
        return decoder.frames;
      },
      get neededBytes() {
        return lease.neededBytes;
      },
    };
  }
}

function heldBytes({ headerBytes, data, binary }: Frame): number {
  return headerBytes.length + data.length + binary.length;
}

function stalled(): AiocError {
  const seconds = LIMITS.frameStallMs / 1000;
  return new AiocError('AIOC_CANCELLED', `a message from it made no progress for ${seconds} s`);
}
