import { type Disk, type DiskFile, writeWhole } from '../../base/disk.ts';
import { LIMITS } from '../../base/limits.ts';
import { sizeOfParts } from '../store.ts';
import {
  encodeSegmentHeader,
  FORMAT_VERSION,
  lastPositionIn,
  openMessages,
  type RecordView,
  SEGMENT_START,
} from './format.ts';
import { countedStreamOfView } from './held.ts';
import { journalPaths } from './journal-paths.ts';
import { type JournalStream, type RecordRun, runIn, Segment } from './model.ts';
import { RecordWriter } from './record-writer.ts';
import { scan } from './scan.ts';
import type { SegmentFiles } from './segment-files.ts';
import { factsOf, type JournalState } from './state.ts';

export interface CompactionContext {
  readonly disk: Disk;
  readonly directory: string;
  readonly state: JournalState;
  readonly files: SegmentFiles;
  /** Saves a copy of damaged bytes, which the new file will not have. */
  readonly quarantine: (segment: Segment, from: number, to: number) => Promise<void>;
}

/** Fewer small neighbours than these are not worth merging. */
const MERGED_SEGMENTS_MIN = 4;

/**
 * Selects the segments to compact into one: a damaged segment, a segment of an older format, or neighbours whose live
 * records fit into half a segment, if this frees as much as it copies, or if they are many. Never the newest, which
 * says what counts. Nor the one before it just for its space: under load, its last records are acknowledged a moment
 * later.
 */
export function segmentsToCompact({ segments }: JournalState, segmentBytes: number): readonly Segment[] {
  const sealed = segments.slice(0, -1).filter(({ isActive }) => !isActive);
  const bad = sealed.find(
    ({ isDamaged, liveRuns, header }) => liveRuns > 0 && (isDamaged || header.format < FORMAT_VERSION),
  );
  if (bad !== undefined) return [bad];
  const leftLast = (segments.at(-1)?.number ?? 0) - 1;
  const settled = sealed.filter(({ number }) => number !== leftLast);
  for (let first = 0; first < settled.length; first += 1) {
    const group: Segment[] = [];
    let live = 0;
    let dead = 0;
    for (const segment of settled.slice(first, first + LIMITS.journalMergedSegments)) {
      const { liveBytes } = segment;
      if (live + liveBytes > segmentBytes / 2) break;
      group.push(segment);
      live += liveBytes;
      dead += segment.end - liveBytes;
    }
    const freesMuch = dead >= live && dead >= segmentBytes / 4;
    if (group.length >= MERGED_SEGMENTS_MIN || (group.length > 0 && freesMuch)) return group;
  }
  return [];
}

/**
 * Copies the live records of neighbouring segments into one file, which replaces the first of them and keeps its
 * number. A crash at any time leaves the old files, the new file, or both; then the second copy of a record is ignored.
 *
 * @throws the system's errors; nothing has changed then
 */
export async function compactSegments(context: CompactionContext, old: readonly Segment[]): Promise<void> {
  // Keep the files open: after the rename, the path leads to the new file.
  await keepOpen(context.files, old, () => writeCompacted(context, old));
}

async function keepOpen(
  files: SegmentFiles,
  [segment, ...rest]: readonly Segment[],
  action: () => Promise<void>,
): Promise<void> {
  if (segment === undefined) await action();
  else await files.use(segment, () => keepOpen(files, rest, action));
}

async function writeCompacted(context: CompactionContext, old: readonly Segment[]): Promise<void> {
  const { disk, directory, state, files } = context;
  const [first] = old as [Segment];
  const { id, number, generation } = first.header;
  const header = { format: FORMAT_VERSION, id, number, generation: generation + 1, isWhole: true };
  const fresh = new Segment(header, first.path, SEGMENT_START);
  const partial = journalPaths.rewrite(directory);
  await disk.remove(partial).catch(() => undefined);
  const file = await disk.open(partial, 'create');
  try {
    await writeWhole(file, [encodeSegmentHeader(header)], 0);
    const copier = new SegmentCopier(file, fresh);
    for (const segment of old) await copier.copy(segment, context);
    await copier.end(state.lastPosition);
    await file.sync();
    await disk.rename(partial, first.path);
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
  fresh.file = file;
  fresh.synced = fresh.end;
  const isSynced = await disk.syncDirectory(directory).then(
    () => true,
    () => false,
  );
  state.replace(old, fresh);
  files.adopt(fresh);
  for (const segment of old) {
    if (segment === first) continue;
    // The old files count until the new name is synced.
    if (isSynced) await disk.remove(segment.path).catch(() => undefined);
    else
      state.superseded.push({
        number: segment.number,
        generation: segment.header.generation,
        end: segment.end,
      });
  }
}

/** Copies batches with unacknowledged messages and indexes their new locations. */
class SegmentCopier {
  readonly #file: DiskFile;
  readonly #fresh: Segment;
  /** The scan reuses its bytes, so all are copied. */
  readonly #writer = new RecordWriter({ copiedBytes: Number.POSITIVE_INFINITY });
  readonly #lastCopied = new Map<JournalStream, number>();

  constructor(file: DiskFile, fresh: Segment) {
    this.#file = file;
    this.#fresh = fresh;
    this.#begin();
  }

  #begin(): void {
    this.#writer.begin({ salt: this.#fresh.codec.salt, offset: this.#fresh.end, syncedTo: 0 });
  }

  async copy(segment: Segment, { files, quarantine, state }: CompactionContext): Promise<void> {
    const damages: (readonly [number, number])[] = [];
    let from = SEGMENT_START;
    while (from < segment.end) {
      const start = from;
      from = segment.end;
      await files.use(segment, (file) =>
        scan(
          { file, codec: segment.codec, from: start, to: segment.end, chunkBytes: LIMITS.journalReadBytes },
          {
            record: (view, bytes, bodyAt) => {
              if (this.#writer.length >= LIMITS.journalCompactionBytes) {
                from = view.offset;
                return false;
              }
              if (view.count === 0) return true;
              const run = segment.runs.get(
                countedStreamOfView(state.rulesOf(view.stream), view, bytes, bodyAt),
              );
              if (run !== undefined) this.#take(run, view, bytes, bodyAt);
              return true;
            },
            damage: (damagedFrom, to) => void damages.push([damagedFrom, to]),
          },
        ),
      );
      await this.#flush();
    }
    for (const [damagedFrom, to] of damages) await quarantine(segment, damagedFrom, to);
  }

  #take(run: RecordRun, view: RecordView, bytes: Buffer, bodyAt: number): void {
    const { stream } = run;
    const { position, count, atMs } = view;
    const lastPosition = lastPositionIn(view);
    const isCounted = position >= (run.entry(0)?.position ?? 0) && lastPosition <= run.lastPosition;
    const isDone = lastPosition <= stream.acked || lastPosition <= (this.#lastCopied.get(stream) ?? 0);
    if (!isCounted || isDone) return;
    if (!this.#lastCopied.has(stream)) this.#writer.stream(factsOf(stream));
    this.#lastCopied.set(stream, lastPosition);
    const { source, seq, headBytes, recordsBytes } = openMessages(view, bytes, bodyAt);
    const end = bodyAt + view.bodyBytes;
    const recordsAt = end - recordsBytes;
    const head = bytes.subarray(recordsAt - headBytes, recordsAt);
    const records = bytes.subarray(recordsAt, end);
    const offset = this.#writer.offset;
    this.#writer.batch({ stream: stream.number, position, atMs, source, seq }, { count, head, records });
    runIn(this.#fresh, stream).add({
      ...{ position, count, offset, end: this.#writer.offset },
      sizeBytes: sizeOfParts(headBytes, recordsBytes),
    });
  }

  /** Ends the file with a mark. A file without it is known to be cut off. */
  async end(lastPosition: number): Promise<void> {
    this.#writer.mark(lastPosition);
    await this.#flush();
  }

  async #flush(): Promise<void> {
    await writeWhole(this.#file, this.#writer.pieces(), this.#fresh.end);
    this.#fresh.end += this.#writer.length;
    this.#begin();
  }
}
