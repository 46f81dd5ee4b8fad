import { AiocError, reasonForPeer, toAiocError } from '../base/errors.ts';
import { withFileFrame, withoutFileFrame } from '../protocol/file-frames.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { JsonObject } from '../protocol/header.ts';
import type { OutboxEntry } from '../queues/outbox-entry.ts';
import type { OpenBody, OutgoingBody, PackedBody } from '../queues/outgoing-body.ts';
import { FilePiecesSent, type PieceToSend } from './file-pieces-sent.ts';
import type { Link } from './link.ts';
import type { NextEntry } from './sent-queue.ts';

export interface FileSenderOptions {
  /** The message that the file belongs to. */
  frameOf(next: NextEntry): Frame;
  /** Marks it as sent and returns its transport_id. */
  number(link: Link, next: NextEntry): string;
  /** The message can never be sent. */
  giveUp(next: NextEntry, error: AiocError): void;
  /** Other messages may follow. */
  onDone(): void;
}

/** Sends messages with files to one peer, one at a time, each in one frame or in several pieces (PROTOCOL §3). */
export class FileSender {
  readonly #options: FileSenderOptions;
  readonly #pieces = new FilePiecesSent();
  /** Why files could not be sent to their end. Their messages follow without them. */
  readonly #changed = new Map<OutboxEntry, AiocError>();
  #isSending = false;

  constructor(options: FileSenderOptions) {
    this.#options = options;
  }

  /** Nothing else may be sent meanwhile. */
  get isSending(): boolean {
    return this.#isSending;
  }

  /** A piece has arrived: it need not be sent again. */
  acknowledged(transportId: string): void {
    this.#pieces.acknowledged(transportId);
  }

  async send(link: Link, next: NextEntry, body: OutgoingBody): Promise<void> {
    const { entry } = next;
    this.#isSending = true;
    for (const known of this.#changed.keys()) if (known.gone) this.#changed.delete(known);
    try {
      const file = this.#changed.get(entry) ?? (await openFile(body));
      if (file instanceof AiocError) {
        if (link.writable && !entry.gone) this.#sendWithout(link, next, file);
        return;
      }
      try {
        await this.#sendParts(link, next, { file, body });
        // The ack may arrive before the last write is reported.
        if (!entry.gone && entry.sent > 0) entry.report(0, 1, 'sent');
      } finally {
        await file.close();
      }
    } catch (error) {
      this.#failed(next, body, toAiocError(error, 'AIOC_FILE_UNREADABLE'));
    } finally {
      this.#isSending = false;
      this.#options.onDone();
    }
  }

  /**
   * The frames of a file. A piece has a number of its own, so that only what has not arrived is sent again; the last frame
   * has the message's own, whose ack ends it.
   */
  async #sendParts(
    link: Link,
    next: NextEntry,
    { file, body }: { readonly file: OpenBody; readonly body: OutgoingBody },
  ): Promise<void> {
    const { entry } = next;
    const { header, ...rest } = named(this.#options.frameOf(next), file.packed);
    const parts = ownParts({ header, ...rest });
    const pieces = this.#pieces.of(entry, {
      header,
      file,
      maxBytes: link.speaksStreams ? undefined : body.pieceMaxBytes,
    });
    for (const piece of pieces) {
      // The connection may have been lost meanwhile; then the rest waits for the next one. Or the message was cancelled.
      if (!link.writable || entry.gone) return;
      const { startBytes, endBytes } = piece;
      const frame = withFileFrame({ ...header, with_file: piece.withFile }, parts, endBytes - startBytes);
      await link.sendFile({
        frame: { ...frame, transportId: piece.transportId ?? this.#options.number(link, next) },
        chunks: chunksOf(file, piece),
        onProgress: (doneBytes) =>
          body.onProgress({ ...RUNNING, doneBytes: startBytes + doneBytes, totalBytes: file.sizeBytes }),
      });
    }
  }

  #failed(next: NextEntry, body: OutgoingBody, error: AiocError): void {
    if (error.code === 'AIOC_PEER_AWAY') return;
    // The connection was closed in the middle of a frame. On the next one, the message goes without its file.
    if (body.whenUnreadable === 'send-without') this.#changed.set(next.entry, error);
    else this.#options.giveUp(next, error);
  }

  #sendWithout(link: Link, next: NextEntry, error: AiocError): void {
    const parts = this.#options.frameOf(next);
    const frame = withoutFileFrame(parts.header, ownParts(parts), reasonForPeer(error));
    link.send({ ...frame, transportId: this.#options.number(link, next) });
    next.entry.report(0, 1, 'sent', `without its file: ${error.message}`);
  }
}

function chunksOf(file: OpenBody, { startBytes, endBytes }: PieceToSend): AsyncIterable<Buffer> {
  const isWhole = startBytes === 0 && endBytes === file.sizeBytes;
  if (isWhole || file.range === undefined) return file.chunks();
  return file.range(startBytes, endBytes);
}

/** The open file; or the error, if the message is sent without its file. */
async function openFile(body: OutgoingBody): Promise<OpenBody | AiocError> {
  try {
    return await body.open();
  } catch (error) {
    if (body.whenUnreadable === 'fail') throw error;
    return toAiocError(error, 'AIOC_FILE_UNREADABLE');
  }
}

/** The message with the name of the archive that is sent for its directory. */
function named(frame: Frame, packed: PackedBody | undefined): Frame {
  if (packed === undefined) return frame;
  const { name, data = frame.data } = packed;
  const withFile = { ...(frame.header['with_file'] as JsonObject), src_path: name, dst_name: name };
  return { ...frame, header: { ...frame.header, with_file: withFile }, data };
}

/** The application's own binary may be absent. */
function ownParts({ data, binary }: Frame): { readonly data: Buffer; readonly binary: Buffer | undefined } {
  return { data, binary: binary.length === 0 ? undefined : binary };
}

const RUNNING = { phase: 'running', resumedBytes: 0, bytesPerSecond: 0 } as const;
