import { rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AiocError } from '../base/errors.ts';
import { writeError } from './disk-errors.ts';
import type { SpaceReservation } from './disk-space.ts';
import { HeldDirectory } from './held-directory.ts';
import type { PartialContent } from './partial-content.ts';
import type { PeerQuotas } from './peer-quotas.ts';
import { shownName } from './safe-name.ts';
import type { TransferRecord, TransferRecords } from './transfer-records.ts';
import type { PlacedTransfer, TransferTarget } from './transfer-target.ts';

export interface PartialTargetOptions {
  readonly key: string;
  readonly record: TransferRecord;
  readonly records: TransferRecords;
  readonly directory: HeldDirectory;
  readonly content: PartialContent;
  readonly space: SpaceReservation;
  readonly quotas: PeerQuotas;
  /** Called once, when it is closed for whatever reason. */
  onClose(): void;
}

/** A target on the disk. */
export class PartialTarget implements TransferTarget {
  readonly #options: PartialTargetOptions;
  #record: TransferRecord;
  #isClosed = false;
  #isBusy = false;
  #countedFiles: number;

  constructor(options: PartialTargetOptions) {
    this.#options = options;
    this.#record = options.record;
    this.#countedFiles = options.record.files;
  }

  get isPlaced(): boolean {
    return this.#record.state === 'placed';
  }

  async *existing(): AsyncGenerator<Buffer> {
    try {
      yield* this.#options.content.existing();
    } catch (error) {
      throw writeError(this.#record.name, error);
    }
  }

  async truncate(atBytes: number): Promise<void> {
    const { content, space } = this.#options;
    await this.#try(() => content.truncate(atBytes));
    space.forgo(atBytes);
  }

  async write(bytes: Buffer): Promise<void> {
    const { content, space, quotas } = this.#options;
    await this.#try(async () => {
      this.#checkRoom(bytes.length);
      quotas.spend(this.#record.peer, { files: 0, bytes: bytes.length });
      await space.use(bytes.length);
      await content.write(bytes);
      this.#count();
    });
  }

  async skip(zeroBytes: number): Promise<void> {
    const { content, space } = this.#options;
    await this.#try(async () => {
      this.#checkRoom(zeroBytes);
      space.forgo(zeroBytes);
      await content.skip(zeroBytes);
      this.#count();
    });
  }

  async finish(): Promise<void> {
    const { content } = this.#options;
    await this.#try(async () => {
      const { sizeBytes } = this.#record;
      if (sizeBytes !== null && content.doneBytes !== sizeBytes)
        throw new AiocError(
          'AIOC_FILE_WRITE',
          `${this.#shownName} was not stored: ${content.doneBytes} of ${sizeBytes} bytes arrived. Send it again.`,
        );
      await content.finish();
      const { leftOut } = content;
      await this.#note({ state: 'complete', ...(leftOut !== undefined && { leftOut }) });
    });
  }

  async place(): Promise<PlacedTransfer> {
    const { directory, content, key, quotas } = this.#options;
    if (this.isPlaced) return placedOf(this.#record);
    if (this.#record.state === 'partial')
      throw new AiocError('AIOC_INTERNAL', 'A transfer was to be placed before it was complete.');
    await this.#try(async () => {
      await content.close();
      const as = await this.#placeNow();
      await content.afterPlacing(as);
      await directory.sync();
      await this.#note({ state: 'placed', as });
    });
    quotas.release(key);
    await this.#close();
    return placedOf(this.#record);
  }

  async settled(): Promise<void> {
    await this.#close();
    if (this.isPlaced) await this.#options.records.remove(this.#options.key);
  }

  /** What cannot be deleted now is deleted when it is old, because its record stays. */
  async discard(): Promise<void> {
    const { directory, key, records, quotas, content } = this.#options;
    if (this.isPlaced) return this.#close();
    try {
      await content.discard();
      await directory.sync();
      await removeMade(directory.path, this.#record.madeParts);
      await records.remove(key);
      quotas.release(key);
    } catch {
      await content.close().catch(() => undefined);
    } finally {
      await this.#close();
    }
  }

  async suspend(): Promise<void> {
    const { content } = this.#options;
    if (this.#isClosed) return;
    try {
      if (this.#record.state === 'partial')
        await this.#note({ doneBytes: content.doneBytes, files: content.files });
    } finally {
      await this.#close();
    }
  }

  #placeNow(): Promise<string> {
    const { name, taken } = this.#record;
    return this.#options.content.place({
      ...{ name, taken },
      onAttempt: async ({ name, isClaim }) => {
        const { isClaimed: _, ...record } = this.#record;
        this.#record = record;
        // After a power loss the record must not be older than the name.
        await this.#note({ state: 'placing', as: name, ...(isClaim && { isClaimed: true }) }, true);
      },
    });
  }

  async #note(change: Partial<TransferRecord>, isDurable = false): Promise<void> {
    const { content, records, key } = this.#options;
    const { doneBytes, files } = content;
    this.#record = { ...this.#record, ...(doneBytes > 0 && { doneBytes, files }), ...change };
    await records.write(key, this.#record, { isDurable });
  }

  /** A file may not grow beyond what was announced. */
  #checkRoom(bytes: number): void {
    const { sizeBytes } = this.#record;
    if (sizeBytes !== null && this.#options.content.doneBytes + bytes > sizeBytes)
      throw new AiocError(
        'AIOC_FILE_WRITE',
        `More bytes arrived than were announced for ${this.#shownName}.`,
      );
  }

  /** A tree announces no size: its quota grows with it. */
  #count(): void {
    const { content, quotas, key } = this.#options;
    if (this.#record.sizeBytes !== null) return;
    const { files, doneBytes: bytes } = content;
    quotas.spend(this.#record.peer, { files: files - this.#countedFiles, bytes: 0 });
    this.#countedFiles = Math.max(files, this.#countedFiles);
    quotas.hold(key, { peer: this.#record.peer, files, bytes });
  }

  async #try<T>(action: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new AiocError('AIOC_CANCELLED', 'The file is no longer being received.');
    if (this.#isBusy)
      throw new AiocError('AIOC_INTERNAL', 'A file was written to before the previous write had finished.');
    this.#isBusy = true;
    try {
      return await action();
    } catch (error) {
      throw writeError(this.#record.name, error);
    } finally {
      this.#isBusy = false;
    }
  }

  get #shownName(): string {
    return shownName(this.#record.name);
  }

  async #close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { content, directory, space, onClose } = this.#options;
    space.release();
    try {
      await content.close();
      await directory.close();
    } finally {
      onClose();
    }
  }
}

/** The target of a transfer that an earlier run has placed. */
export class PlacedTarget implements TransferTarget {
  readonly isPlaced = true;
  readonly #placed: PlacedTransfer;
  readonly #options: { onSettled(): Promise<void>; onClose(): void };

  constructor(record: TransferRecord, options: { onSettled(): Promise<void>; onClose(): void }) {
    this.#placed = placedOf(record);
    this.#options = options;
  }

  async *existing(): AsyncGenerator<Buffer> {
    // Its content belongs to the user now.
  }

  truncate(): Promise<never> {
    return this.write();
  }

  async write(): Promise<never> {
    throw new AiocError('AIOC_INTERNAL', 'A file that is placed was to be received again.');
  }

  skip(): Promise<never> {
    return this.write();
  }

  async finish(): Promise<void> {
    // It is complete.
  }

  async place(): Promise<PlacedTransfer> {
    return this.#placed;
  }

  async settled(): Promise<void> {
    this.#options.onClose();
    await this.#options.onSettled();
  }

  async discard(): Promise<void> {
    this.#options.onClose();
  }

  async suspend(): Promise<void> {
    this.#options.onClose();
  }
}

function placedOf({ as, name, directory, leftOut }: TransferRecord): PlacedTransfer {
  const placedAs = as ?? name;
  return { name: placedAs, path: join(directory, placedAs), ...(leftOut !== undefined && { leftOut }) };
}

/** Deletes directories that were created for a transfer and are empty. */
export async function removeMade(directory: string, madeParts: number): Promise<void> {
  let path = directory;
  try {
    for (let left = madeParts; left > 0; left -= 1) {
      const parent = await HeldDirectory.open(dirname(path));
      try {
        await rmdir(parent.at(basename(path)));
      } finally {
        await parent.close();
      }
      path = dirname(path);
    }
  } catch {
    // Others use it.
  }
}
