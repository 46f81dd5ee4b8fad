import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownMachines, stateDirectory } from '../../../engine/index.ts';
import { parseCommandLine } from '../../../source/arguments.ts';
import { runKnown } from '../../../source/commands/known.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

/** What `aioc known …` prints. */
async function known(...words: readonly string[]): Promise<string> {
  const invocation = parseCommandLine(['known', ...words]);
  assert.equal(invocation.mode, 'known');
  let printed = '';
  await runKnown(invocation as Parameters<typeof runKnown>[0], (text) => {
    printed += text;
  });
  return printed;
}

test('aioc known lists machines, as a table and with --json, and forgets one by its name or address', async (t) => {
  const before = process.env['XDG_STATE_HOME'];
  process.env['XDG_STATE_HOME'] = tempDir(t);
  t.after(() => {
    if (before === undefined) delete process.env['XDG_STATE_HOME'];
    else process.env['XDG_STATE_HOME'] = before;
  });
  assert.match(await known('list'), /^No machines are known/);
  const machines = knownMachines(stateDirectory());
  await machines.remember({ role: 'client', name: 'ben\u001b[2J', fingerprint: 'ab'.repeat(32) });
  const address = '192.0.2.7:10673';
  await machines.remember({ role: 'server', name: 'hub', address, fingerprint: 'cd'.repeat(32) });
  const table = await known('list');
  assert.match(table, /^NAME +KNOWN AS +LAST SEEN +WORDS\n/);
  assert.match(table, /hub +server at 192\.0\.2\.7:10673 +\d{4}-\d\d-\d\d +([a-z]+-){7}[a-z]+/);
  assert.doesNotMatch(table, /\u001b/);
  const rows = JSON.parse(await known('list', '--json')) as readonly Record<string, string>[];
  assert.deepEqual(rows.map(({ role, sha256 }) => [role, sha256]).sort(), [
    ['client', 'ab'.repeat(32)],
    ['server', 'cd'.repeat(32)],
  ]);
  assert.equal(
    await known('forget', address),
    `forgot the server hub at ${address}; aioc asks about it again\n`,
  );
  assert.doesNotMatch(await known('list'), /hub/);
  await rejectsWith(known('forget', 'hub'), 'AIOC_PEER_UNKNOWN', /aioc known list shows them/);
});
