import type { Stats } from 'node:fs';
import { stat, unlink } from 'node:fs/promises';
import { meantPath } from './lossy-path.ts';
import { changed } from './transfer-source.ts';

type NotedStats = Pick<Stats, 'ino' | 'size' | 'mtimeMs'>;

/**
 * What identifies the content of a file, as text for the stored header of its message. The device is left out: it may
 * have another number after a restart of the machine.
 */
export function noteOf({ ino, size, mtimeMs }: NotedStats): string {
  return `${ino}:${size}:${mtimeMs}`;
}

/** @throws AiocError AIOC_FILE_CHANGED if it is not the file of the note */
export function checkNote(path: string, note: string | undefined, found: NotedStats): void {
  if (note !== undefined && note !== noteOf(found)) throw changed(path);
}

/** Deletes a file that was sent, unless it is no longer the one of the note. Never fails. */
export async function deleteNoted(path: string, note: string | undefined): Promise<void> {
  try {
    const meant = await meantPath(path);
    if (note === undefined || note === noteOf(await stat(meant))) await unlink(meant);
  } catch {
    // Another program has deleted it.
  }
}
