import { afterMicrotasks } from '../base/batching.ts';
import { AiocError, reasonForPeer, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { givePieceBuffer } from '../base/piece-buffers.ts';
import type { Clock, Timer } from '../base/ports.ts';
import type { TransferFailure, TransferProgress } from '../contract/transfer-progress.ts';
import type { OpenTarget, TransferOffer, TransferTarget } from '../files/transfer-target.ts';
import type { EndFrame, PieceFrame, TransferFrame } from '../protocol/transfer-frames.ts';
import { Checkpoints } from './checkpoints.ts';
import { StreamHash } from './stream-hash.ts';
import { ProgressReport } from './transfer-progress.ts';
import { partsOfPiece } from './zero-runs.ts';

/** What an incoming transfer needs of the others from the same peer. */
export interface TransferSink {
  readonly clock: Clock;
  readonly open: OpenTarget;
  send(frame: TransferFrame): void;
  onProgress(offer: TransferOffer, progress: TransferProgress): void;
  /** It cannot be received: nothing of it will stay, and the peer is to be told. */
  failed(transfer: IncomingTransfer, error: AiocError): void;
  /** Its peer has been away for long: its target is closed, and it begins with what is on the disk when it is offered. */
  suspended(transfer: IncomingTransfer): void;
}

/**
 * `idle`: no connection, or it is being opened. `accepted`: the peer knows what is there, and may send from one of these positions. `ended`: all has arrived. `ready`: it
 * is on the disk, and waits for its message.
 */
type IncomingStep = 'idle' | 'accepted' | 'receiving' | 'ended' | 'ready' | 'over';

/** The content of one message's file on its way from a peer. Each piece is verified when it arrives, and then written. */
export class IncomingTransfer {
  readonly offer: TransferOffer;
  readonly #sink: TransferSink;
  readonly #progress: ProgressReport;
  #target: TransferTarget | undefined;
  #step: IncomingStep = 'idle';
  /** Increases with each connection: what was begun on an older one is done, but not reported. */
  #session = 0;
  /** One thing after the other. */
  #work: Promise<void>;
  #arrived = StreamHash.EMPTY;
  #writtenBytes = 0;
  /** What the peer knows to be written. */
  #toldBytes = 0;
  /** The session in which the next `got` is about to be sent. */
  #gotPlannedIn: number | undefined;
  readonly #checkpoints = new Checkpoints();
  #placing: ReturnType<TransferTarget['place']> | undefined;
  #keptTimer: Timer | undefined;

  /** @param after until then, an older target of the same transfer may be open */
  constructor(offer: TransferOffer, sink: TransferSink, after: Promise<void> = Promise.resolve()) {
    this.offer = offer;
    this.#sink = sink;
    this.#work = after;
    this.#progress = new ProgressReport(sink.clock, (progress) => sink.onProgress(offer, progress));
    this.#progress.totalBytes = offer.sizeBytes;
  }

  /** What has arrived on this connection, without the peer knowing it to be written. */
  get unconfirmedBytes(): number {
    return this.#step === 'receiving' || this.#step === 'ended' ? this.#arrived.bytes - this.#toldBytes : 0;
  }

  /** Its message has come. */
  get isPlacing(): boolean {
    return this.#placing !== undefined;
  }

  /** The peer offers it on a connection. */
  offered(): void {
    this.#keptTimer?.cancel();
    this.#session += 1;
    const session = this.#session;
    this.#then(async () => {
      const target = this.#target ?? (await this.#open());
      if (this.#step === 'idle' && target.isPlaced) this.#step = 'ready';
      if (session !== this.#session) return;
      if (this.#step === 'ready') this.#tellReady(session);
      else this.#accept();
    });
  }

  /** The connection is lost. What has arrived is still written. */
  detach(): void {
    this.#session += 1;
    if (this.#step === 'accepted' || this.#step === 'receiving') this.#step = 'idle';
    this.#progress.begin('waiting');
    this.#keptTimer?.cancel();
    this.#keptTimer = this.#sink.clock.after(LIMITS.transferKeptMs, () => {
      if (!this.isPlacing) this.#sink.suspended(this);
    });
  }

  /**
   * @returns resolves when it is written, or never will be
   * @throws AiocError AIOC_FRAME_BAD
   */
  piece({ at, sizeBytes, digest, ranges, data }: PieceFrame): Promise<void> {
    const before = this.#startingAt(at);
    const { sizeBytes: totalBytes } = this.offer;
    if (totalBytes !== undefined && at + sizeBytes > totalBytes)
      throw new AiocError('AIOC_FRAME_BAD', 'a transfer has more bytes than were offered');
    const parts = partsOfPiece(data, ranges, sizeBytes);
    const hash = before.with(...parts);
    if (hash.digest !== digest) throw differs();
    this.#goBackTo(before);
    this.#step = 'receiving';
    this.#arrived = hash;
    this.#checkpoints.add(hash);
    const session = this.#session;
    return this.#then(async (target) => {
      for (const part of parts) await (typeof part === 'number' ? target.skip(part) : target.write(part));
      this.#writtenBytes = hash.bytes;
      this.#progress.done(hash.bytes);
      this.#planGot(session);
    });
  }

  /**
   * All has been sent.
   *
   * @throws AiocError AIOC_FRAME_BAD
   */
  end({ sizeBytes, digest }: EndFrame): void {
    const all = this.#startingAt(sizeBytes);
    if (all.digest !== digest) throw differs();
    if (sizeBytes !== (this.offer.sizeBytes ?? sizeBytes))
      throw new AiocError('AIOC_FRAME_BAD', 'a transfer has fewer bytes than were offered');
    this.#goBackTo(all);
    this.#step = 'ended';
    const session = this.#session;
    this.#then(async (target) => {
      this.#progress.begin('finishing');
      await target.finish();
      this.#checkpoints.clear();
      this.#step = 'ready';
      this.#tellReady(session);
    });
  }

  /**
   * Gives it its place, once; the same answer again.
   *
   * @throws AiocError why it cannot be placed; nothing of it is left then, or when it is settled
   */
  async place(): ReturnType<TransferTarget['place']> {
    const target = this.#target;
    if (this.#step !== 'ready' || target === undefined)
      throw new AiocError('AIOC_FILE_MISSING', 'The message came before its file was complete.');
    this.#placing ??= placed(target);
    return this.#placing;
  }

  /** Its message was stored or dropped. Resolves when nothing of it is open. */
  async settled(): Promise<void> {
    this.#leave();
    await this.#work;
    const isPlaced = await this.#placing?.then(
      () => true,
      () => false,
    );
    if (isPlaced === true) await this.#target?.settled();
    else if (isPlaced === undefined) await this.#target?.discard();
  }

  /**
   * It was stopped, by either side. Resolves when nothing of it is left.
   *
   * @returns false if its target could not be opened
   */
  async stop(failure: TransferFailure): Promise<boolean> {
    this.#leave();
    this.#progress.fail(failure);
    await this.#work;
    await this.#target?.discard();
    return this.#target !== undefined;
  }

  /** Resolves when nothing of it is open; what has arrived stays. */
  async suspend(): Promise<void> {
    this.#leave();
    await this.#work;
    await this.#placing?.catch(() => undefined);
    await this.#target?.suspend();
  }

  get #isOver(): boolean {
    return this.#step === 'over';
  }

  /** What waits is not done any more. */
  #leave(): void {
    this.#step = 'over';
    this.#session += 1;
    this.#keptTimer?.cancel();
    this.#checkpoints.clear();
  }

  #then(action: (target: TransferTarget) => Promise<void>): Promise<void> {
    this.#work = this.#work.then(async () => {
      if (this.#isOver) return;
      try {
        await action(this.#target as TransferTarget);
      } catch (error) {
        if (!this.#isOver) this.#sink.failed(this, readableByPeer(error));
      }
    });
    return this.#work;
  }

  /** Opens the target, and reads what is there. */
  async #open(): Promise<TransferTarget> {
    const target = await this.#sink.open(this.offer);
    this.#target = target;
    if (target.isPlaced) return target;
    this.#progress.begin('comparing', 0);
    let hash = StreamHash.EMPTY;
    for await (const chunk of target.existing()) {
      if (this.#isOver) break;
      if (chunk.length === 0) continue;
      hash = hash.with(chunk);
      this.#checkpoints.add(hash);
      this.#progress.done(hash.bytes);
      givePieceBuffer(chunk);
    }
    // A target writes at its start until it is told where to go on.
    if (hash.bytes > 0 && !this.#isOver) await target.truncate(hash.bytes);
    this.#arrived = hash;
    this.#writtenBytes = hash.bytes;
    return target;
  }

  #accept(): void {
    this.#step = 'accepted';
    this.#toldBytes = this.#arrived.bytes;
    this.#progress.begin('running', this.#writtenBytes);
    this.#sink.send({ kind: 'accept', id: this.offer.id, have: this.#checkpoints.all });
  }

  /** The state before what comes next: on a connection, first at any position that the peer was offered. */
  #startingAt(bytes: number): StreamHash {
    const isAccepted = this.#step === 'accepted';
    if (!isAccepted && this.#step !== 'receiving') throw unasked();
    if (bytes === this.#arrived.bytes) return this.#arrived;
    const state = isAccepted ? this.#checkpoints.at(bytes) : undefined;
    if (state === undefined) throw unasked();
    return state;
  }

  #goBackTo({ bytes }: StreamHash): void {
    if (bytes === this.#arrived.bytes) return;
    this.#arrived = this.#checkpoints.at(bytes) as StreamHash;
    this.#checkpoints.dropAfter(bytes);
    this.#toldBytes = bytes;
    this.#then(async (target) => {
      await target.truncate(bytes);
      this.#writtenBytes = bytes;
      this.#progress.begin('running', bytes);
    });
  }

  /** Once for everything that was written in one turn of the event loop. */
  #planGot(session: number): void {
    if (this.#gotPlannedIn === session) return;
    this.#gotPlannedIn = session;
    afterMicrotasks(() => {
      this.#gotPlannedIn = undefined;
      if (session !== this.#session || (this.#step !== 'receiving' && this.#step !== 'ended')) return;
      this.#toldBytes = this.#writtenBytes;
      this.#sink.send({ kind: 'got', id: this.offer.id, bytes: this.#writtenBytes });
    });
  }

  #tellReady(session: number): void {
    this.#progress.begin('ready');
    if (session === this.#session) this.#sink.send({ kind: 'ready', id: this.offer.id });
  }
}

async function placed(target: TransferTarget): ReturnType<TransferTarget['place']> {
  try {
    return await target.place();
  } catch (error) {
    await target.discard();
    throw readableByPeer(error);
  }
}

/** A target's own sentences name nothing of this machine. Those of the system, which has caused an error, may. */
function readableByPeer(error: unknown): AiocError {
  const known = toAiocError(error, 'AIOC_FILE_WRITE');
  const { code, message, cause } = known;
  const forPeer = cause === undefined ? (known.forPeer ?? message) : reasonForPeer(known);
  return new AiocError(code, message, { cause: error, forPeer });
}

function differs(): AiocError {
  return new AiocError('AIOC_FRAME_BAD', 'the bytes of a transfer do not have the digest that the peer says');
}

function unasked(): AiocError {
  return new AiocError('AIOC_FRAME_BAD', 'the peer sent a part of a transfer that it was not asked for');
}
