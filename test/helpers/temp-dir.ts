import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/**
 * A new empty directory that is removed, with all that is in it, when the test ends. The path is short, because the
 * path of a Unix socket may have only 104 bytes, and has no symbolic links in it.
 */
export function tempDir(t: TestContext): string {
  return removedAfter(t, makeTempDir());
}

function removedAfter(t: TestContext, path: string): string {
  t.after(() => {
    try {
      removeDir(path);
    } catch {
      // A program that is ended by a later step of the test still writes there: thrown here, the error would keep that
      // step from being taken, and the program would live on.
      process.once('exit', () => removeDir(path));
    }
  });
  return path;
}

/** The same outside of a test: the caller removes it with `removeDir`. */
export function makeTempDir(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'aioc-')));
}

/** The home of a user whose screen is looked at: its path is on golden screens, where it has this length. */
export function makeHome(): string {
  return realpathSync(mkdtempSync('/tmp/aioc-'));
}

/** Removes a directory with all that is in it. A program that is still writing there is waited for a little. */
export function removeDir(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}
