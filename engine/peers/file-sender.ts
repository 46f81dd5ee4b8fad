import { AiocError, toAiocError } from '../base/errors.ts';
import { withFileFrame, withoutFileFrame } from '../protocol/file-frames.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { OutgoingBody } from '../queues/outgoing-body.ts';
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

/** Sends messages with files to one peer, one at a time (PROTOCOL §3). */
export class FileSender {
  readonly #options: FileSenderOptions;
  #isSending = false;

  constructor(options: FileSenderOptions) {
    this.#options = options;
  }

  /** Nothing else may be sent meanwhile. */
  get isSending(): boolean {
    return this.#isSending;
  }

  async send(link: Link, next: NextEntry, body: OutgoingBody): Promise<void> {
    const { entry } = next;
    this.#isSending = true;
    try {
      const file = await openFile(body);
      if (file instanceof AiocError) {
        if (link.writable && !entry.gone) this.#sendWithout(link, next, file);
        return;
      }
      try {
        // The connection may have been lost while the file was being opened; then the file waits for the next one. Or the
        // message was cancelled or dropped.
        if (!link.writable || entry.gone) return;
        const parts = this.#options.frameOf(next);
        const frame = withFileFrame(parts.header, ownParts(parts), file.sizeBytes);
        await link.sendFile({
          frame: { ...frame, transportId: this.#options.number(link, next) },
          chunks: file.chunks(),
          onProgress: (doneBytes) => body.onProgress({ ...RUNNING, doneBytes, totalBytes: file.sizeBytes }),
        });
        // The ack may arrive before the last write is reported.
        if (!entry.gone) entry.report(0, 1, 'sent');
      } finally {
        await file.close();
      }
    } catch (error) {
      const known = toAiocError(error, 'AIOC_FILE_UNREADABLE');
      if (known.code !== 'AIOC_PEER_AWAY') this.#options.giveUp(next, known);
    } finally {
      this.#isSending = false;
      this.#options.onDone();
    }
  }

  #sendWithout(link: Link, next: NextEntry, error: AiocError): void {
    const parts = this.#options.frameOf(next);
    const frame = withoutFileFrame(parts.header, ownParts(parts), error.message);
    link.send({ ...frame, transportId: this.#options.number(link, next) });
    next.entry.report(0, 1, 'sent', `without its file: ${error.message}`);
  }
}

/** The open file; or the error, if the message is sent without its file. */
async function openFile(body: OutgoingBody): Promise<Awaited<ReturnType<OutgoingBody['open']>> | AiocError> {
  try {
    return await body.open();
  } catch (error) {
    if (body.whenUnreadable === 'fail') throw error;
    return toAiocError(error, 'AIOC_FILE_UNREADABLE');
  }
}

/** The application's own binary may be absent. */
function ownParts({ data, binary }: Frame): { readonly data: Buffer; readonly binary: Buffer | undefined } {
  return { data, binary: binary.length === 0 ? undefined : binary };
}

const RUNNING = { phase: 'running', resumedBytes: 0, bytesPerSecond: 0 } as const;
