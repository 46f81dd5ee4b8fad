import { join } from 'node:path';
import { type Disk, readWhole, writeWhole } from '../../base/disk.ts';
import { LIMITS } from '../../base/limits.ts';
import { journalPaths } from './journal-paths.ts';

export interface QuarantinedRange {
  readonly path: string;
  readonly segment: number;
  readonly generation: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Saves a copy of bytes that are not a valid record, in a file whose name says where they were. Zeros are not saved: a
 * disk leaves them where nothing was written.
 *
 * @returns the name of the file; undefined if there was nothing to save
 * @throws the system's errors; the original bytes must then not be removed
 */
export async function quarantine(
  disk: Disk,
  directory: string,
  range: QuarantinedRange,
): Promise<string | undefined> {
  const { segment, generation, from, to } = range;
  const place = journalPaths.quarantine(directory);
  const name = `segment-${segment}-${generation}-bytes-${from}-${to}.bin`;
  await disk.makeDirectory(place);
  if ((await disk.list(place)).includes(name)) return name;
  const source = await disk.open(range.path, 'read');
  try {
    const sizeBytes = await source.size();
    if (await isBlank(source, from, Math.min(to, sizeBytes))) return undefined;
    const partial = join(place, `${name}.tmp`);
    await disk.remove(partial).catch(() => undefined);
    const copy = await disk.open(partial, 'create');
    try {
      for await (const [chunk, at] of chunks(source, from, Math.min(to, sizeBytes)))
        await writeWhole(copy, [chunk], at - from);
      await copy.sync();
    } finally {
      await copy.close();
    }
    await disk.rename(partial, join(place, name));
    await disk.syncDirectory(place);
    await disk.syncDirectory(directory);
    return name;
  } finally {
    await source.close();
  }
}

/** Moves a whole file away that has the name of a segment but is not one. */
export async function quarantineFile(disk: Disk, directory: string, path: string): Promise<string> {
  const place = journalPaths.quarantine(directory);
  await disk.makeDirectory(place);
  const taken = new Set(await disk.list(place));
  let name = `file-${path.slice(directory.length + 1)}`;
  while (taken.has(name)) name = `again-${name}`;
  await disk.rename(path, join(place, name));
  await disk.syncDirectory(place);
  await disk.syncDirectory(directory);
  return name;
}

type ReadableFile = Parameters<typeof readWhole>[0];

async function* chunks(
  file: ReadableFile,
  from: number,
  to: number,
): AsyncGenerator<readonly [Buffer, number]> {
  for (let at = from; at < to; ) {
    const bytes = Buffer.alloc(Math.min(LIMITS.journalReadBytes, to - at));
    const got = await readWhole(file, bytes, at);
    if (got === 0) return;
    yield [bytes.subarray(0, got), at];
    at += got;
  }
}

async function isBlank(file: ReadableFile, from: number, to: number): Promise<boolean> {
  for await (const [chunk] of chunks(file, from, to)) if (chunk.some((byte) => byte !== 0)) return false;
  return true;
}
