import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { encodeTreeEnd, encodeTreeEntry, type TreeEntry } from '../../../engine/files/tree-stream.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { offerOf, TransferWorld } from '../../helpers/transfer-world.ts';

function entry(kind: TreeEntry['kind'], path: string, sizeBytes = 0): Buffer {
  const mode = kind === 'dir' ? 0o755 : 0o644;
  return encodeTreeEntry({ kind, path: Buffer.from(path), mode, mtimeMs: 0, sizeBytes, target: undefined });
}

/** The bytes of a file in a tree: so large that it is not created at once. */
const LARGE = randomBytes(LIMITS.treeFileAheadBytes + 1);

test('a directory arrives whole whatever becomes of the buffers of its pieces', async (t) => {
  const stream = Buffer.concat([
    entry('dir', ''),
    ...[1, 2, 3].flatMap((number) => [
      entry('file', `${number} large`, LARGE.length),
      LARGE,
      entry('file', `${number} small`, 3),
      Buffer.from('abc'),
    ]),
    encodeTreeEnd({ count: 0, first: [] }),
  ]);
  // Each ends in the head of a record, or in a file.
  for (const pieceBytes of [19, 40, 61, 100_000, 200_001, stream.length]) {
    const world = new TransferWorld(tempDir(t));
    const target = await world.run().open(offerOf('tree', { kind: 'tree' }));
    const buffer = Buffer.alloc(pieceBytes);
    for (let at = 0; at < stream.length; at += pieceBytes) {
      const bytes = stream.copy(buffer, 0, at);
      await target.write(buffer.subarray(0, bytes));
      buffer.fill(0xee);
    }
    await target.finish();
    const { path } = await target.place();
    for (const number of [1, 2, 3]) {
      assert.ok(readFileSync(join(path, `${number} large`)).equals(LARGE), `in pieces of ${pieceBytes}`);
      assert.equal(readFileSync(join(path, `${number} small`), 'utf8'), 'abc');
    }
    await target.settled();
  }
});
