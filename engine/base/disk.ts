/**
 * The journal's door to the disk, so that a simulated one can own it. Calls fail with the system's own errors (`code`
 * ENOSPC, EIO, ENOENT, …).
 */
export interface DiskFile {
  /** Reads up to `into.length` bytes; fewer only at the end of the file. */
  read(into: Buffer, at: number): Promise<number>;
  /** Writes at a place, and says how many bytes that were: it may be fewer. */
  write(bytes: Buffer, at: number): Promise<number>;
  /** Resolves when everything written so far would survive a power loss. */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface Disk {
  /** `create`: a new file, and an error when there is one; `write`: an existing one; both may be read, too. */
  open(path: string, how: 'create' | 'write' | 'read'): Promise<DiskFile>;
  /** The names in a directory, sorted. */
  list(directory: string): Promise<readonly string[]>;
  /** Makes a directory with those above it; one that is there already is fine. */
  makeDirectory(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Resolves when the names that were made, changed and removed in it would survive a power loss. */
  syncDirectory(path: string): Promise<void>;
  /**
   * Takes a lock that no other process gets while this one lives.
   *
   * @returns what gives it back
   * @throws AiocError AIOC_JOURNAL_IN_USE saying who holds it
   */
  lock(path: string): Promise<() => Promise<void>>;
  /** The living process that holds a lock, in words. */
  lockHolder(path: string): Promise<string | undefined>;
}

/** Writes all of it, in as many pieces as the disk takes. */
export async function writeWhole(file: DiskFile, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const written = await file.write(done === 0 ? bytes : bytes.subarray(done), at + done);
    if (written <= 0) throw Object.assign(new Error('the disk takes no more bytes'), { code: 'EIO' });
    done += written;
  }
}

/** Reads until `into` is full or the file ends, and says how many bytes that were. */
export async function readWhole(file: DiskFile, into: Buffer, at: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const got = await file.read(done === 0 ? into : into.subarray(done), at + done);
    if (got === 0) break;
    done += got;
  }
  return done;
}
