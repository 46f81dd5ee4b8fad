import type { Disk } from '../../base/disk.ts';
import { AiocError, systemCode } from '../../base/errors.ts';
import type { StoredBatch, StreamStat } from '../store.ts';
import { toDiskError } from './disk-error.ts';
import { journalPaths } from './journal-paths.ts';
import { readStream, statStream } from './reader.ts';
import { scanJournal } from './recovery-scan.ts';
import { type RecoveryReport, reportOf } from './report.ts';
import { SegmentFiles } from './segment-files.ts';

export interface InspectedStream extends StreamStat {
  readonly name: string;
  /** The last sequence number of each mark, by its name. */
  readonly sources: Readonly<Record<string, number>>;
}

/** The contents of a journal, read without changing it. */
export interface Inspection {
  /** What the next start would find. */
  readonly report: RecoveryReport;
  /** Files of damaged bytes that earlier starts saved. */
  readonly quarantined: readonly string[];
  /** Streams with messages or marks. */
  readonly streams: readonly InspectedStream[];
  read(stream: string, after: number, maxBytes: number): Promise<readonly StoredBatch[]>;
  close(): Promise<void>;
}

/**
 * Reads a journal that no process is using. Writes nothing, not even a lock.
 *
 * @throws AiocError AIOC_JOURNAL_IN_USE, AIOC_JOURNAL, AIOC_DISK
 */
export async function inspectJournal(disk: Disk, directory: string): Promise<Inspection> {
  const holder = await disk.lockHolder(journalPaths.lock(directory));
  if (holder !== undefined) {
    throw new AiocError(
      'AIOC_JOURNAL_IN_USE',
      `${directory} is in use by ${holder}: stop that process first`,
    );
  }
  try {
    const scanned = await scanJournal(disk, directory);
    const { state } = scanned;
    if (state === undefined && scanned.unknownFiles.length === 0) throw missing(directory);
    for (const record of scanned.unsynced) scanned.streams.index(record);
    const files = new SegmentFiles(disk);
    // The scan has already checked every byte.
    const options = { files, onDamage: () => undefined };
    const streams: InspectedStream[] = [];
    for (const stream of state?.streams.values() ?? []) {
      state?.ack(stream, stream.acked);
      const sources = Object.fromEntries([...stream.sources].map(([name, { seq }]) => [name, seq]));
      streams.push({ name: stream.name, sources, ...(await statStream(stream, options)) });
    }
    return {
      report: reportOf(scanned),
      quarantined: await disk.list(journalPaths.quarantine(directory)).catch(() => []),
      streams,
      read: async (name, after, maxBytes) => {
        const stream = state?.streams.get(name);
        return stream === undefined ? [] : readStream(stream, { ...options, after, maxBytes });
      },
      close: () => files.closeAll(),
    };
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') throw missing(directory);
    throw toDiskError(error, directory);
  }
}

function missing(directory: string): AiocError {
  return new AiocError('AIOC_JOURNAL', `${directory} is not a journal directory (it has no *.segment files)`);
}
