/**
 * The journal's interface to the disk, which tests can simulate. Calls fail with the system's errors (`code` ENOSPC,
 * EIO, ENOENT, …).
 */
export interface DiskFile {
  /** Reads up to `into.length` bytes; fewer only at the end of the file. */
  read(into: Buffer, at: number): Promise<number>;
  /** Writes at an offset. Returns the number of bytes written, which may be smaller. */
  write(bytes: Buffer, at: number): Promise<number>;
  /** The same with several pieces, one after the other. */
  writev(pieces: readonly Buffer[], at: number): Promise<number>;
  /** Resolves when everything written so far would survive a power loss. */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface Disk {
  /** `create`: a new file, fails if it exists; `write`: an existing file; both can also be read. */
  open(path: string, how: 'create' | 'write' | 'read'): Promise<DiskFile>;
  /** The names in a directory, sorted. */
  list(directory: string): Promise<readonly string[]>;
  /** Creates a directory and its parents; does nothing if it exists. */
  makeDirectory(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Resolves when files created, renamed and removed in the directory would survive a power loss. */
  syncDirectory(path: string): Promise<void>;
  /**
   * Takes a lock that no other process can take while this one lives.
   *
   * @returns a function that releases it
   * @throws AiocError AIOC_JOURNAL_IN_USE; the message names the holder
   */
  lock(path: string): Promise<() => Promise<void>>;
  /** Describes the living process that holds a lock. */
  lockHolder(path: string): Promise<string | undefined>;
}

/** Writes all pieces, one after the other, in as many writes as necessary. */
export async function writeWhole(file: DiskFile, pieces: readonly Buffer[], at: number): Promise<void> {
  let rest = pieces.filter(({ length }) => length > 0);
  for (let done = 0; rest.length > 0; ) {
    const [only] = rest;
    const isOne = only !== undefined && rest.length === 1;
    const written = await (isOne ? file.write(only, at + done) : file.writev(rest, at + done));
    if (written <= 0) throw Object.assign(new Error('the disk accepts no more bytes'), { code: 'EIO' });
    done += written;
    rest = withoutFirst(rest, written);
  }
}

function withoutFirst(pieces: readonly Buffer[], count: number): Buffer[] {
  let left = count;
  let index = 0;
  for (; index < pieces.length; index += 1) {
    const { length } = pieces[index] as Buffer;
    if (left < length) break;
    left -= length;
  }
  const rest = pieces.slice(index);
  if (left > 0) rest[0] = (rest[0] as Buffer).subarray(left);
  return rest;
}

/** Reads until `into` is full or the file ends. Returns the number of bytes read. */
export async function readWhole(file: DiskFile, into: Buffer, at: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const got = await file.read(done === 0 ? into : into.subarray(done), at + done);
    if (got === 0) break;
    done += got;
  }
  return done;
}
