import { Credit } from '../base/credit.ts';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import type { OutFrame } from '../protocol/messages.ts';
import { type StopFrame, type TransferFrame, transferFrame } from '../protocol/transfer-frames.ts';
import { OutgoingTransfer, type OutgoingTransferOptions, type TransferTurns } from './outgoing-transfer.ts';
import { errorOfStop, StoppedTransfers, stopFrameOf } from './stopped-transfers.ts';
import { TRANSFER_BOUNDS, type TransferBounds } from './transfer-bounds.ts';

/** A connection to an aioc peer. */
export interface TransferLink {
  /** Whether a piece can be sent without buffering it in memory. */
  readonly writable: boolean;
  send(frame: OutFrame): void;
}

export interface OutgoingTransfersOptions {
  readonly clock: Clock;
  /** The current name of this connector on the wire. */
  readonly sourceId: () => string;
  /** A transfer became ready, or has failed. */
  readonly onChange: () => void;
  /** Whether the message of a transfer is in no queue any more. */
  readonly isGone: (id: string) => boolean;
  readonly bounds?: TransferBounds;
}

/**
 * The files on their way to one peer (engine/peers/PROTOCOL.md, Transfers). Several run at the same time: their pieces
 * take turns, and share one credit, so that a message waits only for what is on its way.
 */
export class OutgoingTransfers {
  readonly #options: OutgoingTransfersOptions;
  readonly #bounds: TransferBounds;
  readonly #turns: TransferTurns;
  readonly #transfers = new Map<string, OutgoingTransfer>();
  readonly #waiting = new Set<OutgoingTransfer>();
  /** In the order in which they may send. */
  readonly #running = new Set<OutgoingTransfer>();
  readonly #stopped = new StoppedTransfers();
  readonly #credit: Credit;
  /** Those that have a piece in memory, or are reading one. */
  readonly #reading = new Set<OutgoingTransfer>();
  readonly #toRead = new Map<OutgoingTransfer, () => void>();
  /** Of transfers that are forgotten. */
  readonly #closing = new Set<Promise<void>>();
  #link: TransferLink | undefined;
  #stalledTimer: Timer | undefined;

  constructor(options: OutgoingTransfersOptions) {
    this.#options = options;
    this.#bounds = options.bounds ?? TRANSFER_BOUNDS;
    const { minBytes, maxBytes, smallPieceBytes: probeBytes } = this.#bounds;
    this.#credit = new Credit(options.clock, { minBytes, maxBytes, probeBytes });
    this.#turns = this.#turnsOf(options.clock);
  }

  /** How many are offered or being sent. */
  get running(): number {
    return this.#running.size;
  }

  /** A connection is ready, and the peer has said which messages it has: what it has is not offered again. */
  attach(link: TransferLink): void {
    this.detach();
    this.#link = link;
    for (const stop of this.#stopped.all) this.#send(stop);
    this.#fill();
  }

  /** The connection is lost: what was ready may have been lost by the peer, and is offered again. */
  detach(): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    this.#stalledTimer?.cancel();
    this.#stalledTimer = undefined;
    this.#credit.reconnected();
    this.#running.clear();
    this.#waiting.clear();
    for (const transfer of this.#transfers.values()) {
      transfer.detach();
      if (transfer.state.kind === 'waiting') this.#waiting.add(transfer);
    }
  }

  /** Sends a file as soon as it is its turn; the same again if it is known. */
  start(options: OutgoingTransferOptions): OutgoingTransfer {
    const known = this.#transfers.get(options.id);
    if (known !== undefined) return known;
    const transfer = new OutgoingTransfer(options, this.#turns);
    this.#transfers.set(options.id, transfer);
    this.#waiting.add(transfer);
    this.#fill();
    return transfer;
  }

  get(id: string): OutgoingTransfer | undefined {
    return this.#transfers.get(id);
  }

  /** Stops one whose message has not been sent: nothing of it stays at the peer. */
  cancel(id: string, reason: string): void {
    this.#transfers.get(id)?.fail('sender', cancelled(reason));
  }

  /** Its message has left the queue. One that is not ready is stopped. */
  forget(id: string): void {
    const transfer = this.#transfers.get(id);
    if (transfer === undefined) return;
    this.#transfers.delete(id);
    if (transfer.state.kind !== 'ready')
      transfer.fail('sender', cancelled('The message was removed from its queue.'));
    const closed = transfer.close().then(() => void this.#closing.delete(closed));
    this.#closing.add(closed);
  }

  /**
   * @returns false for a frame of a transfer from the peer
   * @throws AiocError AIOC_FRAME_BAD
   */
  received(frame: TransferFrame): boolean {
    const transfer = this.#transfers.get(frame.id);
    if (frame.kind === 'stop') return this.#stoppedByPeer(frame, transfer);
    if (frame.kind === 'stopped') return this.#stopped.confirm(frame.id);
    if (frame.kind === 'held') return this.#heldByPeer(frame.id);
    if (frame.kind === 'offer' || frame.kind === 'piece' || frame.kind === 'end') return false;
    if (transfer === undefined || !this.#running.has(transfer)) return true;
    transfer.received(frame);
    const written = transfer.takeWritten();
    if (written !== undefined) this.#credit.acknowledged(written.sizeBytes, written.sentAtMs);
    this.pump();
    return true;
  }

  /** After a restart, what was only in memory is forgotten, but the peer still waits for it. */
  #heldByPeer(id: string): true {
    const isKnown = this.#transfers.has(id) || this.#stopped.get(id) !== undefined;
    if (!isKnown && this.#options.isGone(id)) this.#send(stopFrameOf(id, forgotten()));
    return true;
  }

  /** Sends pieces while the connection takes them. */
  pump(): void {
    while (this.#link?.writable) {
      const next = this.#next();
      if (next === undefined) return;
      this.#running.delete(next);
      this.#running.add(next);
      next.sendPiece();
    }
  }

  /** Resolves when no file is open. Nothing may be called after it. */
  async close(): Promise<void> {
    this.detach();
    await Promise.all([
      ...[...this.#transfers.values()].map((transfer) => transfer.close()),
      ...this.#closing,
    ]);
  }

  #turnsOf(clock: Clock): TransferTurns {
    const pieceBytes = (): number => this.#pieceBytes;
    return {
      clock,
      bounds: this.#bounds,
      get pieceBytes() {
        return pieceBytes();
      },
      send: (frame, onWritten) => this.#send(frame, onWritten),
      mayRead: (transfer) =>
        new Promise((resolve) => {
          this.#toRead.set(transfer, resolve);
          this.#letRead();
        }),
      doneReading: (transfer) => this.#doneReading(transfer),
      pump: () => this.pump(),
      ended: (transfer) => this.#ended(transfer),
    };
  }

  get #pieceBytes(): number {
    const { pieceBytes, smallPieceBytes } = this.#bounds;
    return this.#credit.bytes >= 2 * pieceBytes ? pieceBytes : smallPieceBytes;
  }

  #send(frame: TransferFrame, onWritten?: () => void): void {
    const sent = transferFrame(frame, this.#options.sourceId());
    this.#link?.send(onWritten === undefined ? sent : { ...sent, onWritten });
  }

  #doneReading(transfer: OutgoingTransfer): void {
    this.#toRead.get(transfer)?.();
    this.#toRead.delete(transfer);
    if (this.#reading.delete(transfer)) this.#letRead();
  }

  #ended(transfer: OutgoingTransfer): void {
    this.#running.delete(transfer);
    this.#waiting.delete(transfer);
    const { state } = transfer;
    if (state.kind === 'failed' && state.by === 'sender') {
      const stop = stopFrameOf(transfer.id, state.error);
      this.#stopped.add(stop);
      this.#send(stop);
    }
    this.#fill();
    this.#options.onChange();
  }

  #stoppedByPeer(frame: StopFrame, transfer: OutgoingTransfer | undefined): boolean {
    const { id } = frame;
    if (transfer === undefined && this.#stopped.get(id) === undefined) return false;
    this.#send({ kind: 'stopped', id });
    if (transfer === undefined) return true;
    transfer.fail('receiver', errorOfStop(frame));
    this.pump();
    return true;
  }

  #fill(): void {
    for (const transfer of this.#waiting) {
      if (this.#link === undefined || this.#running.size >= this.#bounds.running) return;
      this.#waiting.delete(transfer);
      this.#running.add(transfer);
      transfer.begin();
    }
  }

  #letRead(): void {
    const reading = [...this.#reading].filter(({ isStalled }) => !isStalled).length;
    let free = this.#bounds.readAhead - reading;
    for (const [transfer, resolve] of this.#toRead) {
      if (free <= 0) return;
      free -= 1;
      this.#toRead.delete(transfer);
      this.#reading.add(transfer);
      resolve();
    }
  }

  /**
   * The next one with a piece to send, if there is credit for it. What is stalled does not use up the credit of the
   * others; but all together stay below the maximum, apart from one piece of each.
   */
  #next(): OutgoingTransfer | undefined {
    let inFlightBytes = 0;
    let stalledBytes = 0;
    for (const { isStalled, inFlightBytes: bytes } of this.#running) {
      if (isStalled) stalledBytes += bytes;
      else inFlightBytes += bytes;
    }
    for (const transfer of this.#running) {
      const sizeBytes = transfer.preparedBytes;
      if (sizeBytes === undefined || transfer.isStalled) continue;
      if (!this.#credit.allows(sizeBytes, inFlightBytes)) {
        this.#lookAgainLater();
        return undefined;
      }
      const isBelowMax = stalledBytes + inFlightBytes + sizeBytes <= this.#bounds.maxBytes;
      if (stalledBytes === 0 || transfer.inFlightBytes === 0 || isBelowMax) return transfer;
    }
    return undefined;
  }

  /** What holds up the others now may be stalled by then. */
  #lookAgainLater(): void {
    this.#stalledTimer ??= this.#options.clock.after(LIMITS.transferStalledMs, () => {
      this.#stalledTimer = undefined;
      this.#letRead();
      this.pump();
    });
  }
}

function cancelled(reason: string): AiocError {
  return new AiocError('AIOC_CANCELLED', reason, { forPeer: reason });
}

function forgotten(): AiocError {
  const text = 'the sender no longer has it, for example because it was restarted';
  return new AiocError('AIOC_FILE_MISSING', text, { forPeer: text });
}
