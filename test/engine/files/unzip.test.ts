import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import { type Unzipped, unzipSafely } from '../../../engine/files/unzip.ts';
import { type RawEntry, rawZip, zip64End } from '../../helpers/raw-zip.ts';
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
const unicodePath = (name: string): Buffer => {
  // Info-ZIP's second name, which takes the place of the first; 0x… is the CRC of `ok.txt`.
  const body = Buffer.concat([Buffer.from([1, 0, 0, 0, 0]), Buffer.from(name)]);
  body.writeUInt32LE(rawZip([{ name: 'x', content: 'ok.txt' }]).readUInt32LE(14), 1);
  const head = Buffer.alloc(4);
  head.writeUInt16LE(0x7075, 0);
  head.writeUInt16LE(body.length, 2);
  return Buffer.concat([head, body]);
};
const zip64Extra = (...values: bigint[]): Buffer => {
  const extra = Buffer.alloc(4 + values.length * 8);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(values.length * 8, 2);
  for (const [index, value] of values.entries()) extra.writeBigUInt64LE(value, 4 + index * 8);
  return extra;
};
const many = (count: number): RawEntry[] =>
  Array.from({ length: count }, (_, index) => ({ name: `f${index}` }));

/** What each hostile or damaged archive is, and what must be said about it. */
const HOSTILE: readonly (readonly [string, Buffer, RegExp])[] = [
  ['climbs out', rawZip([ok, { name: '../evil', content: 'x' }]), /entry "\.\.\/evil"/],
  ['climbs out in the middle', rawZip([ok, { name: 'a/../../evil' }]), /"a\/\.\.\/\.\.\/evil"/],
  ['climbs out as a directory', rawZip([{ name: '../' }]), /"\.\."/],
  ['is absolute', rawZip([{ name: '/etc/evil' }]), /"\/etc\/evil" has an absolute path/],
  ['has a backslash', rawZip([{ name: '..\\evil' }]), /backslash/],
  ['has a drive letter', rawZip([{ name: 'C:evil' }]), /drive letter/],
  ['has a dot segment', rawZip([{ name: 'a/./b' }]), /"a\/\.\/b"/],
  ['has an empty segment', rawZip([{ name: 'a//b' }]), /is empty/],
  ['has an empty name', rawZip([{ name: '' }]), /is empty/],
  ['has an escape sequence', rawZip([{ name: 'a\x1b[2J' }]), /control characters/],
  [
    'has control characters in the old code page',
    rawZip([{ name: 'a\x07b', flags: 0 }]),
    /control characters/,
  ],
  ['has a NUL', rawZip([{ name: 'a\0.txt' }]), /control characters/],
  ['turns the reading direction', rawZip([{ name: 'a\u202egpj.exe' }]), /control characters/],
  ['has invalid UTF-8', rawZip([{ name: Buffer.from([0x61, 0xff, 0xfe]) }]), /not valid UTF-8/],
  ['looks like our partial files', rawZip([{ name: '.aioc-partial-1/x' }]), /reserved for incomplete files/],
  ['has a part that is too long', rawZip([{ name: 'x'.repeat(256) }]), /longer than 255 bytes/],
  ['has a path that is too long', rawZip([{ name: 'abc/'.repeat(1000) }]), /longer than 2048 bytes/],
  ['has a second name that climbs out', rawZip([{ ...ok, extra: unicodePath('../evil') }]), /"\.\.\/evil"/],
  ['has a symbolic link', rawZip([{ name: 'l', content: '/etc/passwd', mode: 0o120777 }]), /"l" is a link/],
  ['has a device', rawZip([{ name: 'd', mode: 0o060660 }]), /special file/],
  ['has a named pipe', rawZip([{ name: 'p', mode: 0o010660 }]), /special file/],
  ['has a directory by type only', rawZip([{ name: 'd', mode: 0o040755 }]), /contradict each other/],
  ['has a file by type only', rawZip([{ name: 'd/', mode: 0o100644 }]), /contradict each other/],
  ['has a directory with content', rawZip([{ name: 'd/', content: 'x' }]), /directory with content/],
  ['has a name twice', rawZip([ok, ok]), /"ok\.txt" occurs twice/],
  ['has a directory twice', rawZip([{ name: 'd/' }, { name: 'd/' }]), /twice/],
  ['has a file under a file', rawZip([{ name: 'a' }, { name: 'a/b' }]), /"a" is a file and a directory/],
  ['has a file over a directory', rawZip([{ name: 'a/b' }, { name: 'a' }]), /"a" occurs twice/],
  [
    'is encrypted',
    rawZip([{ name: 'a', content: 'x'.repeat(20), saidSize: 8, flags: 1 }]),
    /"a" is encrypted/,
  ],
  ['is strongly encrypted', rawZip([{ name: 'a', flags: 0x41 }]), /encryption/],
  ['is packed in an unknown way', rawZip([{ name: 'a', content: 'x', method: 12 }]), /method 12/],
  [
    'has another local name',
    rawZip([{ name: 'a', localName: '../b' }]),
    /"a" has two headers that contradict/,
  ],
  [
    'has another local method',
    rawZip([{ name: 'a', content: 'x', localMethod: 8 }]),
    /two headers that contradict/,
  ],
  ['has too many entries', rawZip(many(10_001)), /more than 10000/],
  ['says it has too many entries', rawZip([ok], { saidEntries: 60_000 }), /more than 10000/],
  [
    'implies too many directories',
    rawZip(Array.from({ length: 100 }, (_, index) => ({ name: `${index}/${'d/'.repeat(150)}f` }))),
    /more than 10000/,
  ],
  [
    'is a bomb',
    rawZip([ok, { name: 'bomb', content: zeros, deflate: true }]),
    /"bomb" unpacks to more than 100/,
  ],
  [
    'unpacks to too much',
    rawZip(
      Array.from({ length: 5 }, (_, i) => ({
        name: `b${i}`,
        content: 'x',
        deflate: true,
        saidSize: 0xfffffff0,
      })),
    ),
    /"b4" exceeds the maximum unpacked size of 16 GiB/,
  ],
  [
    'overlaps with a header hidden in data',
    rawZip([
      { name: 'a', content: rawZip([{ name: 'c' }]).subarray(0, 31) },
      { name: 'c', saidOffset: 31 },
    ]),
    /"a" shares its data/,
  ],
  [
    'has data in its own directory',
    rawZip([{ name: 'a', saidPackedSize: 20, saidSize: 20 }]),
    /shares its data/,
  ],
  [
    'has data beyond its end',
    rawZip([{ name: 'a', saidPackedSize: 9999, saidSize: 9999 }]),
    /"a" is damaged/,
  ],
  ['has an entry beyond its end', rawZip([{ name: 'a', saidOffset: 0x7fffffff }]), /outside of the file/],
  [
    'has its directory beyond its end',
    rawZip([ok], { saidDirectoryOffset: 0x7fffffff }),
    /outside of the file/,
  ],
  ['has its directory elsewhere', rawZip([ok], { saidDirectoryOffset: 3 }), /damaged/],
  ['is on several disks', rawZip([ok], { saidDisk: 2 }), /multi-disk/],
  [
    'points beyond 2^53',
    rawZip([ok], { beforeEnd: zip64End({ at: 0xffff_ffff_ffff_ffffn, directoryOffset: 0n }) }),
    /outside of the file/,
  ],
  [
    'has its directory beyond 2^53',
    rawZip([], { beforeEnd: zip64End({ at: 0n, directoryOffset: 0xffff_ffff_ffff_fff0n }) }),
    /outside of the file/,
  ],
  [
    'has an entry beyond 2^53',
    rawZip([{ name: 'a', saidOffset: 0xffffffff, extra: zip64Extra(0xffff_ffff_ffff_fff0n) }]),
    /outside of the file/,
  ],
  [
    'has sizes beyond 2^53',
    rawZip([
      {
        name: 'a',
        deflate: true,
        saidSize: 0xffffffff,
        saidPackedSize: 0xffffffff,
        extra: zip64Extra(0xffff_ffff_ffff_fff0n, 0xffff_ffff_ffff_fff0n),
      },
    ]),
    /16 GiB/,
  ],
  ['has an extra field that overflows', rawZip([{ ...ok, extra: Buffer.from([1, 0, 99, 0]) }]), /damaged/],
  ['is no archive', Buffer.from('hello'), /Either not a zip file/],
  ['is empty', Buffer.alloc(0), /Either not a zip file/],
  ['is cut short', rawZip([ok, { name: 'b', content: 'x'.repeat(999) }]).subarray(0, 900), /damaged/],
  [
    'has a wrong checksum',
    rawZip([ok, { name: 'b', content: 'x', saidCrc: 1 }]),
    /"b" is damaged: its checksum/,
  ],
  [
    'is larger than it says',
    rawZip([{ name: 'b', content: zeros, deflate: true, saidSize: 9 }]),
    /"b" is larger/,
  ],
  [
    'is smaller than it says',
    rawZip([{ name: 'b', content: 'xy', deflate: true, saidSize: 9 }]),
    /"b" is smaller/,
  ],
  ['has bad packed data', rawZip([{ name: 'b', content: 'hello', method: 8 }]), /"b" is damaged: /],
  [
    'has packed data that stops short',
    rawZip([{ name: 'b', content: deflateRawSync('hello there').subarray(0, 8), method: 8, saidSize: 11 }]),
    /"b" is damaged: unexpected end/,
  ],
];

for (const [what, bytes, message] of HOSTILE) {
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
