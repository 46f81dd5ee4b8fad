import type { Disk } from '../../base/disk.ts';
import { compactSegments, segmentsToCompact } from './compact.ts';
import type { Segment } from './model.ts';
import { quarantine } from './quarantine.ts';
import type { SegmentFiles } from './segment-files.ts';
import type { JournalState } from './state.ts';

export interface CompactorOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly state: JournalState;
  readonly files: SegmentFiles;
  readonly segmentBytes: number;
  readonly onDamage: (segment: Segment, from: number, to: number) => void;
}

/** Frees the space of acknowledged records and saves damaged bytes, in the background. */
export class Compactor {
  readonly #options: CompactorOptions;
  readonly #damageSeen = new Set<string>();
  readonly #saving = new Set<Promise<void>>();
  #running: Promise<void> | undefined;
  #isDue = false;
  #isStopped = false;
  /** After a failure, compaction waits for a new segment, since a retry on a full disk would fail again. */
  #mayCompact = true;

  constructor(options: CompactorOptions) {
    this.#options = options;
  }

  /** Damaged places found since the start. */
  get damages(): number {
    return this.#damageSeen.size;
  }

  /** Checks soon whether there is anything to do. */
  due(isNewSegment = false): void {
    if (isNewSegment) this.#mayCompact = true;
    this.#isDue = true;
    this.#running ??= this.#run();
  }

  /** Resolves when pending work is done, and starts no more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    while (this.#running !== undefined) await this.#running;
    while (this.#saving.size > 0) await Promise.all(this.#saving);
  }

  /** Reports damage found while reading: the bytes are saved, and then the segment is compacted without them. */
  sawDamage(segment: Segment, from: number, to: number): void {
    const saving = this.#options.files
      .use(segment, () => this.#save(segment, from, to))
      .then(() => {
        segment.isDamaged = true;
        this.due();
      })
      // The bytes stay where they are and will be found again.
      .catch(() => undefined)
      .finally(() => this.#saving.delete(saving));
    this.#saving.add(saving);
  }

  async #save(segment: Segment, from: number, to: number): Promise<void> {
    const { disk, directory, onDamage } = this.#options;
    const { number, path, header } = segment;
    const place = `${number} ${header.generation} ${from}`;
    const isNew = !this.#damageSeen.has(place) && !segment.isDamaged;
    this.#damageSeen.add(place);
    if (isNew) onDamage(segment, from, to);
    // After a compaction, another file has this path.
    if (!segment.isGone)
      await quarantine(disk, directory, { path, segment: number, generation: header.generation, from, to });
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    while (this.#isDue && !this.#isStopped) {
      this.#isDue = false;
      try {
        await this.#removeDead();
        if (this.#mayCompact && (await this.#compact())) this.#isDue = true;
      } catch {
        this.#mayCompact = false;
      }
    }
    this.#running = undefined;
  }

  /** Removes segments without live records, except the newest, which says what counts. */
  async #removeDead(): Promise<void> {
    const { disk, state, files } = this.#options;
    for (const segment of state.segments.slice(0, -1)) {
      if (segment.liveRuns > 0 || segment.users > 0 || segment.isActive) continue;
      state.drop(segment);
      await files.close(segment);
      await disk.remove(segment.path);
    }
  }

  async #compact(): Promise<boolean> {
    const { disk, directory, state, files, segmentBytes } = this.#options;
    const old = segmentsToCompact(state, segmentBytes);
    if (old.length === 0) return false;
    const save = (segment: Segment, from: number, to: number): Promise<void> => this.#save(segment, from, to);
    await compactSegments({ disk, directory, state, files, quarantine: save }, old);
    return true;
  }
}
