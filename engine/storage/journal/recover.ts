import { type Disk, type DiskFile, readWhole } from '../../base/disk.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Randomness } from '../../base/ports.ts';
import { type CopiedBatch, createSegment } from './create-segment.ts';
import { SEGMENT_START } from './format.ts';
import { journalPaths } from './journal-paths.ts';
import type { Segment } from './model.ts';
import { quarantine, quarantineFile } from './quarantine.ts';
import type { RecordWriter } from './record-writer.ts';
import { type RecoveryScan, scanJournal } from './recovery-scan.ts';
import type { FoundRecord } from './recovery-scan-segment.ts';
import { type RecoveryReport, reportOf } from './report.ts';
import { JournalState } from './state.ts';

export interface Recovery {
  readonly disk: Disk;
  readonly directory: string;
  readonly random: Pick<Randomness, 'bytes'>;
  readonly writer: RecordWriter;
}

export interface Recovered {
  readonly state: JournalState;
  /** The segment for new records. */
  readonly active: Segment;
  readonly report: RecoveryReport;
}

/**
 * Makes a journal usable after any crash. A crash or an error during recovery leaves a journal from which the next
 * start reaches the same result.
 *
 * @throws AiocError AIOC_JOURNAL; the system's errors
 */
export async function recoverJournal(recovery: Recovery): Promise<Recovered> {
  const { disk, directory, random, writer } = recovery;
  const scanned = await scanJournal(disk, directory);
  // First save what would be lost otherwise.
  const report = await quarantineAll(recovery, scanned);
  const state = scanned.state ?? new JournalState(random.bytes(16));
  // The lost records may have used positions that nothing else names.
  if (report.torn.length + report.damaged.length > 0) state.lastPosition += LIMITS.journalPositionGap;
  const copies = await copiesOf(disk, scanned.unsynced);
  // None of these records is certainly on disk, so the new segment has copies of all and does not list these files.
  const emptied = state.segments.filter(({ end }) => end <= SEGMENT_START);
  state.segments = state.segments.filter((segment) => !emptied.includes(segment));
  const active = await createSegment({ disk, directory, state, writer, copies });
  // From here the new segment says what counts. The rest is cleanup, which the next start repeats if necessary.
  const useless = [...scanned.obsolete, ...emptied.map(({ path }) => path), journalPaths.rewrite(directory)];
  for (const path of useless) await disk.remove(path).catch(() => undefined);
  const ends = new Set([...scanned.unsynced, ...scanned.damages].map(({ segment }) => segment));
  for (const segment of emptied) ends.delete(segment);
  for (const segment of ends) await cutOff(disk, segment).catch(() => undefined);
  return { state, active, report };
}

async function quarantineAll({ disk, directory }: Recovery, scanned: RecoveryScan): Promise<RecoveryReport> {
  const quarantined = new Map<unknown, string | undefined>();
  for (const damage of scanned.damages) {
    const { segment, from, to } = damage;
    const { path, number, header } = segment;
    const range = { path, segment: number, generation: header.generation, from, to };
    if (to > from) quarantined.set(damage, await quarantine(disk, directory, range));
  }
  for (const unknownFile of scanned.unknownFiles)
    quarantined.set(unknownFile, await quarantineFile(disk, directory, unknownFile.path));
  return reportOf(scanned, quarantined);
}

async function copiesOf(disk: Disk, records: readonly FoundRecord[]): Promise<CopiedBatch[]> {
  const copies: CopiedBatch[] = [];
  for (const segment of new Set(records.map((record) => record.segment))) {
    const file = await disk.open(segment.path, 'read');
    try {
      for (const record of records) if (record.segment === segment) copies.push(await copyOf(file, record));
    } finally {
      await file.close();
    }
  }
  return copies;
}

async function copyOf(file: DiskFile, record: FoundRecord): Promise<CopiedBatch> {
  const { stream, position, atMs, source, seq, count, headBytes, recordsBytes, end } = record;
  const bytes = Buffer.alloc(headBytes + recordsBytes);
  const got = await readWhole(file, bytes, end - bytes.length);
  if (got < bytes.length) throw Object.assign(new Error('a segment became shorter'), { code: 'EIO' });
  const batch = { count, head: bytes.subarray(0, headBytes), records: bytes.subarray(headBytes) };
  return { fields: { stream, position, atMs, source, seq }, batch };
}

/** Cuts off the end of an older segment; the new segment or the quarantine has it. */
async function cutOff(disk: Disk, segment: Segment): Promise<void> {
  const file = await disk.open(segment.path, 'write');
  try {
    if ((await file.size()) > segment.end) await file.truncate(segment.end);
  } finally {
    await file.close();
  }
}
