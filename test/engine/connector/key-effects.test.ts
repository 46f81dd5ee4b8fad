import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configKeys } from '../../../engine/config/keys.ts';
import { globSync } from '../../helpers/glob.ts';

/** Shown elsewhere. */
const OTHERS: readonly string[] = [
  // access-list.test.ts
  ...['id', 'ip', 'subnet'].flatMap((what) => [`whitelisted_clients_${what}`, `blacklisted_clients_${what}`]),
  // key-effects-files.test.ts, by one test for all
  ...['files', 'bytes'].flatMap((what) => [`file_quota_${what}`, `file_quota_${what}_a_day`]),
];

test('every key that works has a test that changes it and looks at its effect', () => {
  const texts = ['test/engine/connector', 'test/daemon']
    .flatMap((directory) => globSync(directory, /key-effects-?.*\.test\.ts$/))
    .map((file) => readFileSync(file, 'utf8'));
  const titles = texts.flatMap((text) => text.match(/\btest\(\s*['`].*/g) ?? []).join('\n');
  const missing = configKeys()
    .filter(([name, { state }]) => state === 'works' && !OTHERS.includes(name))
    .map(([name]) => name)
    .filter((name) => !new RegExp(`\\b${name}\\b`).test(titles));
  assert.deepEqual(missing, []);
});
