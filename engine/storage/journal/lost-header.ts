import type { Disk } from '../../base/disk.ts';
import { LIMITS } from '../../base/limits.ts';
import { SEGMENT_START, type SegmentHeader, saltOf } from './format.ts';
import { scan } from './scan.ts';

/** A segment is seldom written anew more often than this. */
const GENERATIONS = 8;
/** What is known of format 1 holds for every later one. */
const OLDEST_FORMAT = 1;

/**
 * The header of a segment whose two copies of it are damaged: with the journal's id, which other segments have, its
 * number, and the right generation its records check.
 *
 * @returns undefined when none does
 * @throws the system's own errors
 */
export async function headerByRecords(
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
