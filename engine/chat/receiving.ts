import { type AiocError, toAiocError } from '../base/errors.ts';
import type { Clock } from '../base/ports.ts';
import type { IncomingFile } from '../files/incoming-file.ts';
import { incomingName } from '../files/lossy-path.ts';
import type { ReceivedFolder } from '../files/received-folder.ts';
import { baseNameOf } from '../files/safe-name.ts';
import { DISCARDED_FILE, type Disposition, type FileSink, wrapSink } from '../peers/file-sink.ts';
import type { Peer } from '../peers/peer.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { JsonObject } from '../protocol/header.ts';
import type { Conversation } from './conversation.ts';
import type { FileAnswer } from './file-answer.ts';
import { Transfer } from './transfers.ts';

export interface ReceivingOptions {
  readonly peer: Peer;
  readonly frame: Frame;
  readonly sizeBytes: number;
  readonly conversation: Conversation;
  readonly folder: ReceivedFolder;
  readonly clock: Clock;
  /** Called once, when the file is complete. */
  readonly onAnswer: (answer: FileAnswer) => void;
}

/**
 * Receives one file from a peer into the received-files folder. A file that cannot be kept is still read to its end,
 * since it is part of the stream, and the sender receives the reason.
 */
export async function receiveFile(options: ReceivingOptions): Promise<FileSink> {
  const { peer, frame, sizeBytes, conversation, clock } = options;
  const withFile = frame.header['with_file'] as JsonObject;
  const announced = typeof withFile['dst_name'] === 'string' ? withFile['dst_name'] : '';
  const transfer = new Transfer({
    conversation,
    clock,
    from: 'peer',
    author: peer.name,
    name: announced,
    totalBytes: sizeBytes,
  });
  transfer.become('running');
  try {
    await options.folder.prepare();
    const file = await options.folder.begin(baseNameOf(incomingName(announced)), sizeBytes);
    return new KeptFile({ ...options, transfer, file });
  } catch (error) {
    return refusedFile(options, transfer, toAiocError(error, 'AIOC_FILE_WRITE'));
  }
}

function refusedFile(options: ReceivingOptions, transfer: Transfer, error: AiocError): FileSink {
  transfer.become('refused', error.message);
  return wrapSink(DISCARDED_FILE, {
    end: async () => {
      options.onAnswer({ refused: error.message });
    },
    deliver: () => 'taken',
  });
}

class KeptFile implements FileSink {
  readonly #options: ReceivingOptions & { readonly transfer: Transfer; readonly file: IncomingFile };
  #error: AiocError | undefined;

  constructor(options: ReceivingOptions & { readonly transfer: Transfer; readonly file: IncomingFile }) {
    this.#options = options;
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#error !== undefined) return;
    const { file, transfer } = this.#options;
    try {
      await file.write(bytes);
      transfer.progress(file.receivedBytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  async end(): Promise<void> {
    const { file, transfer, onAnswer } = this.#options;
    if (this.#error === undefined) {
      try {
        const { name } = await file.finish();
        transfer.become('done', name);
        onAnswer({ kept: name });
        return;
      } catch (error) {
        this.#fail(error);
      }
    }
    onAnswer({ refused: this.#error?.message ?? 'it could not be saved' });
  }

  deliver(): Disposition {
    return 'taken';
  }

  abort(): void {
    const { file, transfer } = this.#options;
    if (this.#error === undefined)
      transfer.become('failed', 'the connection was lost; the received part was deleted');
    void file.abort();
  }

  #fail(error: unknown): void {
    this.#error = toAiocError(error, 'AIOC_FILE_WRITE');
    this.#options.transfer.become('refused', this.#error.message);
    void this.#options.file.abort();
  }
}
