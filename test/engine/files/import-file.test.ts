import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import { importReceived } from '../../../engine/files/import-file.ts';
import { ReceivedFolder } from '../../../engine/files/received-folder.ts';
import { rawZip } from '../../helpers/raw-zip.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const realRandom = realRandomness();

interface Place {
  readonly received: string;
  readonly here: string;
  bring(name: string, unzip?: boolean): Promise<string>;
}

function place(context: TestContext): Place {
  const root = tempDir(context);
  const [received, here] = [join(root, 'received'), join(root, 'here')];
  mkdirSync(received);
  mkdirSync(here);
  const folder = new ReceivedFolder({ directory: received, random: realRandom, clock: { wallNow: () => 0 } });
  return {
    received,
    here,
    bring: (name, unzip = false) =>
      importReceived({ folder, name, directory: here, unzip, random: realRandom }),
  };
}

test('a received file is copied, a taken name becomes (2), and the original stays', async (context) => {
  const { received, here, bring } = place(context);
  writeFileSync(join(received, 'a.txt'), 'new');
  writeFileSync(join(here, 'a.txt'), 'old');
  assert.equal(await bring('a.txt'), join(here, 'a (2).txt'));
  assert.equal(readFileSync(join(here, 'a (2).txt'), 'utf8'), 'new');
  assert.equal(readFileSync(join(here, 'a.txt'), 'utf8'), 'old');
  assert.deepEqual(readdirSync(here).sort(), ['a (2).txt', 'a.txt']);
  assert.deepEqual(readdirSync(received), ['a.txt']);
});

test('a received directory is copied whole, also by !zimport, with its modes, times and links', async (context) => {
  const { received, here, bring } = place(context);
  mkdirSync(join(received, 'site/sub/empty'), { recursive: true });
  writeFileSync(join(received, 'site/sub/run.sh'), 'hi', { mode: 0o755 });
  symlinkSync('sub/run.sh', join(received, 'site/run'));
  utimesSync(join(received, 'site/sub/run.sh'), 1_500_000_000, 1_500_000_000);
  chmodSync(join(received, 'site/sub'), 0o555);
  utimesSync(join(received, 'site/sub'), 1_400_000_000, 1_400_000_000);
  assert.equal(await bring('site'), join(here, 'site'));
  assert.equal(await bring('site', true), join(here, 'site (2)'));
  const copy = join(here, 'site');
  assert.equal(readlinkSync(join(copy, 'run')), 'sub/run.sh');
  const [file, directory] = [lstatSync(join(copy, 'sub/run.sh')), lstatSync(join(copy, 'sub'))];
  assert.deepEqual([file.mode & 0o777, file.mtimeMs], [0o755, 1_500_000_000_000]);
  assert.deepEqual([directory.mode & 0o777, directory.mtimeMs], [0o555, 1_400_000_000_000]);
  assert.deepEqual(readdirSync(join(copy, 'sub')).sort(), ['empty', 'run.sh']);
  assert.deepEqual(readdirSync(here).sort(), ['site', 'site (2)']);
  // So that the directory of the test can be deleted.
  for (const path of [join(received, 'site/sub'), join(copy, 'sub'), join(here, 'site (2)/sub')])
    chmodSync(path, 0o755);
});

test('a received archive is unpacked, a bad one leaves nothing', async (context) => {
  const { received, here, bring } = place(context);
  writeFileSync(join(received, 'site.zip'), rawZip([{ name: 'index.html', content: 'hi' }]));
  writeFileSync(join(received, 'evil.zip'), rawZip([{ name: '../index.html', content: 'hi' }]));
  writeFileSync(join(received, 'text.txt'), 'hello');
  assert.equal(await bring('site.zip', true), join(here, 'site'));
  assert.equal(readFileSync(join(here, 'site/index.html'), 'utf8'), 'hi');
  await rejectsWith(bring('evil.zip', true), 'AIOC_ARCHIVE_BAD', /"\.\.\/index\.html"/);
  await rejectsWith(bring('text.txt', true), 'AIOC_ARCHIVE_BAD', /not a zip archive/);
  assert.deepEqual(readdirSync(here), ['site']);
});

test('a name that is not there brings up the near ones', async (context) => {
  const { received, bring } = place(context);
  for (const name of ['photo.jpg', 'photo (2).jpg', 'site.zip', 'zzz'])
    writeFileSync(join(received, name), '');
  await rejectsWith(
    bring('Photo.jpeg'),
    'AIOC_FILE_MISSING',
    /Did you mean "photo\.jpg", "photo \(2\)\.jpg"\?/,
  );
  await rejectsWith(bring('ite.zip'), 'AIOC_FILE_MISSING', /"site\.zip"/);
  await rejectsWith(bring('quite different'), 'AIOC_FILE_MISSING', /similar/);
});

test('nothing but a file or directory of the folder itself is taken', async (context) => {
  const { received, here, bring } = place(context);
  symlinkSync('/etc/passwd', join(received, 'passwd'));
  await rejectsWith(bring('../secret'), 'AIOC_FILE_NAME_BAD', /slash/);
  await rejectsWith(bring('passwd'), 'AIOC_FILE_MISSING', /No file "passwd"/);
  assert.deepEqual(readdirSync(here), []);
});
