import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of the files below `directory` that match, sorted. */
export function globSync(directory: string, pattern: RegExp): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
