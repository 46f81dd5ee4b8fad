import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { type FileQuota, PeerQuotas } from '../../../engine/files/peer-quotas.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { offerOf, TransferWorld } from '../../helpers/transfer-world.ts';

const QUOTA: FileQuota = { filesAtOnce: 2, bytesAtOnce: 100, filesADay: 5, bytesADay: 1_000 };
const DAY_MS = 24 * 60 * 60 * 1000;

function quotasOf(areStrangers = false): { quotas: PeerQuotas; clock: FakeClock } {
  const clock = new FakeClock(0);
  return { quotas: new PeerQuotas({ quota: QUOTA, areStrangers, clock }), clock };
}

test('files and bytes that are not complete are limited for each peer, until they end', () => {
  const { quotas } = quotasOf();
  quotas.hold('1', { peer: 'alice', files: 1, bytes: 60 });
  assert.throws(() => quotas.hold('2', { peer: 'alice', files: 1, bytes: 41 }), {
    code: 'AIOC_FILE_QUOTA',
    message: /100 bytes of incomplete files \(file_quota_bytes\)/,
  });
  quotas.hold('2', { peer: 'alice', files: 1, bytes: 40 });
  assert.throws(() => quotas.hold('3', { peer: 'alice', files: 1, bytes: 0 }), {
    code: 'AIOC_FILE_QUOTA',
    message: /2 incomplete files at once \(file_quota_files\)/,
  });
  quotas.hold('3', { peer: 'bob', files: 2, bytes: 100 });
  quotas.hold('1', { peer: 'alice', files: 1, bytes: 60 });
  quotas.release('1');
  quotas.release('1');
  quotas.hold('4', { peer: 'alice', files: 1, bytes: 60 });
});

test('what an earlier run accepted is counted, and may be more than the quota', () => {
  const { quotas } = quotasOf();
  quotas.hold('1', { peer: 'alice', files: 1, bytes: 500 }, { isKnown: true });
  quotas.hold('1', { peer: 'alice', files: 1, bytes: 500 });
  assert.throws(() => quotas.hold('2', { peer: 'alice', files: 1, bytes: 1 }), { code: 'AIOC_FILE_QUOTA' });
});

test('a day has its quota, and the next day another', () => {
  const { quotas, clock } = quotasOf();
  quotas.spend('alice', { files: 5, bytes: 950 });
  assert.throws(
    () => quotas.spend('alice', { files: 1, bytes: 0 }),
    /5 files a day \(file_quota_files_a_day\)/,
  );
  assert.throws(() => quotas.spend('alice', { files: 0, bytes: 51 }), /1000 bytes of files a day/);
  assert.throws(() => quotas.hold('1', { peer: 'alice', files: 1, bytes: 51 }), /a day/);
  quotas.spend('bob', { files: 5, bytes: 1_000 });
  clock.advance(DAY_MS);
  quotas.spend('alice', { files: 1, bytes: 51 });
});

test('peers without identities share a larger quota, however many names they make up', () => {
  const { quotas } = quotasOf(true);
  let key = 0;
  const admit = (): void => {
    key += 1;
    quotas.hold(`${key}`, { peer: `made up ${key}`, files: 1, bytes: 100 });
  };
  for (let count = 0; count < LIMITS.strangersQuotas; count += 1) admit();
  assert.throws(admit, /800 bytes of incomplete files, all peers together/);
});

test('a peer is told its quota when it offers a file, and a running transfer when the day’s is reached', async (t) => {
  const world = new TransferWorld(t, { quota: QUOTA });
  const targets = world.run();
  await rejectsWith(targets.open(offerOf('a', { sizeBytes: 101 })), 'AIOC_FILE_QUOTA', /100 bytes/);
  assert.deepEqual(world.paths, []);
  const one = await targets.open(offerOf('a', { sizeBytes: 60 }));
  await one.suspend();
  const later = world.run();
  const second = offerOf('b', { sizeBytes: 60, id: 'epoch.2' });
  await rejectsWith(later.open(second), 'AIOC_FILE_QUOTA', /100 bytes/);
  await (await later.open(offerOf('a', { sizeBytes: 60 }))).discard();
  await (await later.open(second)).discard();
  assert.deepEqual(world.paths, []);
});
