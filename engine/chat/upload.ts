import { mkdir, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Randomness } from '../base/ports.ts';
import { openFileSource } from '../files/file-source.ts';
import { fittingName } from '../files/free-name.ts';
import { meantPath, outgoingName } from '../files/lossy-path.ts';
import { openOutgoing } from '../files/outgoing-file.ts';
import { zipDirectory } from '../files/zip-directory.ts';
import type { Peer } from '../peers/peer.ts';
import type { Traffic } from '../peers/traffic.ts';
import type { Header } from '../protocol/header.ts';
import type { DeliveryState } from '../queues/outbox-batch.ts';
import type { OutgoingBody } from '../queues/outgoing-body.ts';
import type { FileAnswer } from './file-answer.ts';
import type { Transfer } from './transfers.ts';

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
  #takeBack: (() => void) | undefined;
  #archive: string | undefined;
  /** Names that are not UTF-8, and are sent in a readable form. */
  readonly #renamed: string[] = [];
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
    try {
      const path = resolve(this.#options.path);
      const source = await this.#prepare(path);
      if (this.#ended) return;
      this.transfer.rename(source.name);
      this.transfer.progress(0, source.sizeBytes);
      this.transfer.become('waiting', this.#namesMadeReadable());
      this.#takeBack = await this.#options.traffic.send(this.peer, {
        header: this.#header(source.name),
        data: Buffer.from(`Receiving ${source.name}`),
        body: this.#body(source),
        onState: (state, reason) => this.#onState(state, reason),
      });
      // It may have been cancelled while it was being stored.
      if (this.#ended) this.#takeBack();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @returns false if it had already ended */
  cancel(): boolean {
    if (this.#ended) return false;
    this.#abort.abort();
    this.#takeBack?.();
    this.#end('cancelled');
    return true;
  }

  /** The peer's answer to the message with the file. */
  answered(answer: FileAnswer): void {
    if ('refused' in answer) this.#end('refused', answer.refused);
    else if ('kept' in answer) this.#end('done', this.#withNames(`saved by the peer as ${answer.kept}`));
    else this.#end('done', this.#withNames('received by Python'));
  }

  /** The connection was lost. An unacknowledged file is sent again from the start on the next one. */
  disconnected(): void {
    if (this.#acknowledged)
      this.#end(
        'failed',
        'it was sent, but the connection was lost before the peer confirmed that it was saved',
      );
  }

  async #prepare(path: string): Promise<{ path: string; name: string; sizeBytes: number }> {
    const meant = await meantPath(path);
    const isDirectory = await stat(meant).then(
      (info) => info.isDirectory(),
      () => false,
    );
    const file = await openOutgoing(isDirectory ? await this.#pack(meant) : path);
    await file.close();
    if (file.sizeBytes > LIMITS.fileInFrameBytes) {
      throw new AiocError(
        'AIOC_FRAME_TOO_LARGE',
        `it has ${file.sizeBytes} bytes, and at most ${LIMITS.fileInFrameBytes} fit into one frame: split it first`,
      );
    }
    const ownName = outgoingName(path, meant);
    if (ownName !== basename(path)) this.#renamed.push('its own name');
    return {
      path: this.#archive ?? path,
      name: isDirectory ? fittingName(`${ownName || 'root'}.zip`) : ownName,
      sizeBytes: file.sizeBytes,
    };
  }

  async #pack(directory: string | Buffer): Promise<string> {
    const { temporaryDirectory, random } = this.#options;
    await mkdir(temporaryDirectory, { recursive: true, mode: 0o700 });
    const targetFile = join(temporaryDirectory, `${random.bytes(8).toString('hex')}.zip`);
    const { renamed } = await zipDirectory({
      directory,
      targetFile,
      signal: this.#abort.signal,
      onProgress: ({ doneBytes, totalBytes }) => this.transfer.progress(doneBytes, totalBytes),
    });
    this.#archive = targetFile;
    if (renamed > 0) this.#renamed.push(renamed === 1 ? '1 name in it' : `${renamed} names in it`);
    return targetFile;
  }

  #withNames(detail: string): string {
    const names = this.#namesMadeReadable();
    return names === undefined ? detail : `${detail} (${names})`;
  }

  #namesMadeReadable(): string | undefined {
    if (this.#renamed.length === 0) return undefined;
    return `names that are not UTF-8 were converted: ${this.#renamed.join(', ')}`;
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

  #body(source: { readonly path: string; readonly sizeBytes: number }): OutgoingBody {
    const { signal } = this.#abort;
    return {
      sizeBytes: source.sizeBytes,
      whenUnreadable: 'fail',
      onDelivered: () => undefined,
      open: async () => {
        const file = await openOutgoing(source.path);
        this.transfer.progress(0, file.sizeBytes);
        this.transfer.become('running');
        return { ...file, chunks: () => stoppable(file.chunks(), signal) };
      },
      source: () => openFileSource(source.path),
      onProgress: ({ doneBytes }) => this.transfer.progress(doneBytes),
    };
  }

  #onState(state: DeliveryState, reason?: string): void {
    if (this.#ended) return;
    if (state === 'received') this.#acknowledged = true;
    else if (state === 'waiting')
      this.transfer.become('waiting', 'the connection was lost; it will be sent again on the next one');
    else if (state === 'dropped') this.#end('refused', 'the peer ignores this connector');
    else if (state === 'failed') this.#end('failed', reason);
  }

  #fail(error: unknown): void {
    const known = toAiocError(error, 'AIOC_FILE_UNREADABLE');
    if (known.code !== 'AIOC_CANCELLED')
      this.#end(known.code === 'AIOC_IGNORED' ? 'refused' : 'failed', known.message);
  }

  #end(phase: 'done' | 'refused' | 'failed' | 'cancelled', detail?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.transfer.become(phase, detail);
    if (this.#archive !== undefined) void rm(this.#archive, { force: true });
    this.#options.onEnd();
  }
}

/**
 * A file is one frame, as Python sends it, and the messages behind it wait. Nothing else may fill that frame, so to cancel
 * the file means to close the connection and to make a new one.
 */
async function* stoppable(chunks: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    if (signal.aborted) throw new AiocError('AIOC_CANCELLED', 'cancelled');
    yield chunk;
  }
}
