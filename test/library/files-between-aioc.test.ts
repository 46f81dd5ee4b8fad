import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorAPI } from '../../engine/api/connector-api.ts';
import { type ConfiguredSide, configuredSide } from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface Pair {
  readonly server: ConfiguredSide;
  readonly sender: ConnectorAPI;
  /** Where the server puts files. */
  readonly received: string;
  /** What the server's listener has taken: the text, or why there is no file. */
  readonly heard: string[];
}

async function startPair(t: TestContext, more: Readonly<Record<string, unknown>> = {}): Promise<Pair> {
  const [home, clientHome, received] = [tempDir(t), tempDir(t), tempDir(t)];
  const common = {
    server_sockaddr: ['127.0.0.1', await freePort()],
    use_ssl: false,
    send_message_types: ['event', 'other'],
    recv_message_types: ['event', 'other'],
  };
  const file_recv_config = { any: { target_directory: received, override_existing: false } };
  const server = await configuredSide(t, { ...common, is_server: true, file_recv_config, ...more }, home);
  const client = await configuredSide(t, { ...common, is_server: false, client_name: 'c1' }, clientHome);
  await server.engine.start();
  await client.engine.start();
  const listener = await ConnectorAPI.fromConfig(server.configPath);
  const sender = await ConnectorAPI.fromConfig(client.configPath);
  t.after(() => Promise.all([listener.close(), sender.close()]));
  const heard: string[] = [];
  for (const type of (more['recv_message_types'] as string[] | undefined) ?? ['event', 'other']) {
    const listening = await listener.listen(type, (message) => {
      const withFile = message.header['with_file'] as { file_error?: string } | undefined;
      const why = withFile?.file_error === undefined ? '' : `: ${withFile.file_error}`;
      assert.equal(message.header['aioc_transfer'], undefined);
      heard.push(`${message.data.toString()}${why}`);
    });
    t.after(() => listening.stop());
  }
  return { server, sender, received, heard };
}

function fileOf(t: TestContext, name: string, sizeBytes: number): { path: string; bytes: Buffer } {
  const path = join(tempDir(t), name);
  const bytes = randomBytes(sizeBytes);
  writeFileSync(path, bytes);
  return { path, bytes };
}

test('a message with a file keeps its place; others overtake it', async (t) => {
  const { sender, received, heard } = await startPair(t);
  const { path, bytes } = fileOf(t, 'large.bin', 40_000_000);
  const withFile = { srcPath: path, dstType: 'any' };
  await Promise.all([
    sender.send({ messageType: 'event', data: 'file', withFile }),
    sender.send({ messageType: 'event', data: 'behind' }),
    sender.send({ messageType: 'other', data: 'overtakes' }),
  ]);
  await waitFor(() => heard.length === 3, { what: 'all three', timeoutMs: 60_000 });
  assert.deepEqual(heard, ['overtakes', 'file', 'behind']);
  assert.ok(readFileSync(join(received, 'large.bin')).equals(bytes));
  assert.deepEqual(readdirSync(received), ['large.bin'], 'nothing else is left there');
});

test('a file that is refused is told to the listener, and what is behind it goes on', async (t) => {
  const { sender, received, heard } = await startPair(t);
  const { path } = fileOf(t, 'taken.bin', 10);
  writeFileSync(join(received, 'taken.bin'), 'it was here before');
  await sender.send({ messageType: 'event', data: 'file', withFile: { srcPath: path, dstType: 'any' } });
  await sender.send({ messageType: 'event', data: 'none', withFile: { srcPath: path, dstType: 'nowhere' } });
  await sender.send({ messageType: 'event', data: 'behind' });
  await waitFor(() => heard.length === 3, { what: 'all three', timeoutMs: 30_000 });
  assert.match(heard[0] ?? '', /^file: .*already exists, and override_existing is not set/);
  assert.match(heard[1] ?? '', /^none: no directory is configured for the dst_type nowhere/);
  assert.equal(heard[2], 'behind');
  assert.equal(readFileSync(join(received, 'taken.bin'), 'utf8'), 'it was here before');
  assert.deepEqual(readdirSync(received), ['taken.bin']);
});

test('a file of a type that is not taken is refused before it is sent, and nothing of it stays', async (t) => {
  const { server, sender, received, heard } = await startPair(t, { recv_message_types: ['event'] });
  const { path } = fileOf(t, 'large.bin', 20_000_000);
  await sender.send({ messageType: 'other', data: 'file', withFile: { srcPath: path, dstType: 'any' } });
  await sender.send({ messageType: 'event', data: 'after' });
  await waitFor(() => heard.length === 1, { what: 'the message of a type that is taken' });
  const logged = (text: RegExp): boolean => server.log().some((row) => text.test(row.text));
  await waitFor(() => logged(/type other was dropped/), { what: 'the other one to be dropped' });
  assert.ok(logged(/file of a message was not stored: the type other is not in recv_message_types/));
  assert.deepEqual(readdirSync(received), []);
});

test('ten files cross at once beside a stream of messages: all arrive, in order, and no message waits for a file', async (t) => {
  const { sender, received, heard } = await startPair(t);
  const files = Array.from({ length: 10 }, (_, index) => fileOf(t, `file-${index}`, 3_000_000));
  const tookMs: number[] = [];
  const isThere = (text: string): boolean => heard.includes(text);
  for (const { path } of files)
    await sender.send({
      ...{ messageType: 'event', data: 'file' },
      withFile: { srcPath: path, dstType: 'any', inOrder: false },
    });
  const sent: string[] = [];
  while (heard.filter((text) => text === 'file').length < files.length) {
    const text = `${sent.length}`;
    sent.push(text);
    const startedAt = performance.now();
    await sender.send({ messageType: 'other', data: text });
    await waitFor(() => isThere(text), { what: `message ${text}` });
    tookMs.push(performance.now() - startedAt);
  }
  assert.deepEqual(
    heard.filter((text) => text !== 'file'),
    sent,
  );
  for (const { path, bytes } of files)
    assert.ok(readFileSync(join(received, basename(path))).equals(bytes), path);
  assert.equal(readdirSync(received).length, files.length);
  assert.ok(Math.max(...tookMs) < 2_000, `the latest message took ${Math.max(...tookMs)} ms`);
});
