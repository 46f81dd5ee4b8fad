import { writeWhole } from '../../base/disk.ts';
import type { Segment } from './model.ts';

/**
 * Writes at the end of a segment, one piece after the other.
 *
 * @throws the system's errors; the segment must not be used again then
 */
export async function writeTo(segment: Segment, pieces: readonly Buffer[]): Promise<void> {
  const { file, end } = segment;
  if (file === undefined) throw new Error('the segment is closed');
  try {
    await writeWhole(file, pieces, end);
    segment.end = pieces.reduce((sum, { length }) => sum + length, end);
  } catch (error) {
    // On a full disk, frees the part that was written.
    await file.truncate(end).catch(() => undefined);
    throw error;
  }
}

/**
 * Resolves when everything written to the segment is synced.
 *
 * @throws the system's errors; unsynced data may be lost then, even if a later sync succeeds
 */
export async function syncSegment(segment: Segment): Promise<void> {
  const { file, end } = segment;
  if (file === undefined) throw new Error('the segment is closed');
  await file.sync();
  segment.synced = Math.max(segment.synced, end);
}
