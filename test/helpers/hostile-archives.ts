import { deflateRawSync } from 'node:zlib';
import { type RawEntry, rawZip, zip64End } from './raw-zip.ts';

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
export const HOSTILE_ARCHIVES: readonly (readonly [what: string, bytes: Buffer, message: RegExp])[] = [
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
  ['is no archive', Buffer.from('hello'), /not a zip archive/],
  ['is empty', Buffer.alloc(0), /not a zip archive/],
  ['is cut short', rawZip([ok, { name: 'b', content: 'x'.repeat(999) }]).subarray(0, 900), /end is missing/],
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
  ['is Fifield’s bomb, with headers quoted in data', quotedOverlap(40), /shares its data with another/],
  [
    'has all its entries over the same data',
    rawZip([
      { name: 'a', content: zeros.subarray(0, 1_000_000), deflate: true },
      ...['b', 'c', 'd'].map((name) => ({
        name,
        content: zeros.subarray(0, 1_000_000),
        deflate: true,
        saidOffset: 0,
      })),
    ]),
    /"b" has two headers that contradict|shares its data/,
  ],
  [
    'has two entries of one name over the same data',
    rawZip([ok, { ...ok, saidOffset: 0 }]),
    /"ok\.txt" occurs twice/,
  ],
  [
    'has an entry that begins in the data of the one before',
    rawZip([
      { name: 'a', content: Buffer.concat([Buffer.alloc(100), rawZip([{ name: 'b', content: 'x' }])]) },
      { name: 'b', content: 'x', saidOffset: 131 },
    ]),
    /"a" shares its data/,
  ],
  [
    'says in 64 bits that it has other sizes than in 32',
    rawZip([{ ...ok, saidSize: 0xffffffff, saidPackedSize: 0xffffffff, extra: zip64Extra(4n, 0n) }]),
    /size mismatch/,
  ],
  [
    'says in 64 bits that an entry begins in the directory',
    rawZip([{ ...ok, saidOffset: 0xffffffff, extra: zip64Extra(41n) }]),
    /invalid local file header/,
  ],
  [
    'lacks the 64-bit sizes that it announces',
    rawZip([{ ...ok, saidSize: 0xffffffff, saidPackedSize: 0xffffffff }]),
    /overflows file bounds/,
  ],
  [
    'says in 64 bits that it has 2^53 entries',
    rawZip([ok], { beforeEnd: manyIn64Bits(), saidEntries: 0xffff }),
    /more than 10000|damaged/,
  ],
];

function manyIn64Bits(): Buffer {
  const records = zip64End({ at: 92n, directoryOffset: 40n });
  for (const at of [24, 32]) records.writeBigUInt64LE(2n ** 53n, at);
  return records;
}

/** As zbsm of David Fifield: each entry’s data begins with the header of the next one, as a stored block. */
function quotedOverlap(entries: number): Buffer {
  const kernel = deflateRawSync(Buffer.alloc(100_000));
  const names = Array.from({ length: entries }, (_, index) => `f${index}`);
  const plain = rawZip(names.map((name) => ({ name, content: Buffer.alloc(100_000), deflate: true })));
  const locals = names.map((name) => {
    const at = plain.indexOf(Buffer.from(name), 0) - 30;
    return plain.subarray(at, at + 30 + name.length);
  });
  const parts: Buffer[] = [];
  const offsets: number[] = [];
  let offset = 0;
  for (const [index, local] of locals.entries()) {
    offsets.push(offset);
    const next = locals[index + 1];
    const quote =
      next === undefined ? Buffer.alloc(0) : Buffer.from([0, next.length, 0, 255 - next.length, 255]);
    parts.push(local, quote);
    offset += local.length + quote.length;
  }
  const data = Buffer.concat([...parts, kernel]);
  const whole = rawZip(names.map((name, index) => ({ name, method: 8, saidOffset: offsets[index] ?? 0 })));
  const directory = Buffer.from(whole.subarray(whole.indexOf('PK\x01\x02'), whole.length - 22));
  for (let at = 0, index = 0; at < directory.length; index += 1) {
    const start = (offsets[index] ?? 0) + (locals[index]?.length ?? 0);
    directory.writeUInt32LE(data.length - start, at + 20);
    directory.writeUInt32LE(100_000, at + 24);
    at += 46 + directory.readUInt16LE(at + 28);
  }
  const end = Buffer.from(whole.subarray(whole.length - 22));
  end.writeUInt32LE(data.length, 16);
  return Buffer.concat([data, directory, end]);
}
