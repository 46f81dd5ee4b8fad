import { writeWhole } from '../../base/disk.ts';
import type { Segment } from './model.ts';

/**
 * Writes at the end of a segment.
 *
 * @throws the system's own errors; the segment is then to be left alone
 */
export async function writeTo(segment: Segment, bytes: Buffer): Promise<void> {
  const { file, end } = segment;
  if (file === undefined) throw new Error('the segment is closed');
  if (bytes.length === 0) return;
  try {
    await writeWhole(file, bytes, end);
    segment.end = end + bytes.length;
  } catch (error) {
    // On a full disk the part that it took is somebody's space.
    await file.truncate(end).catch(() => undefined);
    throw error;
  }
}

/**
 * Resolves when everything that is written to the segment by now is on the disk.
 *
 * @throws the system's own errors; what was not on the disk before may then never get there, whatever a next try says
 */
export async function syncSegment(segment: Segment): Promise<void> {
  const { file, end } = segment;
  if (file === undefined) throw new Error('the segment is closed');
  await file.sync();
  segment.synced = Math.max(segment.synced, end);
}
