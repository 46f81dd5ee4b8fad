import { type AiocError, reasonForPeer } from '../base/errors.ts';
import type { Clock } from '../base/ports.ts';
import { transferredFrame } from '../protocol/file-frames.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { type MessageNumber, transportIdOf } from '../protocol/message-number.ts';
import type { TransferFrame } from '../protocol/transfer-frames.ts';
import { FileSender } from './file-sender.ts';
import { FileTransfers, type OutgoingFileState } from './file-transfers.ts';
import type { Link } from './link.ts';
import type { NextEntry } from './sent-queue.ts';

export interface MessageFilesOptions {
  readonly clock: Clock;
  /** The current name of this connector on the wire. */
  readonly sourceId: () => string;
  /** The message that a file belongs to. */
  frameOf(next: NextEntry): Frame;
  /** Marks it as sent and returns its transport_id. */
  number(link: Link, next: NextEntry): string;
  /** The message can never be sent. */
  giveUp(next: NextEntry, error: AiocError): void;
  /** Whether a message is in no queue any more. */
  isGone(number: MessageNumber): boolean;
  /** More can be sent now. */
  pump(): void;
}

/**
 * Sends one peer's messages with files: to an aioc peer as a transfer, after which its message goes; to others in the
 * message's frame.
 */
export class MessageFiles {
  readonly #options: MessageFilesOptions;
  readonly #inFrames: FileSender;
  readonly #transfers: FileTransfers;

  constructor(options: MessageFilesOptions) {
    const { clock, sourceId, frameOf, number, giveUp, isGone, pump } = options;
    this.#options = options;
    this.#inFrames = new FileSender({ frameOf, number, giveUp, onDone: pump });
    this.#transfers = new FileTransfers({ clock, sourceId, isGone, onChange: pump });
  }

  /** A file occupies the connection: nothing else may be sent. */
  get isSending(): boolean {
    return this.#inFrames.isSending;
  }

  /** The peer has said which messages it has: files for it may be sent. */
  attach(link: Link): void {
    if (link.speaksFiles) this.#transfers.attach(link);
  }

  detach(): void {
    this.#transfers.detach();
  }

  /** Whether a message may go as far as its file is concerned: it has crossed, or never will. Begins to send it. */
  maySend({ speaksFiles }: Link, next: NextEntry): boolean {
    if (!speaksFiles || next.entry.context.body === undefined) return true;
    const { kind } = this.#transfers.stateOf(next.entry, () => this.#options.frameOf(next));
    return kind === 'ready' || kind === 'failed';
  }

  /** Sends the message of a file; see `maySend`. */
  send(link: Link, next: NextEntry): void {
    const { entry } = next;
    const { body } = entry.context;
    if (body === undefined) return;
    if (!link.speaksFiles) {
      void this.#inFrames.send(link, next, body);
      return;
    }
    const frame = this.#options.frameOf(next);
    const state = this.#transfers.stateOf(entry, () => frame);
    const error = state.kind === 'failed' ? state.error : undefined;
    if (error !== undefined && body.whenUnreadable === 'fail') return this.#options.giveUp(next, error);
    const sent = transferredFrame(frame, transportIdOf(entry.number), error && reasonForPeer(error));
    link.send({ ...sent, transportId: this.#options.number(link, next) });
    entry.report(0, 1, 'sent', error && `without its file: ${error.message}`);
  }

  /** A transport_id that is no message's: a piece of a file for a Python peer has arrived. */
  acknowledged(transportId: string): void {
    this.#inFrames.acknowledged(transportId);
  }

  /** Those that cross beside the messages and whose messages have not been sent. */
  get all(): readonly OutgoingFileState[] {
    return this.#transfers.all;
  }

  /** See FileTransfers.cancel. */
  cancel(id: string, reason: string): boolean {
    return this.#transfers.cancel(id, reason);
  }

  /** See FileTransfers.stop. */
  stop(isKept: (type: string) => boolean): void {
    this.#transfers.stop(isKept);
  }

  /** A frame about a file to or from the peer; false for the latter. */
  received(frame: TransferFrame): boolean {
    return this.#transfers.received(frame);
  }

  /** Sends parts of files: there is no message to send. */
  pump(): void {
    this.#transfers.forgetGone();
    this.#transfers.pump();
  }

  /** Resolves when no file is open. Nothing may be called after it. */
  close(): Promise<void> {
    return this.#transfers.close();
  }
}
