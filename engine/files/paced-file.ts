import { type FileHandle, open } from 'node:fs/promises';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';

type WrittenHandle = Pick<FileHandle, 'write' | 'sync' | 'datasync' | 'close'>;

/**
 * A file that is written, and synced a little at a time. A file system such as ext4 writes what is synced at the same time
 * together: behind the sync of a large file, the journal of the messages would wait for all of its bytes. So no sync is
 * large, and who writes faster than the disk waits.
 */
export class PacedFile<Handle extends WrittenHandle = FileHandle> {
  /** For all but writing and syncing. */
  readonly handle: Handle;
  readonly #disk: PacedDisk;
  /** Admitted by the disk, and not written yet. */
  #admittedBytes = 0;
  /** Written, and not part of a sync. */
  #writtenBytes = 0;
  #isSyncing = false;
  #syncing: Promise<void> = Promise.resolve();
  #failure: unknown;
  #isClosed = false;

  constructor(handle: Handle, disk: PacedDisk) {
    this.handle = handle;
    this.#disk = disk;
  }

  /** Why a sync has failed: what was written is lost. Known for certain after `close`. */
  get failure(): unknown {
    return this.#failure;
  }

  /** What the next sync would contain; 0 while it is being synced. */
  get dueBytes(): number {
    return this.#isSyncing ? 0 : this.#writtenBytes;
  }

  /**
   * Writes all bytes at this position, when the disk has synced enough of what was written before.
   *
   * @throws the system's error, also that of a sync
   */
  async write(bytes: Buffer, at: number): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await this.#disk.admit(bytes.length);
    this.#admittedBytes += bytes.length;
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await this.handle.write(bytes, written, bytes.length - written, at + written);
      written += bytesWritten;
      this.#admittedBytes -= bytesWritten;
      this.#writtenBytes += bytesWritten;
    }
    this.#disk.syncSome();
  }

  /** Syncs what is written. Never fails: the next call of another method does. */
  syncAhead(): Promise<void> {
    return this.#sync(() => this.handle.datasync()).catch(() => undefined);
  }

  /**
   * Syncs all of it, with its size, times and mode.
   *
   * @throws the system's error
   */
  async sync(): Promise<void> {
    // Only one of two syncs at the same time would report an error.
    while (this.#isSyncing) await this.#syncing.catch(() => undefined);
    if (this.#failure !== undefined) throw this.#failure;
    await this.#sync(() => this.handle.sync());
  }

  /** After the last write. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const bytes = this.#admittedBytes + this.#writtenBytes;
    this.#admittedBytes = 0;
    this.#writtenBytes = 0;
    this.#disk.remove(this, bytes);
    while (this.#isSyncing) await this.#syncing.catch(() => undefined);
    await this.handle.close();
  }

  #sync(sync: () => Promise<void>): Promise<void> {
    const bytes = this.#writtenBytes;
    this.#writtenBytes = 0;
    this.#isSyncing = true;
    this.#syncing = this.#disk.inTurn(sync, bytes).then(
      () => this.#synced(bytes),
      (error: unknown) => {
        this.#failure = error;
        this.#synced(bytes);
        throw error;
      },
    );
    return this.#syncing;
  }

  #synced(bytes: number): void {
    this.#isSyncing = false;
    this.#disk.give(bytes);
  }
}

type Syncable = Pick<PacedFile, 'dueBytes' | 'syncAhead'>;

/** The files of one file system that are being written. */
class PacedDisk {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #onUnused: () => void;
  readonly #files = new Set<Syncable>();
  readonly #toWrite: { readonly bytes: number; readonly resolve: () => void }[] = [];
  readonly #toSync: (() => void)[] = [];
  #unsyncedBytes = 0;
  #stepBytes: number = LIMITS.fileSyncMinBytes;
  #syncs = 0;
  #isSyncingAhead = false;

  constructor(clock: Pick<Clock, 'now'>, onUnused: () => void) {
    this.#clock = clock;
    this.#onUnused = onUnused;
  }

  add(file: Syncable): void {
    this.#files.add(file);
  }

  remove(file: Syncable, unsyncedBytes: number): void {
    this.#files.delete(file);
    this.give(unsyncedBytes);
    if (this.#files.size === 0) this.#onUnused();
  }

  async admit(bytes: number): Promise<void> {
    if (this.#toWrite.length > 0 || !this.#hasRoom)
      return new Promise((resolve) => this.#toWrite.push({ bytes, resolve }));
    this.#unsyncedBytes += bytes;
  }

  /** They are synced, or never will be. */
  give(bytes: number): void {
    this.#unsyncedBytes -= bytes;
    while (this.#hasRoom) {
      const next = this.#toWrite.shift();
      if (next === undefined) break;
      this.#unsyncedBytes += next.bytes;
      next.resolve();
    }
    this.syncSome();
  }

  /** Syncs the file of which most is written, if there is enough to sync. */
  syncSome(): void {
    if (this.#isSyncingAhead || this.#unsyncedBytes < this.#stepBytes) return;
    let most: Syncable | undefined;
    for (const file of this.#files) if (file.dueBytes > (most?.dueBytes ?? 0)) most = file;
    if (most === undefined) return;
    this.#isSyncingAhead = true;
    void most.syncAhead().then(() => {
      this.#isSyncingAhead = false;
      this.syncSome();
    });
  }

  /** With a thread for each sync, none would be left for the journal: Node has four. */
  async inTurn(sync: () => Promise<void>, bytes: number): Promise<void> {
    if (this.#syncs >= LIMITS.filesSynced) await new Promise<void>((resolve) => this.#toSync.push(resolve));
    else this.#syncs += 1;
    const startedMs = this.#clock.now();
    try {
      await sync();
    } finally {
      this.#adjust(this.#clock.now() - startedMs, bytes);
      const next = this.#toSync.shift();
      if (next === undefined) this.#syncs -= 1;
      else next();
    }
  }

  get #hasRoom(): boolean {
    return this.#unsyncedBytes < 2 * this.#stepBytes;
  }

  #adjust(tookMs: number, syncedBytes: number): void {
    const factor = Math.min(2, Math.max(0.5, LIMITS.fileSyncMs / Math.max(1, tookMs)));
    // A small sync says nothing about large ones.
    if (factor > 1 && syncedBytes < this.#stepBytes / 2) return;
    const bytes = this.#stepBytes * factor;
    this.#stepBytes = Math.min(LIMITS.fileSyncMaxBytes, Math.max(LIMITS.fileSyncMinBytes, bytes));
  }
}

/** The files that a connector writes: those of one file system share its pace. */
export class SyncPaces {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #disks = new Map<number, PacedDisk>();

  constructor(clock: Pick<Clock, 'now'> = performance) {
    this.#clock = clock;
  }

  /**
   * Opens a file to write it.
   *
   * @throws the system's error
   */
  async open(path: string | Buffer, flags: number, mode?: number): Promise<PacedFile> {
    return this.pace(await open(path, flags, mode));
  }

  /** @param handle open for writing; the paced file closes it */
  async pace<Handle extends WrittenHandle & Pick<FileHandle, 'stat'>>(
    handle: Handle,
  ): Promise<PacedFile<Handle>> {
    try {
      const { dev } = await handle.stat();
      const disk = this.#disks.get(dev) ?? new PacedDisk(this.#clock, () => this.#disks.delete(dev));
      this.#disks.set(dev, disk);
      const file = new PacedFile(handle, disk);
      disk.add(file);
      return file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }
}
