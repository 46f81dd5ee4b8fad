import assert from 'node:assert/strict';
import { type FileHandle, open } from 'node:fs/promises';
import { devNull } from 'node:os';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import { Spool } from '../../../engine/local/spool.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { offerOf, TransferWorld } from '../../helpers/transfer-world.ts';

const PIECE = Buffer.alloc(1024 * 1024, 1);
const PIECES = 4;

/** Counts what is written to all files and not synced; the most of it when a file is synced at its end. */
async function watchSyncs(t: TestContext): Promise<() => number> {
  const probe = await open(devNull);
  const prototype = Object.getPrototypeOf(probe) as Pick<FileHandle, 'write' | 'sync' | 'datasync'>;
  await probe.close();
  const unsynced = new Map<number, number>();
  let most = 0;
  const { write, sync, datasync } = prototype;
  t.after(() => Object.assign(prototype, { write, sync, datasync }));
  Object.assign(prototype, {
    async write(this: FileHandle, ...args: unknown[]): Promise<unknown> {
      const written = await Reflect.apply(write, this, args);
      unsynced.set(this.fd, (unsynced.get(this.fd) ?? 0) + written.bytesWritten);
      return written;
    },
    sync(this: FileHandle): Promise<void> {
      most = Math.max(
        most,
        [...unsynced.values()].reduce((sum, bytes) => sum + bytes, 0),
      );
      unsynced.delete(this.fd);
      return sync.call(this);
    },
    datasync(this: FileHandle): Promise<void> {
      unsynced.delete(this.fd);
      return datasync.call(this);
    },
  });
  return () => most;
}

test('when ten files end at once, little of them is left to sync, so that messages do not wait', async (t) => {
  const targets = new TransferWorld(tempDir(t)).run();
  const mostUnsynced = await watchSyncs(t);
  const files = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      targets.open(offerOf(`file ${index}`, { id: `epoch.${index}`, sizeBytes: PIECES * PIECE.length })),
    ),
  );
  for (let piece = 0; piece < PIECES; piece += 1) await Promise.all(files.map((file) => file.write(PIECE)));
  await Promise.all(files.map((file) => file.finish()));
  const mib = mostUnsynced() / PIECE.length;
  assert.ok(mostUnsynced() <= 2 * LIMITS.fileSyncMinBytes + PIECE.length, `${mib} MiB`);
  await Promise.all(files.map((file) => file.discard()));
});

test('so it is with files that programs pass as bytes', async (t) => {
  const spool = new Spool({ directory: tempDir(t), sizeMaxBytes: 2 ** 30, random: realRandomness() });
  const mostUnsynced = await watchSyncs(t);
  const file = await spool.begin();
  for (let piece = 0; piece < 8 * PIECES; piece += 1) await file.write(PIECE);
  await file.finish({ mode: 0o600 });
  const mib = mostUnsynced() / PIECE.length;
  assert.ok(mib < (8 * PIECES) / 2, `${mib} MiB`);
});
