import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCertificates } from '../../engine/index.ts';
import { configuredEngine } from '../../source/configured-engine.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/** The files in a directory that this process has open. */
function openIn(directory: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(directory) ? [path] : [];
    } catch {
      // The descriptor of this list itself.
      return [];
    }
  });
}

test('a connector that cannot be created leaves no file open', async (t) => {
  if (process.platform !== 'linux') return t.skip('only Linux lists the open files of a process');
  const [directory, other] = [tempDir(t), tempDir(t)];
  for (const each of [directory, other]) await createCertificates(each);
  const key = 'certificates/server/server-cert/server.key';
  copyFileSync(join(other, key), join(directory, key));
  const run = join(directory, 'run');
  mkdirSync(run);
  const configPath = join(directory, 'config.json');
  writeFileSync(
    configPath,
    JSON.stringify({
      is_server: true,
      connector_files_dirpath: run,
      certificates_directory_path: directory,
      default_logger_dirpath: directory,
    }),
  );
  const created = configuredEngine({ configPath, onShutdown: () => undefined });
  await rejectsWith(created, 'AIOC_CERTIFICATES', /is damaged or does not belong to/);
  assert.deepEqual(openIn(directory), []);
});
