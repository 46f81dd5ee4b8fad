import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { TransferTarget } from '../../../engine/files/transfer-target.ts';
import { openTreeSource } from '../../../engine/files/tree-source.ts';
import { encodeTreeEnd, encodeTreeEntry, type TreeEntry } from '../../../engine/files/tree-stream.ts';
import { asNobody } from '../../helpers/as-nobody.ts';
import { killedAtCall } from '../../helpers/disk-calls.ts';
import { ONLY_ROOT } from '../../helpers/other-user.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { existingOf, offerOf, TransferWorld } from '../../helpers/transfer-world.ts';
import { treeSnapshot } from '../../helpers/tree-snapshot.ts';

const TIME = 1_400_000_000;
const ZEROS = 64 * 1024;
const RUN_OF_ZEROS = Buffer.alloc(ZEROS);

/** Pieces of a stream, with the runs of zeros that a transfer leaves out. */
async function piecesOf(directory: string): Promise<Buffer[]> {
  const source = await openTreeSource(directory, 'tree');
  const pieces: Buffer[] = [];
  for await (const piece of source.read(0)) pieces.push(piece);
  await source.close();
  return pieces;
}

async function writePiece(target: TransferTarget, piece: Buffer): Promise<void> {
  for (let at = 0; at < piece.length; at += ZEROS) {
    const part = piece.subarray(at, at + ZEROS);
    if (part.equals(RUN_OF_ZEROS)) await target.skip(part.length);
    else await target.write(part);
  }
}

function entry(kind: TreeEntry['kind'], path: string | Buffer, more: Partial<TreeEntry> = {}): Buffer {
  const plain = {
    mode: kind === 'dir' ? 0o755 : 0o644,
    mtimeMs: TIME * 1000,
    sizeBytes: 0,
    target: undefined,
  };
  return encodeTreeEntry({ kind, path: Buffer.from(path), ...plain, ...more });
}

const END = encodeTreeEnd({ count: 0, first: [] });

/** One entry of the table: its name in Latin-1, how it is made, and what arrives. */
interface Row {
  readonly name: string;
  make(path: Buffer): void;
  readonly arrives: 'as it is' | 'without rights of others' | 'not';
}

const file =
  (content: string, mode = 0o644) =>
  (path: Buffer): void => {
    writeFileSync(path, content);
    chmodSync(path, mode);
    utimesSync(path, TIME, TIME);
  };
const directory =
  (mode = 0o755) =>
  (path: Buffer): void => {
    mkdirSync(path);
    chmodSync(path, mode);
  };
const link =
  (target: string) =>
  (path: Buffer): void => {
    symlinkSync(Buffer.from(target, 'latin1'), path);
    lutimesSync(path, TIME, TIME);
  };
const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

const ROWS: readonly Row[] = [
  { name: 'empty', make: file(''), arrives: 'as it is' },
  { name: 'small', make: file('content'), arrives: 'as it is' },
  { name: 'large', make: file('0123456789'.repeat(300_000)), arrives: 'as it is' },
  { name: 'script', make: file('#!', 0o755), arrives: 'as it is' },
  { name: 'read-only', make: file('x', 0o444), arrives: 'as it is' },
  { name: 'mode-0', make: file('secret', 0), arrives: 'as it is' },
  { name: 'setuid', make: file('x', 0o6755), arrives: 'without rights of others' },
  { name: 'for-all', make: file('x', 0o666), arrives: 'without rights of others' },
  { name: 'sub', make: directory(), arrives: 'as it is' },
  { name: 'sub/empty', make: directory(), arrives: 'as it is' },
  { name: 'sub/closed', make: directory(0o555), arrives: 'as it is' },
  { name: 'sub/mode-0', make: directory(0), arrives: 'as it is' },
  { name: 'sub/for-all', make: directory(0o1777), arrives: 'without rights of others' },
  { name: 'sub/.hidden', make: file('x'), arrives: 'as it is' },
  { name: 'sub/-rf', make: file('x'), arrives: 'as it is' },
  { name: 'sub/~', make: file('x'), arrives: 'as it is' },
  { name: 'sub/a b"\\\'$', make: file('x'), arrives: 'as it is' },
  { name: 'sub/line\nfeed', make: file('x'), arrives: 'not' },
  { name: 'sub/escape\x1b[2J', make: directory(), arrives: 'not' },
  { name: 'sub/escape\x1b[2J/below', make: file('x'), arrives: 'not' },
  { name: utf8('caf\u00e9'), make: file('composed'), arrives: 'as it is' },
  { name: utf8('cafe\u0301'), make: file('decomposed'), arrives: 'as it is' },
  { name: 'caf\xe9', make: file('latin'), arrives: 'as it is' },
  { name: 'x'.repeat(255), make: file('long'), arrives: 'as it is' },
  { name: utf8('\u00e9'.repeat(127)), make: directory(), arrives: 'as it is' },
  { name: 'sparse', make: sparse(300 * 2 ** 20), arrives: 'as it is' },
  { name: 'sub/link-inside', make: link('../small'), arrives: 'as it is' },
  { name: 'link-to-directory', make: link('sub'), arrives: 'as it is' },
  { name: 'link-dangling', make: link('sub/none'), arrives: 'as it is' },
  { name: 'link-loop', make: link('link-loop'), arrives: 'as it is' },
  { name: 'link-bytes', make: link('caf\xe9'), arrives: 'as it is' },
  { name: 'link-outside', make: link('../outside'), arrives: 'not' },
  { name: 'link-absolute', make: link('/etc/passwd'), arrives: 'not' },
  { name: 'sub/link-up', make: link('../..'), arrives: 'not' },
  { name: 'link-through-link', make: link('sub/link-inside/../../x'), arrives: 'not' },
  { name: 'fifo', make: (path) => void execFileSync('mkfifo', [path.toString()]), arrives: 'not' },
  { name: 'socket', make: () => undefined, arrives: 'not' },
];

function sparse(size: number) {
  return (path: Buffer): void => {
    writeFileSync(path, 'begin');
    truncateSync(path, size);
    utimesSync(path, TIME, TIME);
  };
}

async function made(root: string): Promise<() => void> {
  mkdirSync(root);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve));
  for (const { name, make } of ROWS) make(Buffer.from(`${root}/${name}`, 'latin1'));
  for (const { name } of [...ROWS, { name: '' }].reverse()) {
    const path = Buffer.from(join(root, name), 'latin1');
    if (lstatSync(path).isDirectory()) utimesSync(path, TIME, TIME);
  }
  return () => server.close();
}

/** The mode without the rights that are not given, in a line of `treeSnapshot`. */
function withoutRights(line: string): string {
  return line.replace(/^(\w+) (\d{4})/, (_, kind: string, mode: string) => {
    return `${kind} ${(Number.parseInt(mode, 8) & 0o755).toString(8).padStart(4, '0')}`;
  });
}

for (const name of ['as root', 'as another user'] as const)
  test(`every kind of entry arrives as the table says, ${name}`, {
    skip: name === 'as root' ? false : ONLY_ROOT,
  }, async (t) => {
    const world = new TransferWorld(t);
    const root = join(world.top, 'run/source');
    t.after(await made(root));
    const before = treeSnapshot(root);
    const isOther = name === 'as another user';
    if (isOther) for (const path of [world.top, join(world.top, 'run')]) chownSync(path, 65_534, 65_534);
    const transfer = async (): Promise<unknown> => {
      const source = await openTreeSource(root, 'tree');
      const target = await world.run().open(offerOf('tree', { kind: 'tree' }));
      for await (const piece of source.read(0)) await writePiece(target, piece);
      await target.finish();
      const { leftOut, path } = await target.place();
      assert.equal(path, join(world.target, 'tree'));
      await target.settled();
      return leftOut;
    };
    const umask = process.umask(0o077);
    const leftOut = (await (isOther
      ? asNobody(world.top, transfer)
      : transfer().finally(() => undefined)
    ).finally(() => process.umask(umask))) as { count: number; first: [string, string][] };
    const after = treeSnapshot(join(world.target, 'tree'));
    // What another user may not read, it cannot send.
    const unreadable = isOther ? ['mode-0', 'sub/mode-0'] : [];
    const rows = ROWS.map((row) =>
      unreadable.includes(row.name) ? { ...row, arrives: 'not' as const } : row,
    );
    for (const { name: entryName, arrives } of rows) {
      const line = before[entryName] ?? '';
      const expected = { 'as it is': line, 'without rights of others': withoutRights(line), not: undefined };
      assert.equal(after[entryName], expected[arrives], entryName);
    }
    assert.equal(after[''], before[''], 'the directory itself');
    const missing = rows.filter(({ arrives }) => arrives === 'not').map(({ name: entryName }) => entryName);
    assert.equal(leftOut.count, missing.length);
    const named = leftOut.first.map(([path]) =>
      Buffer.from(path.replace('\\u000a', '\n').replace('\\u001b', '\x1b')).toString('latin1'),
    );
    assert.deepEqual(named.sort(), [...missing].sort());
    assert.ok(leftOut.first.every(([, why]) => /^its? /.test(why)));
    assert.deepEqual(readdirSync(world.target), ['tree']);
  });

test('a tree is continued from any byte, whatever was there behind it', async (t) => {
  const world = new TransferWorld(tempDir(t));
  const root = join(world.top, 'run/source');
  mkdirSync(join(root, 'a/deep/er'), { recursive: true });
  mkdirSync(join(root, 'b'));
  writeFileSync(join(root, 'a/deep/1'), 'one', { mode: 0o400 });
  writeFileSync(join(root, 'a/deep/er/2'), 'x'.repeat(3_000), { mode: 0 });
  writeFileSync(join(root, 'a/empty'), '');
  writeFileSync(join(root, 'b/3'), 'three');
  symlinkSync('b/3', join(root, 'c'));
  chmodSync(join(root, 'b'), 0o500);
  const stream = Buffer.concat(await piecesOf(root));
  const offer = offerOf('tree', { kind: 'tree' });
  const expected = treeSnapshot(root);
  for (let cut = 0; cut <= stream.length; cut += cut < 300 ? 23 : 301) {
    const first = await world.run().open(offer);
    await first.write(stream.subarray(0, Math.min(stream.length, cut + (cut % 3) * 100)));
    await first.suspend();
    const second = await world.run().open(offer);
    const there = await existingOf(second);
    assert.ok(there.length <= stream.length);
    assert.deepEqual(there, stream.subarray(0, there.length), `cut at ${cut}`);
    const from = Math.min(cut, there.length);
    assert.ok(there.length >= Math.min(cut, stream.length) - 200, `${there.length} of ${cut}`);
    await second.truncate(from);
    await second.write(stream.subarray(from));
    await second.finish();
    await second.suspend();
    // Complete, with its modes.
    const third = await world.run().open(offer);
    assert.deepEqual(await existingOf(third), stream, `cut at ${cut}`);
    await third.truncate(stream.length);
    await third.finish();
    const { path } = await third.place();
    await third.settled();
    assert.deepEqual(treeSnapshot(path), expected, `cut at ${cut}`);
    execFileSync('rm', ['-r', path]);
  }
  assert.deepEqual(readdirSync(world.target), []);
});

for (const override of [false, true])
  test(`killed before each call of placing ${override ? 'over another tree' : 'a tree'}, it is placed once, whole`, async (t) => {
    const source = tempDir(t);
    writeFileSync(join(source, 'a'), 'content');
    mkdirSync(join(source, 'd'), { mode: 0o500 });
    chmodSync(source, 0o555);
    const stream = Buffer.concat(await piecesOf(source));
    const expected = treeSnapshot(source);
    for (let calls = 0; ; calls += 1) {
      const world = new TransferWorld(tempDir(t), { override });
      mkdirSync(world.target);
      if (override) mkdirSync(join(world.target, 'tree/mine'), { recursive: true });
      const offer = offerOf('tree', { kind: 'tree' });
      const first = await world.run().open(offer);
      await first.write(stream);
      const isKilled = await killedAtCall(calls, async () => {
        await first.finish();
        await first.place();
      });
      const visible = readdirSync(world.target).filter((name) => !name.startsWith('.'));
      if (visible.length > 0 && !existsSync(join(world.target, 'tree/a')))
        assert.ok(override || readdirSync(join(world.target, 'tree')).length === 0, 'nothing in part');
      const second = await world.run().open(offer);
      if (!second.isPlaced) {
        assert.deepEqual(await existingOf(second), stream, `after ${calls} calls`);
        await second.truncate(stream.length);
        await second.finish();
      }
      const path = join(world.target, 'tree');
      assert.deepEqual(await second.place().then(({ name }) => name), 'tree', `after ${calls} calls`);
      await second.settled();
      assert.deepEqual(treeSnapshot(path), expected, `after ${calls} calls`);
      assert.deepEqual(readdirSync(world.target), ['tree'], `after ${calls} calls`);
      if (!isKilled) {
        assert.ok(calls > 15, `killed at ${calls} places`);
        return;
      }
    }
  });

test('a sparse file of 4.5 GiB in a tree is a hole on the disk', async (t) => {
  const world = new TransferWorld(t);
  const sizeBytes = 4.5 * 2 ** 30;
  const target = await world.run().open(offerOf('tree', { kind: 'tree' }));
  await target.write(
    Buffer.concat([entry('dir', ''), entry('file', 'sparse', { sizeBytes }), Buffer.from('begin')]),
  );
  await target.skip(sizeBytes - 'begin'.length);
  await target.write(END);
  await target.finish();
  const { path } = await target.place();
  const { size, blocks } = statSync(join(path, 'sparse'));
  assert.equal(size, sizeBytes);
  assert.ok(blocks * 512 < 2 ** 20, `${blocks} blocks`);
});

test('a discarded tree leaves nothing, whatever modes its directories have', async (t) => {
  const world = new TransferWorld(t);
  const target = await world.run().open(offerOf('new/tree', { kind: 'tree' }));
  await target.write(
    Buffer.concat([entry('dir', ''), entry('dir', 'a', { mode: 0 }), entry('file', 'a/b', { mode: 0 }), END]),
  );
  await target.finish();
  await target.discard();
  assert.deepEqual(world.paths, []);
});

test('streams that no walk through a tree gives are refused whole', async (t) => {
  const world = new TransferWorld(t);
  const targets = world.run();
  const outside = join(world.top, 'run/outside');
  mkdirSync(outside);
  const hostile: Record<string, readonly Buffer[]> = {
    'no root': [entry('file', 'a')],
    'a file as the root': [entry('file', '')],
    'two roots': [entry('dir', ''), entry('dir', '')],
    'a path up': [entry('dir', ''), entry('file', '../x')],
    'a path up, further': [entry('dir', ''), entry('dir', 'a'), entry('file', 'a/../../x')],
    dots: [entry('dir', ''), entry('dir', '..')],
    absolute: [entry('dir', ''), entry('file', '/etc/x')],
    'nothing between slashes': [entry('dir', ''), entry('dir', 'a'), entry('file', 'a//b')],
    'a NUL': [entry('dir', ''), entry('file', 'a\0b')],
    'below a file': [entry('dir', ''), entry('file', 'a'), entry('file', 'a/b')],
    'below a link': [
      entry('dir', ''),
      entry('dir', 'b'),
      entry('link', 'c', { target: Buffer.from('b') }),
      entry('file', 'c/x'),
    ],
    'a name twice': [entry('dir', ''), entry('file', 'a'), entry('file', 'a')],
    'the wrong order': [entry('dir', ''), entry('file', 'b'), entry('file', 'a')],
    'back to a directory that was left': [
      entry('dir', ''),
      entry('dir', 'a'),
      entry('dir', 'b'),
      entry('file', 'a/x'),
    ],
    'bytes after the end': [entry('dir', ''), END, Buffer.from('more')],
    'no header': [Buffer.from([2, 0, 0, 0, 0x7b, 0x7b])],
    'a header of no bytes': [Buffer.alloc(4)],
  };
  for (const [what, records] of Object.entries(hostile)) {
    const target = await targets.open(offerOf('tree', { kind: 'tree' }));
    const refused = async (): Promise<void> => {
      await target.write(Buffer.concat(records));
      await target.finish();
    };
    await assert.rejects(refused(), /AiocError/, what);
    await target.discard();
    assert.deepEqual(world.paths, ['run/outside'], what);
  }
  const short = await targets.open(offerOf('tree', { kind: 'tree' }));
  await short.write(entry('dir', ''));
  await rejectsWith(short.finish(), 'AIOC_FRAME_BAD', /not complete/);
  await short.discard();
});

test('a deep tree is received with few open directories, and what is too deep is left out', async (t) => {
  const world = new TransferWorld(t);
  const path = (depth: number): string => Array.from({ length: depth }, () => 'd').join('/');
  const records = [entry('dir', '')];
  for (let depth = 1; depth <= 202; depth += 1) records.push(entry('dir', path(depth)));
  for (let depth = 202; depth >= 1; depth -= 50)
    records.push(entry('file', `${path(depth)}/e`, { sizeBytes: 1 }), Buffer.from('x'));
  const open = (): number => readdirSync('/proc/self/fd').length;
  const before = open();
  const target = await world.run().open(offerOf('tree', { kind: 'tree' }));
  let most = 0;
  for (const record of [...records, END]) {
    await target.write(record);
    most = Math.max(most, open());
  }
  await target.finish();
  const placed = await target.place();
  assert.equal(placed.leftOut?.count, 3);
  assert.match(placed.leftOut?.first[0]?.[1] ?? '', /deeper than 200/);
  assert.ok(most - before < 60, `${most - before} descriptors`);
  assert.equal(readFileSync(join(placed.path, path(152), 'e'), 'utf8'), 'x');
  await target.settled();
  assert.equal(dirname(placed.path), world.target);
});

test('a tree never replaces anything, unless that is configured', async (t) => {
  const world = new TransferWorld(t);
  const target = await world.run().open(offerOf('tree', { kind: 'tree' }));
  await target.write(Buffer.concat([entry('dir', ''), END]));
  await target.finish();
  mkdirSync(join(world.target, 'tree'));
  await rejectsWith(target.place(), 'AIOC_FILE_WRITE', /"tree" already exists/);
  await target.discard();
  assert.deepEqual(world.paths, ['in/tree']);
});
