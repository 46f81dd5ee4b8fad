import type { AiocError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Timer } from '../../base/ports.ts';
import { SerialQueue } from '../../base/serial-queue.ts';
import type { Appended } from '../store.ts';
import { createSegment } from './create-segment.ts';
import { toDiskError } from './disk-error.ts';
import { Group, type PendingAppend, takeGroup } from './group.ts';
import type { JournalOptions } from './journal-options.ts';
import type { JournalStream, Segment } from './model.ts';
import { RecordWriter } from './record-writer.ts';
import type { SegmentFiles } from './segment-files.ts';
import type { JournalState } from './state.ts';
import { syncSegment, writeTo } from './write-segment.ts';

export interface CommitterOptions extends JournalOptions {
  readonly state: JournalState;
  readonly files: SegmentFiles;
  readonly segmentBytes: number;
  readonly active: Segment;
  readonly onNewSegment: () => void;
}

/** An action that runs between two groups. */
interface Task {
  readonly sizeBytes: 0;
  readonly run: () => Promise<void>;
}

/**
 * Writes appends and acks to disk. It writes one group of appends at a time; appends that arrive meanwhile form the
 * next group. Acks are written in between, without a sync. After a failure, a segment is never written again:
 * unconfirmed appends are written once more to a new segment, and fail if that fails too.
 */
export class Committer {
  readonly #options: CommitterOptions;
  readonly #writer = new RecordWriter();
  #active: Segment | undefined;
  #queue: (PendingAppend | Task)[] = [];
  #running: Promise<void> | undefined;
  /** Writes, one at a time. */
  readonly #writes = new SerialQueue();
  /** Streams with acks that no segment has yet. */
  readonly #unwritten = new Set<JournalStream>();
  /** Acks that will be written together soon. */
  #nextAcks: Promise<void> | undefined;
  #markTimer: Timer | undefined;
  /** Why the last append failed. */
  refusing: AiocError | undefined;

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#use(options.active);
    this.#scheduleMark();
  }

  append(append: Omit<PendingAppend, 'resolve' | 'reject'>): Promise<Appended> {
    return new Promise((resolve, reject) => this.#enqueue({ ...append, resolve, reject }));
  }

  /** Runs an action after everything requested before it. */
  runInOrder<T>(action: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) =>
      this.#enqueue({ sizeBytes: 0, run: () => action().then(resolve, reject) }),
    );
  }

  /** A stream has a new ack, or the same one again. Resolves when the segment has it. */
  acked(stream: JournalStream, isNew: boolean): Promise<void> {
    if (isNew) this.#unwritten.add(stream);
    this.#nextAcks ??= Promise.resolve().then(() => this.#writeAcks());
    return this.#nextAcks;
  }

  /** The same in the order of requests, and as durable as an append. */
  async ackDurably(stream: JournalStream): Promise<void> {
    this.#unwritten.add(stream);
    const error = await this.#commit([]);
    if (error !== undefined) throw error;
  }

  /** Waits for pending work and syncs it if possible. */
  async close(): Promise<void> {
    while (this.#running !== undefined || this.#nextAcks !== undefined) {
      await this.#running;
      await this.#nextAcks?.catch(() => undefined);
    }
    this.#markTimer?.cancel();
    const active = this.#active;
    await this.#writes
      .run(async () => {
        if (active === undefined || active.isBroken) return;
        // Sync twice: the mark says what is synced, and must be synced too.
        await syncSegment(active);
        await this.#write(active, () => this.#writer.mark(this.#options.state.lastPosition));
        await syncSegment(active);
      })
      .catch(() => undefined);
    for (const segment of this.#options.state.segments) segment.isActive = false;
  }

  #enqueue(entry: PendingAppend | Task): void {
    this.#queue.push(entry);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // Everything requested in the same turn goes into one group.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const next = this.#queue[0] as PendingAppend | Task;
      if ('run' in next) {
        this.#queue.shift();
        await next.run();
        continue;
      }
      const tasks = this.#queue.findIndex((entry) => 'run' in entry);
      const appends = (tasks < 0 ? this.#queue : this.#queue.slice(0, tasks)) as PendingAppend[];
      const group = takeGroup(appends, this.#options.durability === 'always');
      if (tasks >= 0) this.#queue.splice(0, group.length);
      await this.#commit(group);
    }
    // In the same turn in which the queue was found empty, so that the next request starts it again.
    this.#running = undefined;
    this.#scheduleMark();
  }

  /** Writes a group and confirms it, or rejects it and returns the error. Pending acks are written with it. */
  async #commit(appends: readonly PendingAppend[]): Promise<AiocError | undefined> {
    const { durability = 'batch', directory } = this.#options;
    const waiting = [...appends];
    for (let tries = 1; ; tries += 1) {
      let segment: Segment | undefined;
      try {
        const group = await this.#writes.run(async () => {
          const active = await this.#ready(waiting.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
          segment = active;
          return this.#writeGroup(active, waiting);
        });
        const active = segment as unknown as Segment;
        if (durability !== 'os' && active.synced < active.end) await syncSegment(active);
        group.confirm(active);
        this.#report(undefined);
        return undefined;
      } catch (error) {
        if (segment !== undefined) (segment as Segment).isBroken = true;
        if (segment !== undefined && tries === 1) continue;
        const refusal = toDiskError(error, directory);
        for (const append of waiting) append.reject(refusal);
        this.#report(refusal);
        return refusal;
      }
    }
  }

  async #writeGroup(segment: Segment, waiting: PendingAppend[]): Promise<Group> {
    const { state, clock } = this.#options;
    const group = new Group(state, this.#writer, clock.wallNow());
    const acks = this.#takeUnwritten();
    try {
      await this.#write(segment, () => {
        for (const { number, acked } of acks) this.#writer.ack(number, acked);
        for (const append of [...waiting]) {
          try {
            group.add(append);
          } catch (error) {
            append.reject(error);
            waiting.splice(waiting.indexOf(append), 1);
          }
        }
        group.finish();
      });
      return group;
    } catch (error) {
      for (const stream of acks) this.#unwritten.add(stream);
      throw error;
    }
  }

  async #writeAcks(): Promise<void> {
    const isWritten = await this.#writes.run(async () => {
      this.#nextAcks = undefined;
      const segment = this.#active;
      if (this.#unwritten.size === 0) return true;
      if (segment === undefined || segment.isBroken) return false;
      try {
        await this.#writeGroup(segment, []);
        return true;
      } catch {
        segment.isBroken = true;
        return false;
      }
    });
    if (isWritten) return;
    const error = await this.runInOrder(() => this.#commit([]));
    if (error !== undefined) throw error;
  }

  #takeUnwritten(): JournalStream[] {
    const streams = [...this.#unwritten];
    this.#unwritten.clear();
    return streams;
  }

  /** Returns a segment with room for this many bytes: a new one if the current one is missing, full or broken. */
  async #ready(bytes: number): Promise<Segment> {
    const { disk, directory, state, segmentBytes } = this.#options;
    const active = this.#active;
    const isFull = active !== undefined && active.end + bytes > segmentBytes && active.runs.size > 0;
    if (active !== undefined && !active.isBroken && !isFull) return active;
    if (active !== undefined) {
      this.#active = undefined;
      active.isActive = false;
      // Unconfirmed records do not count.
      active.end = active.synced;
    }
    const acks = this.#takeUnwritten();
    try {
      const segment = await createSegment({ disk, directory, state, writer: this.#writer });
      this.#use(segment);
      this.#options.onNewSegment();
      return segment;
    } catch (error) {
      for (const stream of acks) this.#unwritten.add(stream);
      throw error;
    }
  }

  #use(segment: Segment): void {
    segment.isActive = true;
    this.#active = segment;
    this.#options.files.adopt(segment);
  }

  async #write(segment: Segment, fill: () => void): Promise<void> {
    const { codec, end: offset, synced: syncedTo } = segment;
    this.#writer.begin({ salt: codec.salt, offset, syncedTo });
    fill();
    await writeTo(segment, this.#writer.pieces()).finally(() => this.#writer.release());
    segment.marked = syncedTo;
    if (this.#options.durability === 'os') segment.synced = segment.end;
  }

  /**
   * When the journal is idle, writes a mark that says how far it is synced, so that a start can tell damage from a torn
   * end.
   */
  #scheduleMark(): void {
    this.#markTimer?.cancel();
    this.#markTimer = this.#options.clock.after(LIMITS.journalSyncMarkMs, () => {
      void this.#writes.run(async () => {
        const segment = this.#active;
        if (segment === undefined || segment.isBroken || segment.marked >= segment.synced) return;
        await this.#write(segment, () => this.#writer.mark(this.#options.state.lastPosition)).catch(() => {
          segment.isBroken = true;
        });
      });
    });
  }

  #report(error: AiocError | undefined): void {
    const { onEvent } = this.#options;
    const was = this.refusing;
    this.refusing = error;
    if (error !== undefined && was?.code !== error.code) onEvent?.({ kind: 'refusing', error });
    if (error === undefined && was !== undefined) onEvent?.({ kind: 'storing again' });
  }
}
