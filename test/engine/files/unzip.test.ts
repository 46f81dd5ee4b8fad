import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import { type Unzipped, unzipSafely } from '../../../engine/files/unzip.ts';
import { HOSTILE_ARCHIVES } from '../../helpers/hostile-archives.ts';
import { type RawEntry, rawZip } from '../../helpers/raw-zip.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const realRandom = realRandomness();

interface Place {
  readonly archive: string;
  readonly into: string;
  unzip(bytes: Buffer): Promise<Unzipped>;
}

function place(context: TestContext, name = 'site.zip'): Place {
  const root = tempDir(context);
  const into = join(root, 'into');
  mkdirSync(into);
  const archive = join(root, name);
  return {
    archive,
    into,
    unzip: (bytes) => {
      writeFileSync(archive, bytes);
      return unzipSafely({ archive, intoDirectory: into, random: realRandom });
    },
  };
}

/** All files and directories below, with `/` after a directory. */
function tree(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .map(
      (entry) =>
        join(entry.parentPath, entry.name).slice(directory.length + 1) + (entry.isDirectory() ? '/' : ''),
    )
    .sort();
}

const ok: RawEntry = { name: 'ok.txt', content: 'fine' };
const zeros = Buffer.alloc(12 * 1024 * 1024);

for (const [what, bytes, message] of HOSTILE_ARCHIVES) {
  test(`an archive that ${what} is refused, and nothing of it is left`, async (context) => {
    const { into, unzip } = place(context);
    await rejectsWith(unzip(bytes), 'AIOC_ARCHIVE_BAD', message);
    assert.deepEqual(readdirSync(into), []);
    assert.deepEqual(readdirSync(join(into, '..')).sort(), ['into', 'site.zip']);
  });
}

test('a good archive lands in a new directory of its name, with all that is in it', async (context) => {
  const { into, unzip } = place(context);
  const entries: RawEntry[] = [
    { name: 'a.txt', content: 'stored' },
    { name: 'd/e/f.txt', content: 'packed '.repeat(1000), deflate: true },
    { name: 'd/', mode: 0o040755 },
    { name: 'empty/' },
    { name: 'run.sh', content: '#!', mode: 0o104755 },
    { name: 'zoë 漢字.txt', content: 'é' },
    { name: Buffer.from([0x81, 0x2e, 0x74]), content: 'old code page', flags: 0 },
  ];
  const result = await unzip(rawZip(entries));
  assert.deepEqual(result, { entries: 7, bytes: 6 + 7000 + 2 + 2 + 13, directory: join(into, 'site') });
  assert.deepEqual(readdirSync(into), ['site']);
  const found = ['a.txt', 'd/', 'd/e/', 'd/e/f.txt', 'empty/', 'run.sh', 'zoë 漢字.txt', 'ü.t'];
  assert.deepEqual(tree(result.directory), found.sort());
  assert.equal(readFileSync(join(into, 'site/d/e/f.txt'), 'utf8'), 'packed '.repeat(1000));
  const umask = process.umask();
  assert.equal(statSync(join(into, 'site/run.sh')).mode & 0o7777, 0o755 & ~umask, 'no set-user-id bit');
  assert.equal(statSync(join(into, 'site/a.txt')).mode & 0o7777, 0o644 & ~umask);
  assert.equal(statSync(join(into, 'site')).mode & 0o777, 0o777 & ~umask);
});

test('a taken name becomes (2), and what was there stays as it is', async (context) => {
  const { into, unzip } = place(context);
  mkdirSync(join(into, 'site'));
  assert.equal((await unzip(rawZip([ok]))).directory, join(into, 'site (2)'));
  assert.equal((await unzip(rawZip([ok]))).directory, join(into, 'site (3)'));
  assert.deepEqual(tree(into), ['site (2)/', 'site (2)/ok.txt', 'site (3)/', 'site (3)/ok.txt', 'site/']);
});

test('a single top directory of the same name is not nested, another one is', async (context) => {
  const { into, unzip } = place(context);
  await unzip(rawZip([{ name: 'site/' }, { name: 'site/a', content: 'x' }]));
  assert.deepEqual(tree(into), ['site/', 'site/a']);
  await unzip(rawZip([{ name: 'sitemap/a' }]));
  assert.deepEqual(tree(into), ['site (2)/', 'site (2)/sitemap/', 'site (2)/sitemap/a', 'site/', 'site/a']);
  await unzip(rawZip([{ name: 'site', content: 'a file' }]));
  assert.ok(existsSync(join(into, 'site (3)/site')));
});

test('names without .zip, nothing but .zip, and an empty archive', async (context) => {
  const first = place(context, 'backup.ZIP');
  assert.equal((await first.unzip(rawZip([]))).directory, join(first.into, 'backup'));
  assert.deepEqual(tree(first.into), ['backup/']);
  const second = place(context, '...zip');
  assert.equal((await second.unzip(rawZip([ok]))).directory, join(second.into, 'archive'));
});

test('much of the same is no bomb below 10 MiB', async (context) => {
  const { unzip } = place(context);
  const result = await unzip(rawZip([{ name: 'z', content: zeros.subarray(0, 9_000_000), deflate: true }]));
  assert.equal(result.bytes, 9_000_000);
});

test('missing archives, directories in their place and cancelling are told apart', async (context) => {
  const { archive, into } = place(context);
  const options = { archive, intoDirectory: into, random: realRandom };
  await rejectsWith(unzipSafely(options), 'AIOC_FILE_MISSING', /site\.zip/);
  await rejectsWith(unzipSafely({ ...options, archive: into }), 'AIOC_FILE_UNREADABLE', /not a regular file/);
  writeFileSync(archive, rawZip([ok]));
  const signal = AbortSignal.abort();
  await rejectsWith(unzipSafely({ ...options, signal }), 'AIOC_CANCELLED', /./);
  assert.deepEqual(readdirSync(into), []);
  await rejectsWith(
    unzipSafely({ ...options, intoDirectory: join(into, 'no') }),
    'AIOC_FILE_WRITE',
    /does not exist/,
  );
});
