import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import { unzipSafely } from '../../../engine/files/unzip.ts';
import { type ZipOptions, type Zipped, zipDirectory } from '../../../engine/files/zip-directory.ts';
import { asNobody } from '../../helpers/as-nobody.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const realRandom = realRandomness();

interface Place {
  readonly root: string;
  readonly source: string;
  readonly target: string;
  readonly out: string;
  zip(options?: Partial<ZipOptions>): Promise<Zipped>;
}

function place(context: TestContext): Place {
  const root = tempDir(context);
  const source = join(root, 'source');
  const out = join(root, 'out');
  mkdirSync(source);
  mkdirSync(out, { mode: 0o777 });
  chmodSync(out, 0o777);
  const target = join(out, 'made.zip');
  const signal = new AbortController().signal;
  return {
    root,
    source,
    target,
    out,
    zip: (options) =>
      zipDirectory({ directory: source, targetFile: target, signal, onProgress: () => {}, ...options }),
  };
}

/** Files below a directory that this process has open; where the system does not tell, none. */
function openBelow(directory: string): string[] {
  if (!existsSync('/proc/self/fd')) return [];
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`);
      return path.startsWith(`${directory}/`) ? [path] : [];
    } catch {
      return [];
    }
  });
}

test('a directory comes back as it was: files, empty directories, modes, names', async (context) => {
  const { source, target, out, zip } = place(context);
  const large = randomBytes(700_000);
  mkdirSync(join(source, 'a/b/c'), { recursive: true });
  mkdirSync(join(source, 'empty'));
  writeFileSync(join(source, 'a/b/large.bin'), large);
  writeFileSync(join(source, 'zoë 漢字.txt'), 'text '.repeat(10_000));
  writeFileSync(join(source, 'nothing'), '');
  writeFileSync(join(source, 'run.sh'), '#!', { mode: 0o755 });
  writeFileSync(join(source, '.aioc-partial-1'), 'ours');
  symlinkSync('/etc/passwd', join(source, 'link'));
  symlinkSync('/etc', join(source, 'a/linked-directory'));
  execFileSync('mkfifo', [join(source, 'pipe')]);
  const progress: number[] = [];
  let totalBytes = 0;
  const zipped = await zip({
    onProgress: (now) => {
      progress.push(now.doneBytes);
      totalBytes = now.totalBytes;
    },
  });
  assert.deepEqual(zipped, { sizeBytes: statSync(target).size, entries: 6, skipped: 3, renamed: 0 });
  assert.equal(totalBytes, 700_000 + 50_000 + 2);
  assert.equal(progress.at(-1), totalBytes);
  assert.deepEqual(
    progress,
    [...progress].sort((a, b) => a - b),
  );
  assert.equal(statSync(target).mode & 0o777, 0o600);
  const { directory, bytes } = await unzipSafely({ archive: target, intoDirectory: out, random: realRandom });
  assert.equal(bytes, totalBytes);
  const found = readdirSync(directory, { recursive: true }).sort();
  const expected = ['a', 'a/b', 'a/b/c', 'a/b/large.bin', 'empty', 'nothing', 'run.sh', 'zoë 漢字.txt'];
  assert.deepEqual(found, expected);
  assert.ok(readFileSync(join(directory, 'a/b/large.bin')).equals(large));
  assert.equal(statSync(join(directory, 'run.sh')).mode & 0o100, 0o100);
  assert.equal(statSync(join(directory, 'nothing')).mode & 0o100, 0);
});

test('an empty directory makes an empty archive, a deep one works', async (context) => {
  const { source, target, out, zip } = place(context);
  assert.equal((await zip()).entries, 0);
  const deep = Array.from({ length: 200 }, () => 'deep').join('/');
  mkdirSync(join(source, deep), { recursive: true });
  writeFileSync(join(source, deep, 'x'), 'x');
  await zip({ targetFile: `${target}2` });
  const { directory } = await unzipSafely({ archive: `${target}2`, intoDirectory: out, random: realRandom });
  assert.equal(readFileSync(join(directory, deep, 'x'), 'utf8'), 'x');
});

test('what cannot be read stops it, with its path, and leaves no archive', async (context) => {
  const { root, source, target, zip } = place(context);
  const refused = async (message: RegExp): Promise<void> => {
    await asNobody(root, () => rejectsWith(zip(), 'AIOC_FILE_UNREADABLE', message));
    assert.ok(!existsSync(target));
  };
  writeFileSync(join(source, 'first'), 'x');
  writeFileSync(join(source, 'secret.txt'), 'x', { mode: 0 });
  await refused(/source\/secret\.txt": you may not read it/);
  chmodSync(join(source, 'secret.txt'), 0o644);
  mkdirSync(join(source, 'closed'));
  chmodSync(join(source, 'closed'), 0);
  await refused(/source\/closed": you may not read it/);
  await rejectsWith(zip({ directory: join(source, 'no') }), 'AIOC_FILE_MISSING', /source\/no"/);
  await rejectsWith(zip({ directory: join(source, 'first') }), 'AIOC_FILE_UNREADABLE', /not a directory/);
});

test('an existing target is not overwritten, and not removed either', async (context) => {
  const { root, target, zip } = place(context);
  writeFileSync(target, 'precious');
  await rejectsWith(zip(), 'AIOC_FILE_WRITE', /made\.zip/);
  assert.equal(readFileSync(target, 'utf8'), 'precious');
  await rejectsWith(zip({ targetFile: join(root, 'none', 'x.zip') }), 'AIOC_FILE_WRITE', /does not exist/);
});

test('cancelling in the middle leaves nothing open and nothing behind', async (context) => {
  const { source, target, zip } = place(context);
  for (const name of ['a', 'b', 'c']) writeFileSync(join(source, name), randomBytes(2_000_000));
  const controller = new AbortController();
  const zipping = zip({
    signal: controller.signal,
    onProgress: ({ doneBytes }) => {
      if (doneBytes > 2_500_000) controller.abort();
    },
  });
  await rejectsWith(zipping, 'AIOC_CANCELLED', /./);
  assert.ok(!existsSync(target));
  await waitFor(() => openBelow(source).length === 0, { what: 'the files to be closed' });
  await rejectsWith(zip({ signal: AbortSignal.abort() }), 'AIOC_CANCELLED', /./);
  assert.ok(!existsSync(target));
});

test('a file that grows is packed as it was found, one that shrinks is reported', async (context) => {
  const { source, target, out, zip } = place(context);
  const victim = join(source, 'b.log');
  writeFileSync(join(source, 'a'), 'x');
  writeFileSync(victim, Buffer.alloc(600_000, 'y'));
  await zip({ onProgress: ({ doneBytes }) => doneBytes === 1 && appendFileSync(victim, 'more') });
  const { bytes } = await unzipSafely({ archive: target, intoDirectory: out, random: realRandom });
  assert.equal(bytes, 600_001);
  const zipping = zip({
    targetFile: `${target}2`,
    onProgress: ({ doneBytes }) => doneBytes === 1 && truncateSync(victim, 10),
  });
  await rejectsWith(zipping, 'AIOC_FILE_CHANGED', /b\.log" changed/);
  assert.ok(!existsSync(`${target}2`));
});

test('names that no receiver would unpack are refused with their path', async (context) => {
  const { source, target, zip } = place(context);
  mkdirSync(join(source, 'd'));
  writeFileSync(join(source, 'd', 'a\\b'), '');
  await rejectsWith(zip(), 'AIOC_FILE_NAME_BAD', /In "d\/a\\b": .*backslash/);
  assert.ok(!existsSync(target));
});

test('more entries than an archive may have are refused before anything is packed', async (context) => {
  const { source, target, zip } = place(context);
  writeFileSync(join(source, 'file'), '');
  for (const half of ['a', 'b']) {
    mkdirSync(join(source, half));
    for (let index = 0; index < 50; index += 1)
      linkSync(join(source, 'file'), join(source, half, String(index)));
  }
  await rejectsWith(zip({ entriesMax: 100 }), 'AIOC_FILE_UNREADABLE', /more than 100 .*one by one/);
  assert.ok(!existsSync(target));
});
