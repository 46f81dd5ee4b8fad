import assert from 'node:assert/strict';
import type { Stats } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { type PacedFile, SyncPaces } from '../../../engine/files/paced-file.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const MIB = 1024 * 1024;
const PIECE = Buffer.alloc(MIB);

interface Sync {
  readonly file: number;
  readonly bytes: number;
  end(error?: Error): void;
}

/** What of a file the disk has to write at its next sync. */
class SlowHandle {
  unsyncedBytes = 0;
  readonly #disk: SlowDisk;
  readonly #number: number;

  constructor(disk: SlowDisk, number: number) {
    this.#disk = disk;
    this.#number = number;
  }

  async write(_bytes: Buffer, _at: number, length: number): Promise<never> {
    this.unsyncedBytes += length;
    return { bytesWritten: length } as never;
  }

  datasync(): Promise<void> {
    return this.sync();
  }

  sync(): Promise<void> {
    const bytes = this.unsyncedBytes;
    return new Promise((resolve, reject) => {
      const sync: Sync = {
        file: this.#number,
        bytes,
        end: (error) => {
          this.#disk.running.delete(sync);
          if (error === undefined) this.unsyncedBytes -= bytes;
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      this.#disk.running.add(sync);
      this.#disk.mostAtOnce = Math.max(this.#disk.mostAtOnce, this.#disk.running.size);
      this.#disk.largestBytes = Math.max(this.#disk.largestBytes, bytes);
    });
  }

  async stat(): Promise<never> {
    return { dev: 1 } as Partial<Stats> as never;
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}

/** Its syncs end when the test says so. */
class SlowDisk {
  readonly clock = new FakeClock(0);
  readonly running = new Set<Sync>();
  readonly handles: SlowHandle[] = [];
  mostAtOnce = 0;
  largestBytes = 0;
  readonly #paces = new SyncPaces(this.clock);

  async file(): Promise<PacedFile<never>> {
    const handle = new SlowHandle(this, this.handles.length);
    this.handles.push(handle);
    return (await this.#paces.pace(handle as never)) as never;
  }

  get unsyncedBytes(): number {
    return this.handles.reduce((sum, { unsyncedBytes }) => sum + unsyncedBytes, 0);
  }

  /** All promises that can settle have settled. */
  async rest(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Ends one sync after the other, each after so long, until none is left. */
  async run(tookMs: number): Promise<void> {
    await this.rest();
    for (let [sync] = this.running; sync !== undefined; [sync] = this.running) {
      this.clock.advance(tookMs);
      sync.end();
      await this.rest();
    }
  }
}

function writeAll(files: readonly PacedFile<never>[], pieces: number): Promise<unknown> {
  return Promise.all(
    files.map(async (file) => {
      for (let at = 0; at < pieces; at += 1) await file.write(PIECE, at * MIB);
    }),
  );
}

test('of ten files that are written at once, little is left to sync at their end', async () => {
  const disk = new SlowDisk();
  const files = await Promise.all(Array.from({ length: 10 }, () => disk.file()));
  const written = writeAll(files, 10);
  await disk.run(LIMITS.fileSyncMs);
  await written;
  assert.ok(disk.unsyncedBytes < LIMITS.fileSyncMinBytes, `${disk.unsyncedBytes} bytes`);
  const synced = Promise.all(files.map((file) => file.sync()));
  await disk.run(LIMITS.fileSyncMs);
  await synced;
  assert.equal(disk.unsyncedBytes, 0);
  assert.ok(disk.largestBytes <= LIMITS.fileSyncMinBytes, `${disk.largestBytes} bytes in one sync`);
  assert.equal(disk.mostAtOnce, LIMITS.filesSynced);
});

test('who writes faster than the disk syncs waits, and goes on when a file is closed', async () => {
  const disk = new SlowDisk();
  const [slow, other] = [await disk.file(), await disk.file()];
  const written = writeAll([slow], 9);
  await disk.rest();
  assert.equal(disk.unsyncedBytes, 2 * LIMITS.fileSyncMinBytes);
  let isWritten = false;
  const later = other.write(PIECE, 0).then(() => {
    isWritten = true;
  });
  await disk.rest();
  assert.equal(isWritten, false);
  void disk.run(1);
  await written;
  await slow.close();
  await later;
  await other.close();
});

test('the faster the disk, the more is synced at once, within bounds', async (t: TestContext) => {
  const largest = async (syncMs: number): Promise<number> => {
    const disk = new SlowDisk();
    const file = await disk.file();
    const written = writeAll([file], 200);
    await disk.run(syncMs);
    await written;
    return disk.largestBytes;
  };
  const [fast, slow] = [await largest(1), await largest(10 * LIMITS.fileSyncMs)];
  t.diagnostic(`${fast} and ${slow} bytes`);
  assert.ok(fast > 2 * LIMITS.fileSyncMinBytes && fast <= 2 * LIMITS.fileSyncMaxBytes + MIB);
  assert.ok(slow <= 2 * LIMITS.fileSyncMinBytes);
});

test('a sync that fails is an error of the next write and of the sync at the end', async () => {
  const disk = new SlowDisk();
  const file = await disk.file();
  await writeAll([file], LIMITS.fileSyncMinBytes / MIB);
  await disk.rest();
  const atEnd = file.sync();
  await disk.rest();
  const [only, second] = disk.running;
  assert.equal(second, undefined, 'two syncs of a file: only one of them would report an error');
  only?.end(new Error('the disk is broken'));
  await assert.rejects(atEnd, /the disk is broken/);
  await assert.rejects(file.write(PIECE, 0), /the disk is broken/);
  await file.close();
  assert.match(String(file.failure), /the disk is broken/);
});
