import type { Socket } from 'node:net';
import { afterMicrotasks } from '../../base/batching.ts';
import { LIMITS } from '../../base/limits.ts';
import {
  encodeBatchPacket,
  encodeSendBatch,
  type OutgoingRecords,
  type SubscribedBatch,
} from './batch-packets.ts';
import { encodeMessagePacket, encodePacket, type PacketKind, type SubscribedMessage } from './packets.ts';

/** Writes packets to a socket; small packets of one event go in one write. */
export class PacketWriter {
  readonly #socket: Socket;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #isLarge = false;
  #isPlanned = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Bytes not yet written to the operating system. */
  get waitingBytes(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  write(kind: PacketKind, number: number, body: Buffer): void {
    this.#add(encodePacket({ kind, number, body }));
  }

  writeMessage(number: number, message: SubscribedMessage): void {
    this.#add(encodeMessagePacket(number, message));
  }

  writeBatch(number: number, batch: SubscribedBatch): void {
    this.#add(encodeBatchPacket(number, batch));
  }

  writeSendBatch(number: number, records: OutgoingRecords): void {
    this.#add(encodeSendBatch(number, records));
  }

  #add(pieces: readonly Buffer[]): void {
    if (!this.#isPlanned) {
      this.#isPlanned = true;
      afterMicrotasks(() => {
        this.#isPlanned = false;
        this.flush();
      });
    }
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.#bytes += piece.length;
      this.#isLarge ||= piece.length > LIMITS.copiedFrameBytes;
    }
    if (this.#bytes >= LIMITS.fileChunkBytes) this.flush();
  }

  /** Passes what `action` writes to the socket when it returns. */
  writeAtOnce(action: () => void): void {
    const wasPlanned = this.#isPlanned;
    this.#isPlanned = true;
    action();
    this.#isPlanned = wasPlanned;
    this.flush();
  }

  /** Passes the collected packets to the socket now. */
  flush(): void {
    if (this.#bytes === 0) return;
    const [pieces, isLarge] = [this.#pieces, this.#isLarge];
    this.#pieces = [];
    this.#bytes = 0;
    this.#isLarge = false;
    if (!isLarge) {
      this.#socket.write(Buffer.concat(pieces));
      return;
    }
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }
}
