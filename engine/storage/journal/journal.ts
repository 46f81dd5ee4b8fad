import { dirname } from 'node:path';
import { AiocError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { markName } from '../mark-name.ts';
import {
  type Appended,
  type Batch,
  type BatchSource,
  messagesIn,
  type SourceMark,
  type Store,
  type StoredBatch,
  type StreamStat,
} from '../store.ts';
import { Committer } from './committer.ts';
import { Compactor } from './compactor.ts';
import { toDiskError } from './disk-error.ts';
import { appendBytes } from './group.ts';
import type { JournalOptions } from './journal-options.ts';
import { journalPaths } from './journal-paths.ts';
import type { JournalStream } from './model.ts';
import { readStream, statStream } from './reader.ts';
import { RecordWriter } from './record-writer.ts';
import { type Recovered, recoverJournal } from './recover.ts';
import type { RecoveryReport } from './report.ts';
import { SegmentFiles } from './segment-files.ts';
import type { JournalState } from './state.ts';

/** The current state of the journal. */
export interface JournalCondition {
  readonly segments: number;
  readonly bytes: number;
  /** Why appends currently fail. */
  readonly refusing: AiocError | undefined;
  /** Damaged places found since the start, including those found by it. */
  readonly damages: number;
}

/**
 * Stores streams of batches in the files of one directory, for one process at a time. FORMAT.md describes the files. A
 * confirmed append survives what the durability promises. No reader sees a failed append before the next start.
 */
export class Journal implements Store {
  /** What the start found. */
  readonly report: RecoveryReport;
  readonly #directory: string;
  readonly #state: JournalState;
  readonly #files: SegmentFiles;
  readonly #committer: Committer;
  readonly #compactor: Compactor;
  readonly #unlock: () => Promise<void>;
  #closing: Promise<void> | undefined;
  #isClosed = false;

  private constructor(
    options: JournalOptions,
    recovered: Recovered & { readonly unlock: () => Promise<void> },
  ) {
    const { disk, directory, segmentBytes = LIMITS.journalSegmentBytes, onEvent } = options;
    const { state, active, report, unlock } = recovered;
    this.report = report;
    this.#directory = directory;
    this.#state = state;
    this.#unlock = unlock;
    this.#files = new SegmentFiles(disk);
    this.#compactor = new Compactor({
      disk,
      directory,
      state,
      files: this.#files,
      segmentBytes,
      onDamage: ({ number }, from, to) => onEvent?.({ kind: 'damage', segment: number, from, to }),
    });
    const onNewSegment = (): void => this.#compactor.due(true);
    this.#committer = new Committer({
      ...options,
      segmentBytes,
      state,
      files: this.#files,
      active,
      onNewSegment,
    });
    this.#compactor.due();
  }

  /**
   * Opens the journal of a directory and recovers it after a crash.
   *
   * @throws AiocError AIOC_JOURNAL_IN_USE with the name of the other process, AIOC_JOURNAL if a newer version wrote it,
   * AIOC_DISK_FULL, AIOC_DISK
   */
  static async open(options: JournalOptions): Promise<Journal> {
    const { disk, directory, random } = options;
    let unlock: (() => Promise<void>) | undefined;
    try {
      await disk.makeDirectory(directory);
      await disk.syncDirectory(dirname(directory)).catch(() => undefined);
      unlock = await disk.lock(journalPaths.lock(directory));
      const recovered = await recoverJournal({ disk, directory, random, writer: new RecordWriter() });
      return new Journal(options, { ...recovered, unlock });
    } catch (error) {
      await unlock?.().catch(() => undefined);
      throw toDiskError(error, directory);
    }
  }

  get condition(): JournalCondition {
    const { segments } = this.#state;
    return {
      segments: segments.length,
      bytes: segments.reduce((sum, { end }) => sum + end, 0),
      refusing: this.#committer.refusing,
      damages: this.report.damaged.length + this.#compactor.damages,
    };
  }

  /** One identity for all streams. */
  identity(): string {
    return this.#state.id.toString('hex');
  }

  /** @throws AiocError AIOC_STORE_GAP, AIOC_DISK_FULL, AIOC_DISK, AIOC_FRAME_TOO_LARGE; nothing was appended */
  append(name: string, batches: readonly Batch[], source?: BatchSource): Promise<Appended> {
    try {
      const count = messagesIn(batches);
      const sizeBytes = checkedSize(name, batches);
      if (this.#closing !== undefined) throw closed();
      return this.#committer.append({ name, batches, count, source, sizeBytes });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** @throws AiocError AIOC_DISK */
  async read(name: string, after: number, maxBytes: number): Promise<readonly StoredBatch[]> {
    return this.#reading(name, [], (stream, options) => readStream(stream, { ...options, after, maxBytes }));
  }

  /** @throws AiocError AIOC_DISK */
  async stat(name: string): Promise<StreamStat> {
    const nothing = { count: 0, bytes: 0, oldestAtMs: undefined, lastPosition: 0, acked: 0 };
    return this.#reading(name, nothing, statStream);
  }

  /**
   * Resolves when the operating system has it. Readers see the effect at once, even if the write fails.
   *
   * @throws AiocError AIOC_DISK_FULL, AIOC_DISK: the ack is written again with the next write
   */
  ack(name: string, upTo: number): Promise<void> {
    const stream = this.#state.streams.get(name);
    if (stream === undefined || this.#closing !== undefined) return Promise.resolve();
    const to = Math.min(upTo, stream.lastPosition);
    const isNew = to > stream.acked;
    if (isNew && this.#state.ack(stream, to)) this.#compactor.due();
    const written = this.#committer.acked(stream, isNew);
    // A caller that does not wait must not cause an unhandled rejection.
    written.catch(() => undefined);
    return written;
  }

  async marks(name: string, sender?: string): Promise<readonly SourceMark[]> {
    const sources = [...(this.#state.streams.get(name)?.sources.values() ?? [])];
    return sources
      .filter((source) => source.seq > 0 && (sender === undefined || source.sender === sender))
      .sort((a, b) => a.number - b.number)
      .map((source) => ({ sender: source.sender, epoch: source.epoch, seq: source.seq }));
  }

  /** The next segment leaves it out. A start still finds it while older segments name it. */
  async forgetMark(name: string, mark: Pick<SourceMark, 'sender' | 'epoch'>): Promise<void> {
    this.#state.streams.get(name)?.forgetSource(markName(mark));
  }

  async streams(): Promise<readonly string[]> {
    return [...this.#state.streams.values()].filter(({ runs }) => runs.length > 0).map(({ name }) => name);
  }

  /** @throws AiocError AIOC_DISK_FULL, AIOC_DISK */
  purge(name: string): Promise<number> {
    if (this.#closing !== undefined) return Promise.reject(closed());
    // After the appends that were requested earlier.
    return this.#committer.runInOrder(async () => {
      const stream = this.#state.streams.get(name);
      if (stream === undefined) return 0;
      const { count } = await this.stat(name);
      this.#state.ack(stream, stream.lastPosition);
      // Also if nothing is left: the disk may not have an earlier ack or purge yet.
      await this.#committer.ackDurably(stream);
      this.#compactor.due();
      return count;
    });
  }

  /** Waits for pending work and releases the directory. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#committer.close();
    await this.#compactor.stop();
    this.#isClosed = true;
    await this.#files.closeAll();
    await this.#unlock().catch(() => undefined);
  }

  async #reading<T>(
    name: string,
    nothing: T,
    action: (
      stream: JournalStream,
      options: { readonly files: SegmentFiles; readonly onDamage: Compactor['sawDamage'] },
    ) => Promise<T>,
  ): Promise<T> {
    const stream = this.#state.streams.get(name);
    if (stream === undefined || this.#isClosed) return nothing;
    const onDamage: Compactor['sawDamage'] = (segment, from, to) =>
      this.#compactor.sawDamage(segment, from, to);
    try {
      return await action(stream, { files: this.#files, onDamage });
    } catch (error) {
      if (this.#isClosed) return nothing;
      throw toDiskError(error, this.#directory);
    }
  }
}

/** @throws AiocError AIOC_FRAME_TOO_LARGE */
function checkedSize(name: string, batches: readonly Batch[]): number {
  const sizeBytes = appendBytes(name, batches);
  const isTooLarge =
    sizeBytes > LIMITS.journalBatchBytes ||
    batches.some(({ head }) => head.length > LIMITS.storeHeadBytes) ||
    Buffer.byteLength(name) > LIMITS.journalStreamNameBytes;
  if (!isTooLarge) return sizeBytes;
  throw new AiocError('AIOC_FRAME_TOO_LARGE', `${sizeBytes} bytes exceed the limit of one append`);
}

function closed(): AiocError {
  return new AiocError('AIOC_CANCELLED', 'the journal is closed');
}
