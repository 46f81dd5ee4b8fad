import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Daemon } from '../helpers/daemon.ts';
import { type DaemonSide, daemonPair } from '../helpers/daemon-pair.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface World {
  readonly server: DaemonSide;
  readonly client: DaemonSide;
  readonly received: string;
  readonly sent: string;
  /** `aioc send` of the client, with these options. */
  send(...options: readonly string[]): Daemon;
}

async function world(t: TestContext): Promise<World> {
  const [received, sent] = [tempDir(t), tempDir(t)];
  const pair = await daemonPair(t, {
    file_recv_config: { any: { target_directory: received } },
    everybody_can_send_messages: false,
  });
  const send = (...options: readonly string[]): Daemon =>
    new Daemon(t, ['send', pair.client.file, ...options], pair.client.directory);
  return { ...pair, received, sent, send };
}

function fileIn(directory: string, name: string, content: Buffer | string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

interface Line {
  readonly file: string;
  readonly state: string;
  readonly reason?: string;
  readonly resumedBytes?: number;
}

function linesOf({ output }: { readonly output: string }): Line[] {
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

test('several files are sent with their message, and the exit code says that the peer has them', async (t) => {
  const { send, sent, received } = await world(t);
  const [one, two] = [fileIn(sent, 'one', 'first'), fileIn(sent, 'two', randomBytes(3_000_000))];
  const done = await send('for you', '--file', one, '--file', two).finished();
  assert.deepEqual([done.exitCode, done.errors], [0, '']);
  const ends = linesOf(done).filter(({ state }) => state === 'arrived');
  assert.deepEqual(
    ends.map(({ file }) => file),
    ['one', 'two'],
  );
  assert.deepEqual(readFileSync(join(received, 'two')), readFileSync(two));
});

test('a refusal is printed with its reason, and has its own exit code; --no_wait does not wait for it', async (t) => {
  const { send, sent, received } = await world(t);
  const path = fileIn(sent, 'taken', 'new');
  fileIn(received, 'taken', 'old');
  const refused = await send('--file', path).finished();
  assert.equal(refused.exitCode, 3);
  assert.match(refused.errors, /^aioc: taken: refused by the peer: taken already exists/);
  const homeless = await send('--file', path, '--dst_type', 'nowhere', '--json').finished();
  assert.equal(homeless.exitCode, 3);
  assert.match(linesOf(homeless).at(-1)?.reason ?? '', /no directory is configured for the dst_type nowhere/);
  const detached = await send('--file', path, '--no_wait').finished();
  assert.deepEqual([detached.exitCode, linesOf(detached)], [0, [{ file: 'taken', state: 'queued' }]]);
  const missing = await send('--file', join(sent, 'missing')).finished();
  assert.equal(missing.exitCode, 1);
  assert.match(missing.errors, /missing/);
});

test('a file goes on where it was when the receiving daemon was killed', async (t) => {
  const { send, sent, received, server } = await world(t);
  const path = fileIn(sent, 'large', randomBytes(80_000_000));
  const sending = send('--file', path);
  await waitFor(() => partialBytes(received) > 20_000_000, { what: 'a part of the file' });
  server.daemon.process.kill('SIGKILL');
  await server.daemon.finished();
  await server.start();
  const done = await sending.finished();
  assert.deepEqual([done.exitCode, done.errors], [0, '']);
  const resumed = linesOf(done).map(({ resumedBytes = 0 }) => resumedBytes);
  assert.ok(Math.max(...resumed) > 10_000_000, `resumed at ${resumed}`);
  assert.deepEqual(readFileSync(join(received, 'large')), readFileSync(path));
});

test('Ctrl-C takes a file back, and nothing of it stays at the peer', async (t) => {
  const { send, sent, received } = await world(t);
  const sending = send('--file', fileIn(sent, 'unwanted', randomBytes(150_000_000)));
  await waitFor(() => partialBytes(received) > 1_000_000, { what: 'a part of the file' });
  sending.process.kill('SIGINT');
  const done = await sending.finished();
  assert.equal(done.exitCode, 130);
  assert.deepEqual(linesOf(done).at(-1), { file: 'unwanted', state: 'cancelled' });
  await waitFor(() => readdirSync(received).length === 0, { what: 'the end of the partial file' });
});

function partialBytes(directory: string): number {
  mkdirSync(directory, { recursive: true });
  const [partial] = readdirSync(directory).filter((name) => name.startsWith('.aioc-partial'));
  return partial === undefined ? 0 : readFileSync(join(directory, partial)).length;
}
