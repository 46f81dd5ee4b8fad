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
 * Keeps a copy of bytes that are no record, in a file that says by its name where they were. Zeros are what a disk
 * leaves where nothing was written, and are not kept.
 *
 * @returns the name of the file; undefined when there was nothing to keep
 * @throws the system's own errors; the bytes must then stay where they are
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
        await writeWhole(copy, chunk, at - from);
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

/** Moves a whole file that is no segment, though it has the name of one, out of the way. */
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
