import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { openSource } from '../../../engine/files/open-source.ts';
import { TreeDecoder, type TreeEvent } from '../../../engine/files/tree-stream.ts';
import type { TransferSource } from '../../../engine/queues/outgoing-body.ts';
import { asNobody } from '../../helpers/as-nobody.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const PIECE = LIMITS.transferPieceBytes;

async function bytesOf(source: TransferSource, from = 0): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source.read(from)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A line for each entry, with the digest of its content. */
function told(stream: Buffer, cut = stream.length): string[] {
  const decoder = new TreeDecoder();
  const lines: string[] = [];
  let hash = createHash('sha256');
  let before: string | undefined;
  const note = (event: TreeEvent): void => {
    if (event.kind === 'content') return void hash.update(event.bytes);
    if (event.kind === 'zeros') return void hash.update(Buffer.alloc(event.count));
    if (before !== undefined) lines.push(`${before} ${hash.digest('hex').slice(0, 8)}`);
    hash = createHash('sha256');
    before = undefined;
    if (event.kind === 'end') lines.push(`end ${JSON.stringify(event.leftOut)}`);
    else {
      const { kind, path, mode, sizeBytes, target } = event.entry;
      const line = `${kind} ${JSON.stringify(path.toString('latin1'))} ${mode.toString(8)}`;
      if (kind === 'file') before = `${line} ${sizeBytes}`;
      else lines.push(target === undefined ? line : `${line} -> ${target.toString('latin1')}`);
    }
  };
  for (let at = 0; at < stream.length; at += cut)
    for (const event of decoder.push(stream.subarray(at, at + cut))) note(event);
  assert.equal(decoder.ended, true);
  return lines;
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex').slice(0, 8);

function treeOf(context: TestContext): string {
  const root = join(tempDir(context), 'tree');
  mkdirSync(join(root, 'b/empty'), { recursive: true });
  writeFileSync(join(root, 'b/z'), 'zed', { mode: 0o744 });
  writeFileSync(join(root, 'a'), '');
  chmodSync(root, 0o755);
  return root;
}

test('a tree is its entries in the order of their bytes, each directory before what is in it', async (context) => {
  const root = treeOf(context);
  writeFileSync(join(root, 'big'), Buffer.alloc(3 * PIECE + 5, 7));
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xff])]), 'not UTF-8');
  symlinkSync('../a', join(root, 'b/inside'));
  symlinkSync('nothing', join(root, 'dangling'));
  symlinkSync('b/../../elsewhere', join(root, 'outside'));
  symlinkSync(join(root, 'a'), join(root, 'absolute'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  chmodSync(join(root, 'a'), 0o4777);
  const source = await openSource(root);
  const stream = await bytesOf(source);
  assert.equal(source.name, 'tree');
  const leadsOut = 'it is a link that leads out of the directory';
  const leftOut = {
    count: 3,
    first: [
      ['absolute', leadsOut],
      ['outside', leadsOut],
      ['pipe', 'it is a device, a pipe or a socket'],
    ],
  };
  assert.deepEqual(source.leftOut, leftOut);
  const expected = [
    'dir "" 755',
    `file "a" 755 0 ${digest(Buffer.alloc(0))}`,
    'dir "b" 755',
    'dir "b/empty" 755',
    'link "b/inside" 755 -> ../a',
    `file "b/z" 744 3 ${digest(Buffer.from('zed'))}`,
    `file "big" 644 ${3 * PIECE + 5} ${digest(Buffer.alloc(3 * PIECE + 5, 7))}`,
    'link "dangling" 755 -> nothing',
    `file "fÿ" 644 9 ${digest(Buffer.from('not UTF-8'))}`,
    `end ${JSON.stringify(leftOut)}`,
  ];
  assert.deepEqual(told(stream), expected);
  assert.deepEqual(told(stream, 1_000), expected, 'in chunks of any size');
});

test('a tree is read again from any piece, and not if it has changed', async (context) => {
  const root = treeOf(context);
  for (let index = 0; index < 40; index += 1) writeFileSync(join(root, `f${index}`), randomBytes(70_000));
  const source = await openSource(root);
  const whole = await bytesOf(source);
  assert.ok(whole.length > 2 * PIECE);
  for (const from of [0, PIECE, 2 * PIECE])
    assert.ok(whole.subarray(from).equals(await bytesOf(source, from)));
  utimesSync(join(root, 'f0'), 1, 1);
  assert.equal((await bytesOf(await openSource(root))).length, whole.length - 9, 'the new time is shorter');
  await rejectsWith(
    bytesOf(source, PIECE),
    'AIOC_FILE_CHANGED',
    /tree" changed before it was sent completely/,
  );
});

test('what may not be read is left out and named; the directory itself must be readable', async (context) => {
  const root = treeOf(context);
  for (const name of ['a', 'b/empty']) chmodSync(join(root, name), 0);
  await asNobody(dirname(root), async () => {
    const source = await openSource(root);
    await bytesOf(source);
    assert.deepEqual(source.leftOut, {
      count: 2,
      first: [
        ['a', 'it cannot be read'],
        ['b/empty', 'it cannot be read'],
      ],
    });
  });
  chmodSync(root, 0o311);
  await asNobody(dirname(root), async () => {
    await rejectsWith(openSource(root), 'AIOC_FILE_UNREADABLE', /you may not read it/);
  });
});

test('a file that shrinks while its tree is sent ends the tree', async (context) => {
  const root = treeOf(context);
  writeFileSync(join(root, 'big'), randomBytes(2 * PIECE));
  const source = await openSource(root);
  const read = async (): Promise<void> => {
    for await (const _chunk of source.read(0)) truncateSync(join(root, 'big'), 10);
  };
  await rejectsWith(read(), 'AIOC_FILE_CHANGED', /big" changed/);
});

test('zeros that are skipped may begin and end anywhere', () => {
  const decoder = new TreeDecoder();
  const header = Buffer.from('{"kind":"file","path":"f","mode":420,"mtime_ms":1,"size":100000}'.padEnd(256));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(256);
  const events = [
    ...decoder.pushZeros(1),
    ...decoder.push(length.subarray(1)),
    ...decoder.push(header),
    ...decoder.pushZeros(100_001),
    ...decoder.push(Buffer.concat([length.subarray(1), header])),
  ];
  assert.deepEqual(
    events.map((event) => [event.kind, 'count' in event && event.count]),
    [
      ['entry', false],
      ['zeros', 100_000],
      ['entry', false],
    ],
  );
});
