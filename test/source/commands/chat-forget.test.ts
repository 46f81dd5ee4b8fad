import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openJournal, stateDirectory } from '../../../engine/index.ts';
import { parseCommandLine } from '../../../source/arguments.ts';
import { runChatForget } from '../../../source/commands/chat-forget.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

/** What `aioc chat forget …` prints. */
async function forget(...words: readonly string[]): Promise<string> {
  const invocation = parseCommandLine(['chat', 'forget', ...words]);
  assert.equal(invocation.mode, 'chat-forget');
  let printed = '';
  await runChatForget(invocation as Parameters<typeof runChatForget>[0], (text) => {
    printed += text;
  });
  return printed;
}

test('aioc chat forget deletes one conversation or all, with the lines that wait, and asks without --yes', async (t) => {
  const before = process.env['XDG_STATE_HOME'];
  process.env['XDG_STATE_HOME'] = tempDir(t);
  t.after(() => {
    if (before === undefined) delete process.env['XDG_STATE_HOME'];
    else process.env['XDG_STATE_HOME'] = before;
  });
  assert.equal(await forget('--yes'), 'No conversations are kept.\n');
  const directory = join(stateDirectory(), 'chat', 'server');
  mkdirSync(directory, { recursive: true });
  for (const [name, letter] of [
    ['ben\u001b[2J', 'b'],
    ['eva', 'e'],
  ] as const)
    writeFileSync(join(directory, `${letter.repeat(64)}.jsonl`), `${JSON.stringify({ name })}\n`);
  const journal = await openJournal({ directory: join(directory, 'journal') });
  await journal.append(`out/${'e'.repeat(64)}/any`, [
    { count: 1, head: Buffer.from('h'), records: Buffer.from('waits') },
  ]);
  assert.match(
    await forget('eva', '--yes'),
    /^forgot what was said with eva; an aioc that runs still shows it/,
  );
  await journal.close();
  writeFileSync(join(directory, `${'e'.repeat(64)}.jsonl`), '{"name":"eva"}\n{"torn');
  await rejectsWith(forget('eva'), 'AIOC_USAGE', /add --yes/);
  await rejectsWith(forget('tom', '--yes'), 'AIOC_PEER_UNKNOWN', /no conversation with tom.*eva/);
  assert.equal(await forget('eva', '--yes'), 'forgot what was said with eva\n');
  const again = await openJournal({ directory: join(directory, 'journal') });
  assert.deepEqual(await again.streams(), []);
  await again.close();
  assert.doesNotMatch(await forget('--yes'), /\u001b/);
  assert.deepEqual(readdirSync(directory), ['journal']);
});
