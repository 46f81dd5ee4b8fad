import type { Clock } from '../base/ports.ts';
import type { TransferProgress } from '../contract/transfer-progress.ts';
import { sentHeader } from '../protocol/file-frames.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { Header } from '../protocol/header.ts';
import { type MessageNumber, numberIn, transportIdOf } from '../protocol/message-number.ts';
import type { TransferFrame } from '../protocol/transfer-frames.ts';
import type { OutboxEntry } from '../queues/outbox-entry.ts';
import type { OutgoingTransferState } from '../transfers/outgoing-transfer.ts';
import { OutgoingTransfers, type TransferLink } from '../transfers/outgoing-transfers.ts';

export interface FileTransfersOptions {
  readonly clock: Clock;
  /** The current name of this connector on the wire. */
  readonly sourceId: () => string;
  /** A message may go now, since its file is there or will never be. */
  readonly onChange: () => void;
  /** Whether a message is in no queue any more. */
  readonly isGone: (number: MessageNumber) => boolean;
}

/** A file that crosses, or waits for its turn. */
export interface OutgoingFileState {
  readonly id: string;
  /** Of its message. */
  readonly header: Header;
  /** Absent before it has begun. */
  readonly progress: TransferProgress | undefined;
}

interface QueuedFile {
  readonly entry: OutboxEntry;
  readonly header: Header;
  progress: TransferProgress | undefined;
}

/** The files of queued messages for one aioc peer: each crosses before its message, under the number of that message. */
export class FileTransfers {
  readonly #transfers: OutgoingTransfers;
  /** The messages whose files cross, by transfer. */
  readonly #files = new Map<string, QueuedFile>();

  constructor(options: FileTransfersOptions) {
    const isGone = (id: string): boolean => {
      const number = numberIn(id);
      return number !== undefined && options.isGone(number);
    };
    this.#transfers = new OutgoingTransfers({ ...options, isGone });
  }

  /** The peer has said which messages it has. */
  attach(link: TransferLink): void {
    this.forgetGone();
    this.#transfers.attach(link);
  }

  detach(): void {
    this.#transfers.detach();
  }

  /** How far the file of a message is, under its number, which it keeps after a restart; begins with it. */
  stateOf(entry: OutboxEntry, message: () => Frame): OutgoingTransferState {
    const id = transportIdOf(entry.number);
    const known = this.#transfers.get(id);
    if (known !== undefined) return known.state;
    const { body } = entry.context;
    if (body === undefined) return { kind: 'ready' };
    const { header } = message();
    const file: QueuedFile = { entry, header, progress: undefined };
    this.#files.set(id, file);
    return this.#transfers.start({
      ...{ id, header: sentHeader(header), open: () => body.source() },
      onProgress: (progress) => {
        file.progress = progress;
        body.onProgress(progress);
      },
    }).state;
  }

  /** Those whose messages have not been sent. */
  get all(): readonly OutgoingFileState[] {
    this.forgetGone();
    return [...this.#files]
      .filter(([, { entry }]) => entry.sent === 0)
      .map(([id, { header, progress }]) => ({ id, header, progress }));
  }

  /** Stops one: its message goes without it. False if there is none, or its message was sent. */
  cancel(id: string, reason: string): boolean {
    const file = this.#files.get(id);
    if (file === undefined || file.entry.gone || file.entry.sent > 0) return false;
    this.#transfers.cancel(id, reason);
    return true;
  }

  /** Stops those whose messages do not outlive this run; `isKept`: whether those of a type do. */
  stop(isKept: (type: string) => boolean): void {
    this.forgetGone();
    for (const [id, { entry, header }] of [...this.#files])
      if (entry.sent === 0 && !isKept(header.message_type))
        this.#transfers.cancel(id, 'the sender was stopped');
  }

  /** @returns false for a frame about a file from the peer */
  received(frame: TransferFrame): boolean {
    this.forgetGone();
    return this.#transfers.received(frame);
  }

  /** Sends parts of files. Messages go first. */
  pump(): void {
    this.#transfers.pump();
  }

  /** Messages have left their queues: acknowledged, cancelled or dropped. */
  forgetGone(): void {
    for (const [id, { entry }] of this.#files) {
      if (!entry.gone) continue;
      this.#files.delete(id);
      if (entry.sent === 0) this.#transfers.cancel(id, 'The message was removed from its queue.');
      this.#transfers.forget(id);
    }
  }

  /** Resolves when no file is open. Nothing may be called after it. */
  close(): Promise<void> {
    return this.#transfers.close();
  }
}
