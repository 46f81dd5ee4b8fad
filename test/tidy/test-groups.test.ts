import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testGroups } from '../helpers/test-groups.ts';

const PLAIN = "test('a', () => {});";

test('test files share a process in the order of their paths, a dozen at most', () => {
  const files = Array.from({ length: 30 }, (_, number) => `${number}.test.ts`);
  const groups = testGroups(files, () => PLAIN);
  assert.deepEqual(groups.flat(), files);
  assert.deepEqual(
    groups.map(({ length }) => length),
    [10, 10, 10],
  );
  assert.deepEqual(
    testGroups(['test/interop/run.ts'], () => PLAIN),
    [],
  );
});

test('a test file that starts programs, measures memory or time, or changes its process has a process of its own', () => {
  const own = [
    'const daemon = new Daemon(t, [], home);',
    'await using session = PtySession.start({});',
    "execFileSync('sh');",
    'before(() => {});',
    'const before = process.memoryUsage.rss();',
    "t.mock.method(fs, 'open');",
    "process.env['HOME'] = home;",
    "process.chdir('/');",
    'const startedAtMs = performance.now();',
  ];
  assert.deepEqual(
    testGroups(own, (file) => file),
    [],
  );
});
