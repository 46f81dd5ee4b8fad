import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

/** SHA-512 in hexadecimal, as `sha512sum` prints it. */
export function sha512(file: string): string {
  return createHash('sha512').update(readFileSync(file)).digest('hex');
}

/**
 * The files in which two packed packages differ, and what the difference is. An empty list for different bytes means that
 * the same files were packed in another way.
 */
export function differences(one: string, other: string): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), 'aioc-packages-'));
  try {
    const [first, second] = [one, other].map((file, index) => unpacked(file, join(directory, String(index))));
    const names = new Set([...(first?.keys() ?? []), ...(second?.keys() ?? [])]);
    return [...names].sort().flatMap((name) => {
      const [before, after] = [first?.get(name), second?.get(name)];
      if (before === undefined || after === undefined) return [`${name} is in only one of them`];
      return before === after ? [] : [`${name}: ${before} and ${after}`];
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The files of a packed package: mode and SHA-512 of each. */
function unpacked(file: string, directory: string): ReadonlyMap<string, string> {
  mkdirSync(directory);
  execFileSync('tar', ['-xpzf', file, '-C', directory]);
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const mode = (statSync(path).mode & 0o777).toString(8);
      return [relative(directory, path), `mode ${mode} ${sha512(path)}`];
    }),
  );
}
