import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import type { TransferOffer } from '../../../engine/files/transfer-target.ts';
import type { TransferTargets } from '../../../engine/files/transfer-targets.ts';
import { killedAtCall } from '../../helpers/disk-calls.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { existingOf, offerOf, TransferWorld } from '../../helpers/transfer-world.ts';

const CONTENT = randomBytes(250_000);

async function received(targets: TransferTargets, offer: TransferOffer, content = CONTENT): Promise<string> {
  const target = await targets.open({ ...offer, sizeBytes: content.length });
  await target.write(content);
  await target.finish();
  const { path } = await target.place();
  await target.settled();
  return path;
}

test('a file is hidden until it is placed, with the mode and time of its sender', async (t) => {
  const world = new TransferWorld(t);
  const offer = offerOf('photo.jpg', { sizeBytes: CONTENT.length, mode: 0o6767, mtimeMs: 1_234_567_890_500 });
  const target = await world.run().open(offer);
  await target.write(CONTENT.subarray(0, 100_000));
  assert.match(world.paths.join(), /^in\/\.aioc-partial-[0-9a-f]{24},run\/records\/[0-9a-f]{24}\.json$/);
  await target.write(CONTENT.subarray(100_000));
  await target.finish();
  assert.equal(existsSync(join(world.target, 'photo.jpg')), false);
  const umask = process.umask(0o077);
  const placed = await target.place().finally(() => process.umask(umask));
  const path = join(world.target, 'photo.jpg');
  assert.deepEqual(placed, { name: 'photo.jpg', path });
  assert.deepEqual(readFileSync(path), CONTENT);
  const { mode, mtimeMs, nlink } = statSync(path);
  assert.deepEqual([mode & 0o7777, Math.trunc(mtimeMs), nlink], [0o745, 1_234_567_890_500, 1]);
  await target.settled();
  assert.deepEqual(world.paths, ['in/photo.jpg']);
});

test('runs of zeros are holes, in the middle and at the end', async (t) => {
  const world = new TransferWorld(t);
  const sizeBytes = 4_500 * 2 ** 20;
  const target = await world.run().open(offerOf('sparse', { sizeBytes }));
  await target.write(Buffer.from('begin'));
  await target.skip(sizeBytes - 2 ** 20);
  await target.write(Buffer.from('middle'));
  await target.skip(2 ** 20 - 'begin'.length - 'middle'.length);
  await target.finish();
  const { path } = await target.place();
  const { size, blocks } = statSync(path);
  assert.equal(size, sizeBytes);
  assert.ok(blocks * 512 < 2 ** 20, `${blocks} blocks`);
});

test('a later run continues what is there, whatever is behind it', async (t) => {
  const world = new TransferWorld(t);
  const offer = offerOf('a', { sizeBytes: CONTENT.length });
  const first = await world.run().open(offer);
  await first.write(CONTENT.subarray(0, 150_000));
  await first.suspend();
  const second = await world.run().open(offer);
  assert.equal(second.isPlaced, false);
  assert.deepEqual(await existingOf(second), CONTENT.subarray(0, 150_000));
  await second.truncate(120_000);
  await second.write(CONTENT.subarray(120_000));
  await second.finish();
  await second.suspend();
  // Complete, and not placed when the connector ended.
  const third = await world.run().open(offer);
  assert.deepEqual(await existingOf(third), CONTENT);
  await third.truncate(CONTENT.length);
  await third.finish();
  await third.place();
  await third.settled();
  assert.deepEqual(readFileSync(join(world.target, 'a')), CONTENT);
  assert.deepEqual(world.paths, ['in/a']);
});

test('a complete file that its owner may not read is continued, too', async (t) => {
  const world = new TransferWorld(t);
  const offer = offerOf('secret', { sizeBytes: CONTENT.length, mode: 0 });
  const first = await world.run().open(offer);
  await first.write(CONTENT);
  await first.finish();
  await first.suspend();
  const second = await world.run().open(offer);
  assert.deepEqual(await existingOf(second), CONTENT);
  await second.truncate(CONTENT.length);
  await second.finish();
  const { path } = await second.place();
  assert.equal(lstatSync(path).mode & 0o7777, 0);
});

for (const [what, override, before] of [
  ['a free name', false, undefined],
  ['a name that is replaced', true, 'older'],
] as const)
  test(`killed before each call of placing at ${what}, a file is placed once and says so`, async (t) => {
    let killed = 0;
    for (let calls = 0; ; calls += 1) {
      const world = new TransferWorld(tempDir(t), { override });
      mkdirSync(world.target);
      if (before !== undefined) writeFileSync(join(world.target, 'a'), before);
      const offer = offerOf('a', { sizeBytes: CONTENT.length });
      const first = await world.run().open(offer);
      await first.write(CONTENT);
      const isKilled = await killedAtCall(calls, async () => {
        await first.finish();
        await first.place();
      });
      const second = await world.run().open(offer);
      if (!second.isPlaced) {
        const there = await existingOf(second);
        assert.deepEqual(there, CONTENT, `after ${calls} calls`);
        await second.truncate(there.length);
        await second.finish();
      }
      const path = join(world.target, 'a');
      assert.deepEqual(await second.place(), { name: 'a', path }, `after ${calls} calls`);
      assert.deepEqual(await second.place(), { name: 'a', path }, 'asked twice');
      await second.settled();
      assert.deepEqual(readFileSync(path), CONTENT);
      assert.deepEqual(world.paths, ['in/a'], `after ${calls} calls`);
      if (!isKilled) break;
      killed += 1;
    }
    assert.ok(killed > 10, `killed at ${killed} places`);
  });

test('where it was placed is known until its message is settled, even if the user has moved it', async (t) => {
  const world = new TransferWorld(t);
  const offer = offerOf('a', { sizeBytes: 3 });
  const first = await world.run().open(offer);
  await first.write(Buffer.from('abc'));
  await first.finish();
  await first.place();
  await first.suspend();
  rmSync(join(world.target, 'a'));
  const second = await world.run().open(offer);
  assert.equal(second.isPlaced, true);
  assert.deepEqual(await existingOf(second), Buffer.alloc(0));
  assert.deepEqual(await second.place(), { name: 'a', path: join(world.target, 'a') });
  await second.settled();
  assert.deepEqual(world.paths, []);
});

test('a discarded file leaves nothing, neither the directories that were made for it', async (t) => {
  const world = new TransferWorld(t);
  const target = await world.run().open(offerOf('new/deep/a', { sizeBytes: 3 }));
  assert.equal(statSync(join(world.target, 'new')).mode & 0o7777, 0o700);
  await target.write(Buffer.from('abc'));
  await target.finish();
  await target.discard();
  assert.deepEqual(world.paths, []);
  mkdirSync(join(world.target, 'mine'));
  const other = await world.run().open(offerOf('mine/deep/a', { sizeBytes: 3 }));
  await other.discard();
  assert.deepEqual(world.paths, ['in/mine']);
});

test('a name that is taken is refused before and after, and stays as it is', async (t) => {
  const world = new TransferWorld(t);
  mkdirSync(world.target);
  writeFileSync(join(world.target, 'a'), 'mine');
  await rejectsWith(world.run().open(offerOf('a')), 'AIOC_FILE_WRITE', /a already exists/);
  const target = await world.run().open(offerOf('b', { sizeBytes: 3 }));
  await target.write(Buffer.from('abc'));
  await target.finish();
  writeFileSync(join(world.target, 'b'), 'mine');
  await rejectsWith(target.place(), 'AIOC_FILE_WRITE', /"b" already exists/);
  await target.discard();
  assert.equal(readFileSync(join(world.target, 'b'), 'utf8'), 'mine');
  assert.deepEqual(world.paths, ['in/a', 'in/b']);
});

test('more bytes than announced, fewer, and a second opening are refused', async (t) => {
  const world = new TransferWorld(t);
  const targets = world.run();
  const target = await targets.open(offerOf('a', { sizeBytes: 3 }));
  await rejectsWith(targets.open(offerOf('a', { sizeBytes: 3 })), 'AIOC_FILE_WRITE', /already/);
  await rejectsWith(target.write(Buffer.from('abcd')), 'AIOC_FILE_WRITE', /More bytes/);
  await rejectsWith(target.skip(4), 'AIOC_FILE_WRITE', /More bytes/);
  await target.write(Buffer.from('ab'));
  await rejectsWith(target.finish(), 'AIOC_FILE_WRITE', /"a" was not stored: 2 of 3 bytes/);
  await target.discard();
  assert.deepEqual(world.paths, []);
  for (const offer of [{ sizeBytes: -1 }, { sizeBytes: 1.5 }, { mode: -1 }, { mtimeMs: Number.NaN }])
    await rejectsWith(targets.open(offerOf('a', offer)), 'AIOC_FILE_WRITE', /cannot have/);
});

test('names that hide, or look like options or homes, become plain; others of no file are refused', async (t) => {
  const world = new TransferWorld(t);
  const targets = world.run();
  const names = { '.bashrc': '_bashrc', '-rf': '_rf', '~': '_', '~root': '_root', '.-.x': '_x', 'a~': 'a~' };
  for (const [name, plain] of Object.entries(names))
    assert.equal(await received(targets, offerOf(name)), join(world.target, plain), name);
  assert.equal(await received(targets, offerOf('.ssh/-k')), join(world.target, '_ssh/_k'));
  for (const name of [
    '..',
    '.',
    '',
    'a/',
    '../a',
    '/a',
    'a\0',
    'a\nb',
    'x'.repeat(256),
    '.aioc-partial-1',
    'a\\b',
  ])
    await rejectsWith(targets.open(offerOf(name)), 'AIOC_FILE_NAME_BAD', /./);
});

test('a partial file that somebody gave another name is not written to', async (t) => {
  const world = new TransferWorld(t);
  const offer = offerOf('a', { sizeBytes: 3 });
  const first = await world.run().open(offer);
  await first.suspend();
  const [partial = ''] = world.paths;
  const precious = join(world.top, 'run/precious');
  writeFileSync(precious, 'mine');
  chmodSync(precious, 0o644);
  rmSync(join(world.top, partial), { force: true });
  linkSync(precious, join(world.top, partial));
  const second = await world.run().open(offer);
  assert.deepEqual(await existingOf(second), Buffer.alloc(0));
  await second.write(Buffer.from('abc'));
  await second.finish();
  await second.place();
  assert.equal(readFileSync(precious, 'utf8'), 'mine');
  assert.equal(statSync(precious).mode & 0o777, 0o644);
});

test('room is counted for all that is announced, and watched while it is written', async (t) => {
  let freeBytes = LIMITS.diskReserveBytes + 1_000;
  const stat = async () => ({ bavail: freeBytes, bsize: 1 });
  const world = new TransferWorld(t, { stat });
  const targets = world.run();
  const first = await targets.open(offerOf('a', { sizeBytes: 600 }));
  const second = offerOf('b', { sizeBytes: 600, id: 'epoch.2' });
  await rejectsWith(targets.open(second), 'AIOC_FILE_WRITE', /^The disk is too full: .* Free some space\.$/);
  await first.discard();
  await (await targets.open(second)).discard();
  freeBytes = 2 ** 40;
  const large = await targets.open(offerOf('c', { sizeBytes: 3 * LIMITS.diskWatchBytes }));
  await large.write(Buffer.alloc(LIMITS.diskWatchBytes, 1));
  freeBytes = LIMITS.diskReserveBytes - 1;
  await rejectsWith(large.write(Buffer.alloc(LIMITS.diskWatchBytes, 1)), 'AIOC_FILE_WRITE', /too full/);
  await large.discard();
  assert.deepEqual(world.paths, []);
});

test('what is not complete is listed, and deleted by age or by hand', async (t) => {
  const world = new TransferWorld(t);
  const sizeBytes = CONTENT.length;
  const targets = world.run();
  for (const [name, id] of [
    ['old', 'e.1'],
    ['running', 'e.2'],
    ['named', 'e.3'],
  ] as const) {
    const target = await targets.open(offerOf(name, { id, sizeBytes }));
    await target.write(CONTENT.subarray(0, 1_000));
    if (name !== 'running') await target.suspend();
  }
  const placed = await targets.open(offerOf('placed', { id: 'e.4' }));
  await placed.finish();
  await placed.place();
  await placed.suspend();
  const listed = await targets.list();
  assert.deepEqual(
    listed.map(({ peer, name, kind, doneBytes, totalBytes, isOpen }) => [
      ...[peer, name, kind, doneBytes, totalBytes, isOpen],
    ]),
    [
      ['alice', 'old', 'file', 1_000, sizeBytes, false],
      ['alice', 'running', 'file', 1_000, sizeBytes, true],
      ['alice', 'named', 'file', 1_000, sizeBytes, false],
    ],
  );
  assert.deepEqual(await targets.clean(), []);
  const named = listed.filter(({ name }) => name !== 'old').map(({ key }) => key);
  assert.deepEqual(
    (await targets.clean({ keys: named })).map(({ name }) => name),
    ['named'],
    'what is being received stays',
  );
  world.clock.advance(LIMITS.stalePartialMs + 60_000);
  assert.deepEqual(
    (await targets.clean()).map(({ name }) => name),
    ['old'],
  );
  assert.equal(readdirSync(join(world.top, 'run/records')).length, 1, 'only of the one that is running');
});
