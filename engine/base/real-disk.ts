import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import type { Disk, DiskFile } from './disk.ts';
import { lockHolder, takeProcessLock } from './locks/process-lock.ts';

const FLAGS = { create: 'wx+', write: 'r+', read: 'r' } as const;

/** The disk of this machine. Only the owner can read the created files. */
export function realDisk(): Disk {
  return {
    open: async (path, how) => new RealFile(await open(path, FLAGS[how], 0o600)),
    list: async (directory) => (await readdir(directory)).sort(),
    makeDirectory: async (path) => void (await mkdir(path, { recursive: true, mode: 0o700 })),
    rename,
    remove: (path) => rm(path),
    syncDirectory,
    lock: takeProcessLock,
    lockHolder,
  };
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

class RealFile implements DiskFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async read(into: Buffer, at: number): Promise<number> {
    return (await this.#handle.read(into, 0, into.length, at)).bytesRead;
  }

  async write(bytes: Buffer, at: number): Promise<number> {
    return (await this.#handle.write(bytes, 0, bytes.length, at)).bytesWritten;
  }

  async writev(pieces: readonly Buffer[], at: number): Promise<number> {
    return (await this.#handle.writev(pieces as Buffer[], at)).bytesWritten;
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#handle.truncate(sizeBytes);
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
