import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { realRandomness } from '../../engine/base/real-ports.ts';
import { createCertificates } from '../../engine/security/create-certificates.ts';
import { tempDir } from './temp-dir.ts';

export const random = realRandomness();

export interface TestDirectory {
  /** certificates_directory_path */
  readonly directory: string;
  /** A path below `certificates`. */
  at(...parts: string[]): string;
  /** `<hash>.<n>` → what it points at, in order. */
  links(): [string, string][];
}

/** A directory that aioc has made, removed when the test ends. */
export async function madeDirectory(t: TestContext, wallNowMs = Date.now()): Promise<TestDirectory> {
  const directory = tempDir(t);
  await createCertificates(directory, { random, wallNowMs });
  return testDirectory(directory);
}

export function testDirectory(directory: string): TestDirectory {
  const at = (...parts: string[]): string => join(directory, 'certificates', ...parts);
  const symlinks = at('server/client-certs/symlinks');
  return {
    directory,
    at,
    links: () =>
      readdirSync(symlinks)
        .sort()
        .map((file) => [file, readlinkSync(join(symlinks, file))]),
  };
}
