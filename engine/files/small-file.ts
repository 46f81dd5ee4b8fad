import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  futimesSync,
  openSync,
  writeSync,
} from 'node:fs';
import { statfs } from 'node:fs/promises';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';

export interface SmallFile {
  /** Bytes, or numbers of zeros. */
  readonly parts: readonly (Buffer | number)[];
  readonly sizeBytes: number;
  readonly mode: number;
  readonly seconds: number;
}

/**
 * Creates small files with calls that wait for the disk, because to hand each of five calls to a thread takes ten times as
 * long as the calls. Only on disks of this machine, a few files in a turn of the event loop, and not while the disk is
 * slow.
 */
export class SmallFiles {
  readonly #clock: Pick<Clock, 'now'>;
  /** Modes that new files get as they are asked for, whatever the umask is. */
  readonly #plainModes = new Set<number>();
  #isLocal = false;
  #inTurn = 0;
  #turnBeganMs = 0;
  /** Files that will be created in another way, because the disk was slow. */
  #spared = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** @param directory a path in the file system */
  async use(directory: string): Promise<void> {
    const found = await statfs(directory).catch(() => undefined);
    this.#isLocal = found !== undefined && LOCAL_FILE_SYSTEMS.has(found.type);
  }

  /** Whether the next file may be created with `create`. */
  takes(sizeBytes: number): boolean {
    if (!this.#isLocal || sizeBytes > LIMITS.treeFileAheadBytes) return false;
    if (this.#spared === 0) return true;
    this.#spared -= 1;
    return false;
  }

  /** @throws the system's error, as EEXIST */
  create(at: string | Buffer, { parts, sizeBytes, mode, seconds }: SmallFile): void {
    const fd = openSync(at, NEW_FILE, mode);
    try {
      let position = 0;
      for (const part of parts) {
        if (typeof part !== 'number') writeAt(fd, part, position);
        position += typeof part === 'number' ? part : part.length;
      }
      if (typeof parts.at(-1) === 'number') ftruncateSync(fd, sizeBytes);
      if (!this.#plainModes.has(mode)) this.#setMode(fd, mode);
      futimesSync(fd, seconds, seconds);
    } finally {
      closeSync(fd);
    }
  }

  /** After each file: lets others have their turn. */
  async rest(): Promise<void> {
    if (this.#inTurn === 0) this.#turnBeganMs = this.#clock.now();
    this.#inTurn += 1;
    if (this.#inTurn < LIMITS.treeFilesInTurn) return;
    if (this.#clock.now() - this.#turnBeganMs > LIMITS.treeTurnMs) this.#spared = LIMITS.treeFilesSpared;
    this.#inTurn = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }

  #setMode(fd: number, mode: number): void {
    if ((fstatSync(fd).mode & ALL_BITS) === mode) this.#plainModes.add(mode);
    else fchmodSync(fd, mode);
  }
}

function writeAt(fd: number, bytes: Buffer, position: number): void {
  for (let written = 0; written < bytes.length; )
    written += writeSync(fd, bytes, written, bytes.length - written, position + written);
}

const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_WRONLY;
const ALL_BITS = 0o7777;
/** The numbers of statfs(2): ext4, XFS, Btrfs, tmpfs, overlayfs, ZFS, F2FS. Others may wait for a network. */
const LOCAL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010,
]);
