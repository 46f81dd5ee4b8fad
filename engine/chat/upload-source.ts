import { mkdir, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Randomness } from '../base/ports.ts';
import { leftOutOf, zipNameOf } from '../files/directory-archive.ts';
import { fittingName } from '../files/free-name.ts';
import { meantPath, outgoingName } from '../files/lossy-path.ts';
import { openSource } from '../files/open-source.ts';
import { openOutgoing } from '../files/outgoing-file.ts';
import { zipDirectory } from '../files/zip-directory.ts';
import type { LeftOut, OutgoingBody, TransferSource } from '../queues/outgoing-body.ts';

export interface UploadSourceOptions {
  readonly path: string;
  readonly random: Randomness;
  /** For the archive of a directory. */
  readonly temporaryDirectory: string;
  /** Stops it. */
  readonly signal: AbortSignal;
  /** An archive is being made. */
  readonly onPacking: (progress: { readonly doneBytes: number; readonly totalBytes: number }) => void;
}

/** What an upload sends: a file; or a directory, which peers that take no transfers receive as a zip file. */
export class UploadSource {
  readonly #options: UploadSourceOptions;
  readonly #path: string;
  readonly #meant: string | Buffer;
  readonly #isDirectory: boolean;
  /** 0: not known yet. */
  readonly sizeBytes: number;
  #archive: Promise<string> | undefined;
  #tree: TransferSource | undefined;
  #zipLeftOut = 0;
  /** Names that are not UTF-8, and are sent in a readable form. */
  readonly #renamed: string[] = [];

  private constructor(
    options: UploadSourceOptions,
    found: { path: string; meant: string | Buffer; isDirectory: boolean; sizeBytes: number },
  ) {
    this.#options = options;
    this.#path = found.path;
    this.#meant = found.meant;
    this.#isDirectory = found.isDirectory;
    this.sizeBytes = found.sizeBytes;
    if (outgoingName(found.path, found.meant) !== basename(found.path)) this.#renamed.push('its own name');
  }

  /** @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE, AIOC_FILE_NAME_BAD if it cannot be sent */
  static async find(options: UploadSourceOptions): Promise<UploadSource> {
    const path = resolve(options.path);
    const meant = await meantPath(path);
    const opened = await openSource(path);
    await opened.close();
    const { kind, sizeBytes = 0 } = opened;
    return new UploadSource(options, { path, meant, isDirectory: kind === 'tree', sizeBytes });
  }

  /** Its name at the peer. */
  get name(): string {
    const ownName = outgoingName(this.#path, this.#meant);
    if (this.#archive !== undefined) return zipNameOf(ownName);
    return this.#isDirectory ? fittingName(ownName || 'root') : ownName;
  }

  /** What of a directory is not sent; complete once it has been read. */
  get leftOut(): LeftOut {
    if (this.#tree !== undefined) return this.#tree.leftOut;
    return leftOutOf(this.#zipLeftOut);
  }

  /** Undefined if all names are UTF-8. */
  get renamed(): string | undefined {
    if (this.#renamed.length === 0) return undefined;
    return `names that are not UTF-8 were converted: ${this.#renamed.join(', ')}`;
  }

  /** Makes the archive of a directory, for a peer that is known to take no transfers: nothing waits for it then. */
  async pack(): Promise<void> {
    if (!this.#isDirectory) return;
    this.#archive ??= this.#pack();
    await this.#archive;
  }

  /** See OutgoingBody. */
  async transfer(): Promise<TransferSource> {
    const source = await openSource(this.#archive === undefined ? this.#path : await this.#archive);
    if (source.kind === 'tree') this.#tree = source;
    return source;
  }

  /** See OutgoingBody. */
  async frame(): ReturnType<OutgoingBody['open']> {
    await this.pack();
    const file = await openOutgoing((await this.#archive) ?? this.#path);
    if (file.sizeBytes > LIMITS.fileInFrameBytes) {
      await file.close();
      throw new AiocError(
        'AIOC_FRAME_TOO_LARGE',
        `it has ${file.sizeBytes} bytes, and this peer takes at most ${LIMITS.fileInFrameBytes} in one frame: split it first`,
      );
    }
    const { name } = this;
    const packed = this.#isDirectory ? { name, data: announcement(name), leftOut: this.leftOut } : undefined;
    return { ...file, packed, chunks: () => stoppable(file.chunks(), this.#options.signal) };
  }

  /** Removes the archive. Never fails. */
  async remove(): Promise<void> {
    const archive = await this.#archive?.catch(() => undefined);
    if (archive !== undefined) await rm(archive, { force: true }).catch(() => undefined);
  }

  async #pack(): Promise<string> {
    const { temporaryDirectory, random, signal, onPacking } = this.#options;
    await mkdir(temporaryDirectory, { recursive: true, mode: 0o700 });
    const targetFile = join(temporaryDirectory, `${random.bytes(8).toString('hex')}.zip`);
    const { renamed, skipped } = await zipDirectory({
      directory: this.#meant,
      targetFile,
      signal,
      onProgress: onPacking,
    });
    this.#zipLeftOut = skipped;
    if (renamed > 0) this.#renamed.push(renamed === 1 ? '1 name in it' : `${renamed} names in it`);
    return targetFile;
  }
}

/** The text of a file's message, which Python shows. */
export function announcement(name: string): Buffer {
  return Buffer.from(`Receiving ${name}`);
}

/**
 * Such a file is one frame, as Python sends it, and the messages behind it wait. Nothing else may fill that frame, so to
 * cancel the file means to close the connection and to make a new one.
 */
async function* stoppable(chunks: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    if (signal.aborted) throw new AiocError('AIOC_CANCELLED', 'cancelled');
    yield chunk;
  }
}
