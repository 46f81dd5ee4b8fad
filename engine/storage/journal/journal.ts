import { dirname } from 'node:path';
import { AiocError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Appended, BatchSource, Store, StoredRecord, StreamStat } from '../store.ts';
import { Committer } from './committer.ts';
import { Compactor } from './compactor.ts';
import { diskTrouble } from './disk-trouble.ts';
import { sizeOf } from './group.ts';
import type { JournalOptions } from './journal-options.ts';
import { journalPaths } from './journal-paths.ts';
import type { JournalStream } from './model.ts';
import { readStream, statStream } from './reader.ts';
import { RecordWriter } from './record-writer.ts';
import { type Recovered, recoverJournal } from './recover.ts';
import type { RecoveryReport } from './report.ts';
import { SegmentFiles } from './segment-files.ts';
import type { JournalState } from './state.ts';

/** How the journal is at the moment. */
export interface JournalCondition {
  readonly segments: number;
  readonly bytes: number;
  /** Why appends are refused at present. */
  readonly refusing: AiocError | undefined;
  /** Places found damaged since the start, and at it. */
  readonly damages: number;
}

/**
 * Keeps streams of records in files of one directory, of which one process at a time is the master: FORMAT.md says how.
 * What is confirmed outlives what the durability promises; an append that is refused leaves nothing behind that a
 * reader sees before the next start.
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
    const { disk, directory, segmentBytes = LIMITS.journalSegmentBytes, onTrouble } = options;
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
      onDamage: ({ number }, from, to) => onTrouble?.({ kind: 'damage', segment: number, from, to }),
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
   * Opens the journal of a directory, and puts right what a crash has left of it.
   *
   * @throws AiocError AIOC_JOURNAL_IN_USE saying who has it, AIOC_JOURNAL when a newer version has written it,
   *   AIOC_DISK_FULL, AIOC_DISK
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
      throw diskTrouble(error, directory);
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

  /** Of all its streams. */
  identity(): string {
    return this.#state.id.toString('hex');
  }

  /** @throws AiocError AIOC_STORE_GAP, AIOC_DISK_FULL, AIOC_DISK, AIOC_FRAME_TOO_LARGE; then nothing of it is kept */
  append(name: string, batch: readonly Buffer[], source?: BatchSource): Promise<Appended> {
    const sizeBytes = sizeOf(name, batch);
    if (sizeBytes > LIMITS.journalBatchBytes || Buffer.byteLength(name) > LIMITS.journalStreamNameBytes) {
      return Promise.reject(
        new AiocError('AIOC_FRAME_TOO_LARGE', `${sizeBytes} bytes are more than can be stored at once`),
      );
    }
    if (this.#closing !== undefined) return Promise.reject(closed());
    return this.#committer.append({ name, batch, source, sizeBytes });
  }

  /** @throws AiocError AIOC_DISK */
  async read(name: string, after: number, maxBytes: number): Promise<readonly StoredRecord[]> {
    return this.#reading(name, [], (stream, options) => readStream(stream, { ...options, after, maxBytes }));
  }

  /** @throws AiocError AIOC_DISK */
  async stat(name: string): Promise<StreamStat> {
    const nothing = { count: 0, bytes: 0, oldestAtMs: undefined, lastPosition: 0 };
    return this.#reading(name, nothing, statStream);
  }

  /**
   * Resolves when the operating system has it. It holds at once for whoever reads, whatever becomes of that.
   *
   * @throws AiocError AIOC_DISK_FULL, AIOC_DISK: it will be written with what is written next
   */
  ack(name: string, upTo: number): Promise<void> {
    const stream = this.#state.streams.get(name);
    if (stream === undefined || this.#closing !== undefined) return Promise.resolve();
    const to = Math.min(upTo, stream.lastPosition);
    const isNew = to > stream.acked;
    if (isNew && this.#state.ack(stream, to)) this.#compactor.due();
    const written = this.#committer.acked(stream, isNew);
    // Who does not wait for it must not be ended by it.
    written.catch(() => undefined);
    return written;
  }

  async lastSource(name: string): Promise<ReadonlyMap<string, number>> {
    const sources = [...(this.#state.streams.get(name)?.sources.values() ?? [])];
    sources.sort((a, b) => a.number - b.number);
    return new Map(sources.filter(({ seq }) => seq > 0).map(({ epoch, seq }) => [epoch, seq]));
  }

  /** It is left out of the next segment; until those that name it are gone, a start finds it again. */
  async forgetSource(name: string, epoch: string): Promise<void> {
    this.#state.streams.get(name)?.sources.delete(epoch);
  }

  async streams(): Promise<readonly string[]> {
    return [...this.#state.streams.values()].filter(({ runs }) => runs.length > 0).map(({ name }) => name);
  }

  /** @throws AiocError AIOC_DISK_FULL, AIOC_DISK */
  purge(name: string): Promise<number> {
    if (this.#closing !== undefined) return Promise.reject(closed());
    // Behind the appends that came before it.
    return this.#committer.inTurn(async () => {
      const stream = this.#state.streams.get(name);
      if (stream === undefined) return 0;
      const { count } = await this.stat(name);
      this.#state.ack(stream, stream.lastPosition);
      // Also when nothing is left: what an earlier ack or purge said of that need not be on the disk.
      await this.#committer.ackForGood(stream);
      this.#compactor.due();
      return count;
    });
  }

  /** Waits for what is under way, and gives the directory back. */
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
      throw diskTrouble(error, this.#directory);
    }
  }
}

function closed(): AiocError {
  return new AiocError('AIOC_CANCELLED', 'the journal is closed');
}
