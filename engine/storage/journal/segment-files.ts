import type { Disk, DiskFile } from '../../base/disk.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Segment } from './model.ts';

/** The open files of segments: a limited number, none of which is closed while in use. */
export class SegmentFiles {
  readonly #disk: Disk;
  /** Least recently used first. */
  readonly #open = new Set<Segment>();
  readonly #opening = new Map<Segment, Promise<DiskFile>>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Adds a segment whose file is already open. */
  adopt(segment: Segment): void {
    this.#open.add(segment);
  }

  /**
   * Calls `action` with the segment's file, which stays open until then, even if another file gets its name.
   *
   * @throws the system's errors
   */
  async use<T>(segment: Segment, action: (file: DiskFile) => Promise<T>): Promise<T> {
    segment.users += 1;
    try {
      return await action(segment.file ?? (await this.#openFile(segment)));
    } finally {
      segment.users -= 1;
      if (segment.isGone) await this.close(segment);
    }
  }

  #openFile(segment: Segment): Promise<DiskFile> {
    let opening = this.#opening.get(segment);
    if (opening === undefined) {
      opening = this.#disk.open(segment.path, 'read').finally(() => this.#opening.delete(segment));
      this.#opening.set(segment, opening);
    }
    return opening.then(async (file) => {
      segment.file = file;
      this.#open.add(segment);
      await this.#closeSome();
      return file;
    });
  }

  async #closeSome(): Promise<void> {
    for (const segment of this.#open) {
      if (this.#open.size <= LIMITS.journalOpenFiles) return;
      if (segment.users === 0 && !segment.isActive) await this.close(segment);
    }
  }

  /** Closes a file that is not in use. */
  async close(segment: Segment): Promise<void> {
    const { file } = segment;
    if (segment.users > 0 || file === undefined) return;
    segment.file = undefined;
    this.#open.delete(segment);
    await file.close().catch(() => undefined);
  }

  async closeAll(): Promise<void> {
    for (const segment of [...this.#open]) await this.close(segment);
  }
}
