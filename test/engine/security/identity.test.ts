import assert from 'node:assert/strict';
import {
  copyFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import { type Identity, loadOrMakeIdentity } from '../../../engine/security/identity.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const realRandom = realRandomness();

const NOW = Date.UTC(2026, 5, 1);
const DAY = 86_400_000;

function load(
  directory: string,
  wallNowMs = NOW,
  onMaking: (isMaking: boolean) => void = () => undefined,
): Promise<Identity> {
  return loadOrMakeIdentity({ directory, commonName: 'ann', wallNowMs, random: realRandom, onMaking });
}

test('an identity is made once, for its owner only, and is the same at the next start', async (context) => {
  const state = join(tempDir(context), 'a', 'state');
  const before = process.umask(0);
  const said: boolean[] = [];
  const onMaking = (isMaking: boolean): number => said.push(isMaking);
  const first = await load(state, NOW, onMaking).finally(() => process.umask(before));
  assert.deepEqual(said, [true, false], 'it says when it makes a key, and when that is done');
  const second = await load(state, NOW, onMaking);
  assert.deepEqual(said, [true, false]);
  assert.deepEqual(second, first);
  assert.match(first.words, /^[a-z]+(-[a-z]+){7}$/);
  const mode = (path: string): string => (statSync(join(state, path)).mode & 0o777).toString(8);
  assert.deepEqual(['', 'identity', 'identity/key.pem', 'identity/certificate.pem'].map(mode), [
    '700',
    '700',
    '600',
    '600',
  ]);
  assert.deepEqual(readdirSync(state), ['identity']);
});

test('processes that start at once end with one identity and leave nothing beside it', async (context) => {
  const state = tempDir(context);
  const all = await Promise.all([load(state), load(state), load(state)]);
  assert.equal(new Set(all.map(({ fingerprint }) => fingerprint)).size, 1);
  assert.deepEqual(readdirSync(state), ['identity']);
});

test('an identity that cannot be used is reported with what to do, and never replaced', async (context) => {
  const state = tempDir(context);
  const other = tempDir(context);
  await load(state);
  await load(other);
  const file = (name: string, root = state): string => join(root, 'identity', name);
  const key = readFileSync(file('key.pem'));
  const certificate = readFileSync(file('certificate.pem'));
  const refused = (message: RegExp, now = NOW): Promise<Error> =>
    rejectsWith(load(state, now), 'AIOC_STATE_DIRECTORY', message);

  // No peer looks at its dates, and a clock may be wrong.
  for (const now of [NOW + 3651 * DAY, NOW - 30 * DAY]) await load(state, now);

  copyFileSync(file('key.pem', other), file('key.pem'));
  await refused(/does not belong to the certificate/);
  writeFileSync(file('key.pem'), key.subarray(0, 500));
  await refused(/is damaged/);
  writeFileSync(file('key.pem'), Buffer.alloc(100_000));
  await refused(/too large/);
  writeFileSync(file('key.pem'), key);
  truncateSync(file('certificate.pem'), 0);
  await refused(/is damaged/);
  rmSync(file('certificate.pem'));
  await refused(/certificate\.pem is missing/);

  writeFileSync(file('certificate.pem'), certificate);
  assert.deepEqual(readFileSync(file('key.pem')), key);
  assert.equal((await load(state)).privateKeyPem, key.toString());
});

test('a key that others on the machine can read is refused', async (context) => {
  const state = tempDir(context);
  await load(state);
  const key = join(state, 'identity', 'key.pem');
  const text = readFileSync(key);
  rmSync(key);
  writeFileSync(key, text, { mode: 0o644 });
  await rejectsWith(load(state), 'AIOC_STATE_DIRECTORY', /chmod 600/);
});

test('a state directory that is a file is reported', async (context) => {
  const file = join(tempDir(context), 'file');
  writeFileSync(file, '');
  await rejectsWith(load(file), 'AIOC_STATE_DIRECTORY', /another/);
});
