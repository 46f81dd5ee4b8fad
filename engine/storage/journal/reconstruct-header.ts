import type { Disk } from '../../base/disk.ts';
import { LIMITS } from '../../base/limits.ts';
import { SEGMENT_START, type SegmentHeader, saltOf } from './format.ts';
import { scan } from './scan.ts';

/** A segment is seldom compacted more often. */
const GENERATIONS = 8;
/** What is known of format 1 is true for every later format. */
const OLDEST_FORMAT = 1;

/**
 * Reconstructs the header of a segment if both copies are damaged. The journal's id comes from other segments, the
 * number from the file's name. The generation is the one for which the checksums of records match.
 *
 * @returns undefined if none matches
 * @throws the system's errors
 */
export async function reconstructHeader(
  disk: Disk,
  { path, number, sizeBytes, id }: { path: string; number: number; sizeBytes: number; id: Buffer },
): Promise<SegmentHeader | undefined> {
  const file = await disk.open(path, 'read');
  try {
    for (let generation = 0; generation < GENERATIONS; generation += 1) {
      const header = { format: OLDEST_FORMAT, id, number, generation, isWhole: generation > 0 };
      let isRight = false;
      const range = { from: SEGMENT_START, to: sizeBytes, chunkBytes: LIMITS.journalReadBytes };
      await scan(
        { file, salt: saltOf(header), ...range },
        {
          record: () => {
            isRight = true;
            return false;
          },
          damage: () => undefined,
        },
      );
      if (isRight) return header;
    }
    return undefined;
  } finally {
    await file.close();
  }
}
