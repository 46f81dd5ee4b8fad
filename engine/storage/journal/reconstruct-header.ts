import type { Disk } from '../../base/disk.ts';
import { LIMITS } from '../../base/limits.ts';
import { codecOf, FORMATS_BY_ENCODING, SEGMENT_START, type SegmentHeader } from './format.ts';
import { type ScanOptions, scan } from './scan.ts';

/** A segment is seldom compacted more often. */
const GENERATIONS = 8;

/**
 * Reconstructs the header of a segment if both copies are damaged. The journal's id comes from other segments, the
 * number from the file's name. Generation and format are those for which the checksums of records match; the format is the
 * oldest one with this encoding, since what is known of it is true for every later one.
 *
 * @returns undefined if none matches
 * @throws the system's errors
 */
export async function reconstructHeader(
  disk: Disk,
  { path, number, sizeBytes, id }: { path: string; number: number; sizeBytes: number; id: Buffer },
): Promise<SegmentHeader | undefined> {
  const file = await disk.open(path, 'read');
  const range = { file, from: SEGMENT_START, to: sizeBytes, chunkBytes: LIMITS.journalReadBytes };
  try {
    for (const format of FORMATS_BY_ENCODING) {
      for (let generation = 0; generation < GENERATIONS; generation += 1) {
        const header = { format, id, number, generation, isWhole: generation > 0 };
        if (await hasRecord({ ...range, codec: codecOf(header) })) return header;
      }
    }
    return undefined;
  } finally {
    await file.close();
  }
}

async function hasRecord(range: ScanOptions): Promise<boolean> {
  let isFound = false;
  await scan(range, {
    record: () => {
      isFound = true;
      return false;
    },
    damage: () => undefined,
  });
  return isFound;
}
