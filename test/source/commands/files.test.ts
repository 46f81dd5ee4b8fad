import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TransferRow } from '../../../engine/contract/views.ts';
import { parseCommandLine } from '../../../source/arguments.ts';
import { runFiles } from '../../../source/commands/files.ts';
import { ConnectorAPI, type FileOutcome, type TransferProgress } from '../../../source/index.ts';
import { type ConfiguredPair, configuredPair } from '../../helpers/configured-connectors.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** What `aioc files …` prints. */
async function files(...words: readonly string[]): Promise<string> {
  const invocation = parseCommandLine(['files', ...words]);
  assert.equal(invocation.mode, 'files');
  let printed = '';
  await runFiles(invocation as Parameters<typeof runFiles>[0], (text) => {
    printed += text;
  });
  return printed;
}

async function rowsOf(configPath: string): Promise<readonly TransferRow[]> {
  return JSON.parse(await files(configPath, '--json')) as readonly TransferRow[];
}

interface World extends ConfiguredPair {
  readonly received: string;
  readonly states: (TransferProgress | FileOutcome)[];
}

/** A file from the client to the server, which has stopped in the middle of it. */
async function interrupted(t: TestContext): Promise<World> {
  const [received, sent] = [tempDir(t), tempDir(t)];
  const file_recv_config = { any: { target_directory: received } };
  const pair = await configuredPair(t, 'plain', { file_recv_config, everybody_can_send_messages: false });
  const { server, client } = pair;
  const api = await ConnectorAPI.fromConfig(client.configPath);
  t.after(() => api.close());
  const srcPath = join(sent, 'report.bin');
  writeFileSync(srcPath, randomBytes(60_000_000));
  const states: World['states'] = [];
  const onState = (state: TransferProgress | FileOutcome): void => void states.push(state);
  await api.send({ messageType: 'any', data: 'the report', withFile: { srcPath, dstType: 'any', onState } });
  await waitFor(
    async () => (await rowsOf(server.configPath)).some(({ doneBytes }) => doneBytes > 5_000_000),
    {
      what: 'a part of the file',
    },
  );
  assert.match(await files(client.configPath), /^ID .*\n\w{8} +to .* of 60 MB .*report\.bin\n$/);
  await client.engine.pause({ hard: true });
  await waitFor(async () => (await rowsOf(server.configPath))[0]?.phase === 'waiting', { what: 'the cut' });
  return { ...pair, received, states };
}

function partialsIn(directory: string): readonly string[] {
  return readdirSync(directory).filter((name) => name.startsWith('.aioc-partial'));
}

test('a partial file whose peer is away is listed with what is there of it, and cleaned by age or by its id', async (t) => {
  const { server, received } = await interrupted(t);
  assert.equal(server.status().filesWaiting, 1);
  assert.match(await files(server.configPath), /\w{8} +from client1 .* of 60 MB +waits.*report\.bin/);
  assert.equal(await files(server.configPath, '--clean', '--older', '1'), 'no partial file is that old\n');
  assert.equal(partialsIn(received).length, 1);
  const [row] = await rowsOf(server.configPath);
  await rejectsWith(files(server.configPath, '--clean', 'ffffffff'), 'AIOC_COMMAND', /no transfer ffffffff/);
  await server.engine.stop({ hard: true });
  await server.engine.start();
  assert.match(await files(server.configPath, '--clean', row?.id ?? ''), /^deleted report\.bin from client1/);
  assert.deepEqual([partialsIn(received), await rowsOf(server.configPath)], [[], []]);
});

test('the receiver cancels a file: its sender reads why, and the message arrives without it', async (t) => {
  const { server, client, received, states } = await interrupted(t);
  const [row] = await rowsOf(server.configPath);
  assert.match(
    await files(server.configPath, '--cancel', row?.id ?? ''),
    /^cancelled report\.bin from client1/,
  );
  await client.engine.start();
  await waitFor(() => server.queues().some(({ id, depth }) => id === 'in:any' && depth === 1), {
    what: 'the message',
  });
  await waitFor(() => partialsIn(received).length === 0, { what: 'the end of the partial file' });
  assert.match(
    server
      .log()
      .map(({ text }) => text)
      .join('\n'),
    /cancelled the file "report\.bin" \(requested by a command\)/,
  );
  assert.ok(states.length > 0);
});

test('the sender cancels a file: nothing of it stays at the receiver', async (t) => {
  const { server, client, received } = await interrupted(t);
  await client.engine.start();
  await waitFor(async () => (await rowsOf(client.configPath)).length === 1, { what: 'the file' });
  const [row] = await rowsOf(client.configPath);
  assert.match(await files(client.configPath, '--cancel', row?.id ?? ''), /^cancelled report\.bin to /);
  await waitFor(() => server.queues().some(({ id, depth }) => id === 'in:any' && depth === 1), {
    what: 'the message',
  });
  await waitFor(() => partialsIn(received).length === 0, { what: 'the end of the partial file' });
  await waitFor(async () => (await rowsOf(server.configPath)).length === 0, { what: 'an empty list' });
  const logged = server.log().map(({ text }) => text);
  const told = 'the sender stopped the file "report.bin": It was cancelled at the sender.';
  assert.ok(logged.includes(told), logged.join('\n'));
});

test('the command line says what to cancel or to clean, and refuses what makes no sense', () => {
  const action = (...words: readonly string[]) =>
    (parseCommandLine(['files', ...words]) as { action?: unknown }).action;
  assert.equal(action('a.json'), undefined);
  assert.deepEqual(action('a.json', '--cancel', 'x'), { kind: 'cancel', id: 'x' });
  assert.deepEqual(action('a.json', '--clean', 'x'), { kind: 'clean', choice: { id: 'x' } });
  assert.deepEqual(action('a.json', '--clean', '--older', '2'), {
    kind: 'clean',
    choice: { idleMs: 7_200_000 },
  });
  assert.deepEqual(action('a.json', '--clean'), { kind: 'clean', choice: { idleMs: 7 * 24 * 3_600_000 } });
  for (const words of [
    ['a', 'x'],
    ['a', '--older', '2'],
    ['a', '--clean', '--cancel', 'x'],
    ['a', '--clean', '--older', 'x'],
  ])
    assert.throws(() => parseCommandLine(['files', ...words]), { code: 'AIOC_USAGE' });
});
