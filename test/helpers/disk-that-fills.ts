import type { Disk, DiskFile } from '../../engine/base/disk.ts';
import { realDisk } from '../../engine/base/real-disk.ts';

/** The real disk, which says that it is full while `isFull` is set: what only reads or removes goes on. */
export class DiskThatFills {
  isFull = false;
  /** Calls that were refused because it was full. */
  refused = 0;
  readonly disk: Disk;

  constructor() {
    const real = realDisk();
    this.disk = {
      ...real,
      open: async (path, how) => {
        if (how === 'create') this.#takeRoom();
        return this.#watched(await real.open(path, how));
      },
    };
  }

  #watched(file: DiskFile): DiskFile {
    return {
      read: (into, at) => file.read(into, at),
      write: async (bytes, at) => {
        this.#takeRoom();
        return file.write(bytes, at);
      },
      writev: async (pieces, at) => {
        this.#takeRoom();
        return file.writev(pieces, at);
      },
      sync: () => file.sync(),
      truncate: (sizeBytes) => file.truncate(sizeBytes),
      size: () => file.size(),
      close: () => file.close(),
    };
  }

  #takeRoom(): void {
    if (!this.isFull) return;
    this.refused += 1;
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  }
}
