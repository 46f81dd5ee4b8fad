import { AiocError, type ErrorCode, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { type MemoryBudget, MemoryLease } from '../base/memory-budget.ts';
import { givePieceBuffer } from '../base/piece-buffers.ts';
import type { Clock } from '../base/ports.ts';
import { RecentSet } from '../base/recent-set.ts';
import type { TransferFailure, TransferProgress } from '../contract/transfer-progress.ts';
import type { OpenTarget, TransferOffer, TransferTarget } from '../files/transfer-target.ts';
import { pythonJson } from '../protocol/header.ts';
import {
  type OfferFrame,
  type PieceFrame,
  type StopFrame,
  type TransferFrame,
  transferFrame,
} from '../protocol/transfer-frames.ts';
import { IncomingTransfer, type TransferSink } from './incoming-transfer.ts';
import type { TransferLink } from './outgoing-transfers.ts';
import { errorOfStop, StoppedTransfers, stopFrameOf } from './stopped-transfers.ts';
import { TRANSFER_BOUNDS, type TransferBounds } from './transfer-bounds.ts';

export interface IncomingTransfersOptions {
  readonly clock: Clock;
  /** The current name of this connector on the wire. */
  readonly sourceId: () => string;
  readonly peerName: string;
  /** For pieces that are not written yet. */
  readonly budget: MemoryBudget;
  readonly open: OpenTarget;
  /** Deletes what an earlier run has received of a transfer, if there is anything. */
  readonly discard: (id: string) => Promise<void>;
  readonly onProgress: (offer: TransferOffer, progress: TransferProgress) => void;
  readonly bounds?: TransferBounds;
}

/**
 * The files on their way from one peer (engine/peers/PROTOCOL.md, Transfers): each is kept as a partial file until its
 * message comes, and then gets its place.
 */
export class IncomingTransfers {
  readonly #options: IncomingTransfersOptions;
  readonly #bounds: TransferBounds;
  readonly #sink: TransferSink;
  readonly #lease: MemoryLease;
  readonly #transfers = new Map<string, IncomingTransfer>();
  readonly #stopped = new StoppedTransfers();
  /** Their messages are here: the sender has not read that yet if it offers one again. */
  readonly #settled = new RecentSet<string>(LIMITS.transferStops);
  /** Targets that are being closed or deleted. */
  readonly #leaving = new Map<string, Promise<void>>();
  #link: TransferLink | undefined;

  constructor(options: IncomingTransfersOptions) {
    this.#options = options;
    this.#bounds = options.bounds ?? TRANSFER_BOUNDS;
    this.#lease = new MemoryLease(options.budget);
    this.#sink = {
      clock: options.clock,
      open: options.open,
      send: (frame) => this.#send(frame),
      onProgress: options.onProgress,
      failed: (transfer, error) => this.#fail(transfer, error),
      suspended: (transfer) => this.#remove(transfer, () => transfer.suspend()),
    };
  }

  /** A connection is ready. */
  attach(link: TransferLink): void {
    this.detach();
    this.#link = link;
    for (const stop of this.#stopped.all) this.#send(stop);
  }

  /**
   * Asks the peer whether the messages of transfers from earlier connections will come.
   *
   * @param more what earlier runs have received
   */
  askFor(more: readonly string[] = []): void {
    for (const id of new Set([...this.#transfers.keys(), ...more]))
      if (!this.#transfers.get(id)?.isPlacing && !this.#leaving.has(id)) this.#send({ kind: 'held', id });
  }

  /** The connection is lost: targets stay open for a while, and what has arrived is still written. */
  detach(): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    for (const transfer of this.#transfers.values()) transfer.detach();
  }

  /**
   * Handles an offer, a piece, an end or a stop.
   *
   * @returns a promise if nothing more should be read from the peer until it is resolved
   * @throws AiocError AIOC_FRAME_BAD
   */
  received(frame: TransferFrame): Promise<void> | undefined {
    if (frame.kind === 'stop') return this.#stoppedByPeer(frame);
    if (frame.kind === 'stopped') this.#stopped.confirm(frame.id);
    // What the peer sent before it knew.
    if (this.#stopped.get(frame.id) !== undefined) return undefined;
    if (frame.kind === 'offer') this.#offered(frame);
    else if (this.#settled.has(frame.id)) return undefined;
    else if (frame.kind === 'piece') return this.#piece(frame);
    else if (frame.kind === 'end') this.#known(frame.id).end(frame);
    return undefined;
  }

  /**
   * Gives the file of a message its place, when the message has come; the same answer again.
   *
   * @throws AiocError why there is no file; nothing of it is left then
   */
  async place(id: string): ReturnType<TransferTarget['place']> {
    const stop = this.#stopped.get(id);
    if (stop !== undefined) throw errorOfStop(stop);
    const transfer = this.#transfers.get(id);
    if (transfer === undefined)
      throw new AiocError(
        'AIOC_FILE_MISSING',
        'The file of the message is not here. Ask for it to be sent again.',
      );
    try {
      return await transfer.place();
    } catch (error) {
      this.#tellNotPlaced(id, toAiocError(error, 'AIOC_FILE_WRITE'));
      throw error;
    }
  }

  /** The sender learns it before the ack of the message. */
  #tellNotPlaced(id: string, error: AiocError): void {
    const stop = stopFrameOf(id, error);
    this.#stopped.add(stop);
    this.#send(stop);
  }

  /**
   * The message was stored or dropped, with its file or without it. Resolves when nothing of the transfer is open, and
   * nothing is left that was not placed.
   */
  async settled(id: string): Promise<void> {
    this.#settled.add(id);
    const transfer = this.#transfers.get(id);
    if (transfer !== undefined) {
      this.#remove(transfer, () => transfer.settled());
      // It was offered again before the sender could know: it need not send it.
      if (!transfer.isPlacing) this.#send({ kind: 'ready', id });
    } else this.#leave(id, () => this.#options.discard(id));
    await this.#leaving.get(id);
  }

  /** Stops it: nothing of it stays. Does nothing to one whose message has come. */
  cancel(id: string, reason: string, code: ErrorCode = 'AIOC_CANCELLED'): void {
    const error = new AiocError(code, reason, { forPeer: reason });
    const transfer = this.#transfers.get(id);
    if (transfer?.isPlacing) return;
    if (transfer !== undefined) this.#fail(transfer, error);
    else this.#stopUnknown(stopFrameOf(id, error));
  }

  /**
   * Deletes what has been received of all files; call it when there is no connection. The sender is not stopped: if it
   * comes back, its files begin at their start.
   *
   * @param more what earlier runs have received
   */
  abandon(reason: string, more: readonly string[]): void {
    const failure = { by: 'receiver', code: 'AIOC_CANCELLED', reason } as const;
    for (const transfer of this.#transfers.values()) if (!transfer.isPlacing) this.#stop(transfer, failure);
    for (const id of more)
      if (!this.#transfers.has(id) && !this.#leaving.has(id))
        this.#leave(id, () => this.#options.discard(id));
  }

  /** Resolves when no target is open. Nothing may be called after it. */
  async close(): Promise<void> {
    this.detach();
    for (const transfer of this.#transfers.values()) this.#remove(transfer, () => transfer.suspend());
    await Promise.all(this.#leaving.values());
  }

  #send(frame: TransferFrame): void {
    this.#link?.send(transferFrame(frame, this.#options.sourceId()));
  }

  #offered(frame: OfferFrame): void {
    const { id, content: kind, sizeBytes, mode, mtimeMs, header } = frame;
    if (this.#settled.has(id)) return this.#send({ kind: 'ready', id });
    const offer = { id, kind, sizeBytes, mode, mtimeMs, header, peerName: this.#options.peerName };
    const known = this.#transfers.get(id);
    if (known !== undefined && isSame(known.offer, offer)) return known.offered();
    if (known !== undefined) this.#remove(known, () => known.suspend());
    else if (this.#transfers.size >= LIMITS.transfersPerPeer) return this.#refuse(id);
    const transfer = new IncomingTransfer(offer, this.#sink, this.#leaving.get(id));
    this.#transfers.set(id, transfer);
    transfer.offered();
  }

  #refuse(id: string): void {
    const text = `at most ${LIMITS.transfersPerPeer} files of one peer are received at the same time`;
    this.#stopUnknown(stopFrameOf(id, new AiocError('AIOC_QUEUE_FULL', text, { forPeer: text })));
  }

  #piece(frame: PieceFrame): Promise<void> | undefined {
    const written = this.#known(frame.id).piece(frame);
    const heldBytes = frame.data.length;
    this.#lease.take(heldBytes);
    const released = written.then(() => {
      this.#lease.give(heldBytes);
      givePieceBuffer(frame.data);
    });
    this.#checkCredit();
    return this.#lease.mayTake(0) ? undefined : released;
  }

  /** The sender keeps to its maximum, apart from a piece of each transfer. */
  #checkCredit(): void {
    const { maxBytes, running, pieceBytes } = this.#bounds;
    let bytes = 0;
    for (const transfer of this.#transfers.values()) bytes += transfer.unconfirmedBytes;
    if (bytes > maxBytes + 2 * running * pieceBytes)
      throw new AiocError('AIOC_FRAME_BAD', 'the peer sends more of its files than it may');
  }

  /** @throws AiocError AIOC_FRAME_BAD if there is no such transfer */
  #known(id: string): IncomingTransfer {
    const transfer = this.#transfers.get(id);
    if (transfer !== undefined) return transfer;
    throw new AiocError('AIOC_FRAME_BAD', 'the peer sent a part of a transfer that it has not offered');
  }

  #fail(transfer: IncomingTransfer, error: AiocError): void {
    const stop = stopFrameOf(transfer.offer.id, error);
    this.#stopped.add(stop);
    this.#stop(transfer, { by: 'receiver', code: error.code, reason: error.message });
    this.#send(stop);
  }

  #stop(transfer: IncomingTransfer, failure: TransferFailure): void {
    this.#remove(transfer, async () => {
      if (!(await transfer.stop(failure))) await this.#options.discard(transfer.offer.id);
    });
  }

  #stopUnknown(stop: StopFrame): void {
    this.#stopped.add(stop);
    this.#leave(stop.id, () => this.#options.discard(stop.id));
    this.#send(stop);
  }

  #stoppedByPeer({ id, code, reason }: StopFrame): undefined {
    const transfer = this.#transfers.get(id);
    if (transfer === undefined) this.#leave(id, () => this.#options.discard(id));
    else if (!transfer.isPlacing) this.#stop(transfer, { by: 'sender', code, reason });
    void (this.#leaving.get(id) ?? Promise.resolve()).then(() => this.#send({ kind: 'stopped', id }));
    return undefined;
  }

  #remove(transfer: IncomingTransfer, leave: () => Promise<void>): void {
    const { id } = transfer.offer;
    if (this.#transfers.get(id) !== transfer) return;
    this.#transfers.delete(id);
    this.#leave(id, leave);
  }

  /** What fails here leaves a partial file, which its age removes. */
  #leave(id: string, leave: () => Promise<void>): void {
    const before = this.#leaving.get(id) ?? Promise.resolve();
    const left = before
      .then(leave)
      .catch(() => undefined)
      .then(() => {
        if (this.#leaving.get(id) === left) this.#leaving.delete(id);
      });
    this.#leaving.set(id, left);
  }
}

function isSame(left: TransferOffer, right: TransferOffer): boolean {
  const { kind, sizeBytes, mode, mtimeMs } = left;
  const isLike = kind === right.kind && sizeBytes === right.sizeBytes && mode === right.mode;
  return isLike && mtimeMs === right.mtimeMs && pythonJson(left.header) === pythonJson(right.header);
}
