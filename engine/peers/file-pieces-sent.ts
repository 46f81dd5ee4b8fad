import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Header, JsonObject } from '../protocol/header.ts';
import { transportIdOf } from '../protocol/message-number.ts';
import { joinsPieces, withFileOfPiece } from '../protocol/python-pieces.ts';
import type { OutboxEntry } from '../queues/outbox-entry.ts';
import type { OpenBody } from '../queues/outgoing-body.ts';

/** A frame of a file: all of it, or a piece. */
export interface PieceToSend {
  readonly withFile: JsonObject;
  readonly startBytes: number;
  readonly endBytes: number;
  /** Undefined: the message's own, which the last frame has. */
  readonly transportId: string | undefined;
}

interface PieceProgress {
  readonly entry: OutboxEntry;
  readonly arrived: Set<number>;
}

/** In which pieces files go to a Python peer, and which of them have arrived, over however many connections. */
export class FilePiecesSent {
  /** By the number of the message. */
  readonly #progress = new Map<string, PieceProgress>();

  /**
   * The frames of a file that have not arrived yet, in order.
   *
   * @param maxBytes the size of a piece; undefined: one frame
   * @throws AiocError AIOC_FRAME_TOO_LARGE
   */
  of(
    entry: OutboxEntry,
    {
      header,
      file,
      maxBytes = Number.POSITIVE_INFINITY,
    }: { header: Header; file: OpenBody; maxBytes?: number | undefined },
  ): readonly PieceToSend[] {
    const withFile = header['with_file'] as JsonObject;
    const { sizeBytes } = file;
    const name = withFile['dst_name'];
    if (sizeBytes <= maxBytes || file.range === undefined || !joinsPieces(name)) {
      if (sizeBytes > LIMITS.fileInFrameBytes) throw tooLarge(sizeBytes, name);
      return [{ withFile, startBytes: 0, endBytes: sizeBytes, transportId: undefined }];
    }
    const count = Math.ceil(sizeBytes / maxBytes);
    if (count > LIMITS.fileChunks) throw tooMany(count);
    const { arrived } = this.#progressOf(entry);
    const pieces: PieceToSend[] = [];
    for (let index = 1; index <= count; index += 1) {
      if (arrived.has(index)) continue;
      const startBytes = (index - 1) * maxBytes;
      pieces.push({
        withFile: withFileOfPiece(withFile, { name, index, count }),
        startBytes,
        endBytes: Math.min(startBytes + maxBytes, sizeBytes),
        transportId: index === count ? undefined : `${transportIdOf(entry.number)}${PIECE}${index}`,
      });
    }
    return pieces;
  }

  /** The peer has a piece, if this is the number of one. */
  acknowledged(transportId: string): void {
    const [number = '', index] = transportId.split(PIECE);
    this.#progress.get(number)?.arrived.add(Number(index));
  }

  #progressOf(entry: OutboxEntry): PieceProgress {
    for (const [number, known] of this.#progress) if (known.entry.gone) this.#progress.delete(number);
    const number = transportIdOf(entry.number);
    const progress = this.#progress.get(number) ?? { entry, arrived: new Set() };
    this.#progress.set(number, progress);
    return progress;
  }
}

/** In a transport_id, which Python returns unchanged; numbers of messages do not have it. */
const PIECE = '#';

function tooLarge(sizeBytes: number, name: unknown): AiocError {
  const text = `it has ${sizeBytes} bytes, at most ${LIMITS.fileInFrameBytes} fit into one frame, and the peer joins no pieces for the name ${String(name)}`;
  return new AiocError('AIOC_FRAME_TOO_LARGE', `The file is not sent: ${text}.`, { forPeer: text });
}

function tooMany(count: number): AiocError {
  const text = `it needs ${count} pieces, and at most ${LIMITS.fileChunks} are sent: raise max_size_chunk_upload`;
  return new AiocError('AIOC_FRAME_TOO_LARGE', `The file is not sent: ${text}.`, { forPeer: text });
}
