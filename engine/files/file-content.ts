import { constants } from 'node:fs';
import { rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { takePieceBuffer } from '../base/piece-buffers.ts';
import { placeFile } from './free-name.ts';
import type { HeldDirectory } from './held-directory.ts';
import type { PacedFile, SyncPaces } from './paced-file.ts';
import type { HowToPlace, PartialContent } from './partial-content.ts';
import { receivedMode, receivedSeconds } from './received-mode.ts';

export interface FileContentOptions {
  readonly directory: HeldDirectory;
  /** Its hidden name. */
  readonly partial: string;
  readonly mode: number;
  readonly mtimeMs: number;
  readonly paces: SyncPaces;
}

/** One file, which grows at its end. */
export class FileContent implements PartialContent {
  readonly files = 1;
  readonly leftOut = undefined;
  readonly #where: FileContentOptions;
  #opening: Promise<PacedFile> | undefined;
  #doneBytes = 0;
  #isClosed = false;

  constructor(where: FileContentOptions) {
    this.#where = where;
  }

  get doneBytes(): number {
    return this.#doneBytes;
  }

  async *existing(): AsyncGenerator<Buffer> {
    const { handle } = await this.#open();
    for (let at = 0; ; ) {
      const piece = takePieceBuffer(LIMITS.transferPieceBytes);
      const { bytesRead } = await handle.read(piece, 0, piece.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  }

  async truncate(atBytes: number): Promise<void> {
    await (await this.#open()).handle.truncate(atBytes);
    this.#doneBytes = atBytes;
  }

  async write(bytes: Buffer): Promise<void> {
    const file = await this.#open();
    await file.write(bytes, this.#doneBytes);
    this.#doneBytes += bytes.length;
  }

  async skip(zeroBytes: number): Promise<void> {
    this.#doneBytes += zeroBytes;
  }

  async finish(): Promise<void> {
    const file = await this.#open();
    const { handle } = file;
    // A hole at the end.
    await handle.truncate(this.#doneBytes);
    const seconds = receivedSeconds(this.#where.mtimeMs);
    await handle.utimes(seconds, seconds);
    await handle.chmod(receivedMode(this.#where.mode));
    await file.sync();
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    if (this.#isClosed || opening === undefined) return;
    this.#isClosed = true;
    await (await opening.catch(() => undefined))?.close();
  }

  async place(how: HowToPlace): Promise<string> {
    const { directory, partial } = this.#where;
    const from = join(directory.base, partial);
    return (await placeFile({ ...how, from, directory: directory.base, shown: how.name })).name;
  }

  async isPlacedAs(name: string, isClaimed: boolean): Promise<boolean> {
    const { directory, partial } = this.#where;
    const own = await directory.find(partial);
    if (own === undefined) return true;
    const there = await directory.find(name);
    if (there === undefined) return false;
    if (there.ino === own.ino && there.dev === own.dev) {
      await unlink(directory.at(partial));
      return true;
    }
    // The empty file that kept the name free.
    if (!isClaimed || !there.isFile() || there.size > 0) return false;
    await rename(directory.at(partial), directory.at(name));
    return true;
  }

  async afterPlacing(): Promise<void> {
    // Nothing of it is left.
  }

  async discard(): Promise<void> {
    const { directory, partial } = this.#where;
    await this.close();
    await directory.remove(partial);
  }

  #open(): Promise<PacedFile> {
    this.#opening ??= this.#opened();
    return this.#opening;
  }

  /** Creates it, or continues one that is there if it is really this connector's own. */
  async #opened(): Promise<PacedFile> {
    const { directory, partial, paces } = this.#where;
    return (await openOwn(this.#where)) ?? paces.open(directory.at(partial), NEW_FILE, PRIVATE);
  }
}

/** A partial file of an earlier run; undefined, and nothing is there, if it is not one or was tampered with. */
async function openOwn({
  directory,
  partial: name,
  paces,
}: FileContentOptions): Promise<PacedFile | undefined> {
  if ((await directory.find(name)) === undefined) return undefined;
  try {
    // A file that was complete may have any mode. One with another name may be anybody's.
    if (await directory.setMode(name, PRIVATE)) return await paces.open(directory.at(name), OWN_FILE);
  } catch (error) {
    if (!['ELOOP', 'EACCES', 'ENOENT', 'ENXIO'].includes(systemCode(error) ?? '')) throw error;
  }
  await directory.remove(name);
  return undefined;
}

const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_RDWR;
const OWN_FILE = constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_RDWR;
const PRIVATE = 0o600;
