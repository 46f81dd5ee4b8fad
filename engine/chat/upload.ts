import { toAiocError } from '../base/errors.ts';
import type { Randomness } from '../base/ports.ts';
import type { TransferProgress } from '../contract/transfer-progress.ts';
import type { Peer } from '../peers/peer.ts';
import type { Traffic } from '../peers/traffic.ts';
import type { Header } from '../protocol/header.ts';
import type { DeliveryState } from '../queues/outbox-batch.ts';
import type { OutgoingBody } from '../queues/outgoing-body.ts';
import type { FileAnswer } from './file-answer.ts';
import { endOf, type Transfer, type TransferEnd } from './transfers.ts';
import { announcement, UploadSource } from './upload-source.ts';

export interface UploadOptions {
  readonly peer: Peer;
  readonly path: string;
  readonly transfer: Transfer;
  readonly traffic: Traffic;
  readonly random: Randomness;
  readonly requestId: number;
  /** Directory for the archive of a directory. */
  readonly temporaryDirectory: string;
  readonly onEnd: () => void;
}

/** Sends one file or directory to a peer, from reading it to the peer's answer. */
export class Upload {
  readonly peer: Peer;
  readonly requestId: number;
  readonly transfer: Transfer;
  readonly #options: UploadOptions;
  readonly #abort = new AbortController();
  #source: UploadSource | undefined;
  #takeBack: (() => void) | undefined;
  /** Whether it crosses beside the messages, or in the frame of its own message. */
  #way: 'unknown' | 'transfer' | 'frame' = 'unknown';
  /** The peer has all of it. */
  #isThere = false;
  #acknowledged = false;
  #ended = false;

  constructor(options: UploadOptions) {
    this.#options = options;
    this.peer = options.peer;
    this.requestId = options.requestId;
    this.transfer = options.transfer;
  }

  /** Never throws: errors are shown in the transfer's row. */
  async start(): Promise<void> {
    const { path, random, temporaryDirectory, traffic } = this.#options;
    const { signal } = this.#abort;
    try {
      const source = await UploadSource.find({
        ...{ path, random, temporaryDirectory, signal },
        onPacking: ({ doneBytes, totalBytes }) => this.transfer.progress(doneBytes, totalBytes),
      });
      this.#source = source;
      if (this.peer.link?.speaksFiles === false) await source.pack();
      if (this.#ended) return this.#remove();
      const { name } = source;
      this.transfer.rename(name);
      this.transfer.progress(0, source.sizeBytes);
      this.transfer.become('waiting', source.renamed);
      this.#takeBack = await traffic.send(this.peer, {
        header: this.#header(name),
        data: announcement(name),
        body: this.#body(source),
        onState: (state, reason) => this.#onState(state, reason),
      });
      // It may have been cancelled while it was being stored.
      if (this.#ended) this.#takeBack();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @returns false if it has ended, or is complete at the peer */
  cancel(): boolean {
    if (this.#ended || this.#isThere) return false;
    this.#abort.abort();
    this.#end('cancelled');
    this.#takeBack?.();
    return true;
  }

  /** The peer's answer to the message with the file. */
  answered(answer: FileAnswer): void {
    if ('refused' in answer) return this.#end('refused', answer.refused);
    if ('kept' in answer && answer.leftOut !== undefined) this.transfer.leavesOut(answer.leftOut);
    else if (this.#source !== undefined) this.transfer.leavesOut(this.#source.leftOut);
    this.#end(
      'done',
      this.#withNames('kept' in answer ? `saved by the peer as ${answer.kept}` : 'received by Python'),
    );
  }

  /** The connection was lost. What was not acknowledged is sent on the next one. */
  disconnected(): void {
    this.#isThere = false;
    if (this.#acknowledged) this.#endUnanswered();
  }

  #withNames(detail: string): string {
    const names = this.#source?.renamed;
    return names === undefined ? detail : `${detail} (${names})`;
  }

  /** PROTOCOL §10. The local path is private, so src_path is only the name. */
  #header(name: string): Header {
    return {
      message_type: 'any',
      await_response: true,
      request_id: this.requestId,
      with_file: { src_path: name, dst_type: 'any', dst_name: name, delete: false },
    };
  }

  #body(source: UploadSource): OutgoingBody {
    return {
      sizeBytes: source.sizeBytes,
      whenUnreadable: 'fail',
      anyOrder: true,
      onDelivered: () => undefined,
      open: async () => {
        this.#way = 'frame';
        const file = await source.frame();
        this.transfer.rename(source.name);
        this.transfer.progress(0, file.sizeBytes);
        this.transfer.become('running');
        return file;
      },
      source: () => {
        this.#way = 'transfer';
        return source.transfer();
      },
      onProgress: (progress) => this.#onProgress(progress),
    };
  }

  #onProgress(progress: TransferProgress): void {
    const { phase, doneBytes, failure } = progress;
    if (this.#way === 'frame') return this.transfer.progress(doneBytes);
    this.#isThere = phase === 'ready';
    this.transfer.report(progress);
    if (failure === undefined) return;
    const { end, detail } = endOf(failure);
    this.#end(end, detail);
  }

  #onState(state: DeliveryState, reason?: string): void {
    if (this.#ended) return;
    if (state === 'received') {
      this.#acknowledged = true;
      // An aioc peer answers before it acknowledges: the answer was lost with an earlier connection.
      if (this.#way === 'transfer') this.#endUnanswered();
    } else if (state === 'waiting') {
      if (this.#way === 'frame')
        this.transfer.become('waiting', 'the connection was lost; it will be sent again on the next one');
    } else if (state === 'dropped') this.#end('refused', 'the peer ignores this connector');
    else if (state === 'failed') this.#end('failed', reason);
  }

  #endUnanswered(): void {
    this.#end(
      'failed',
      'it was sent, but the connection was lost before the peer confirmed that it was saved',
    );
  }

  #fail(error: unknown): void {
    const known = toAiocError(error, 'AIOC_FILE_UNREADABLE');
    if (known.code !== 'AIOC_CANCELLED')
      this.#end(known.code === 'AIOC_IGNORED' ? 'refused' : 'failed', known.message);
  }

  #end(phase: TransferEnd, detail?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.transfer.become(phase, detail);
    this.#remove();
    this.#options.onEnd();
  }

  #remove(): void {
    void this.#source?.remove();
  }
}
