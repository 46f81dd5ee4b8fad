import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorRemoteTool, createCertificates, joinByInvitation } from '../../engine/index.ts';
import { freePort } from '../helpers/free-port.ts';
import { started } from '../helpers/key-effects.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { tempDir } from '../helpers/temp-dir.ts';

interface Inviting {
  invite(name: string, address?: string): Promise<string>;
}

async function inviting(t: TestContext): Promise<Inviting> {
  const directory = tempDir(t);
  await createCertificates(directory);
  const server = await started(t, {
    is_server: true,
    server_sockaddr: ['127.0.0.1', await freePort()],
    use_ssl: true,
    certificates_directory_path: directory,
  });
  const tool = await ConnectorRemoteTool.fromConfig(server.configPath);
  return { invite: async (name, address) => (await tool.createInvitation(name, { address })).code };
}

/** A server that accepts connections and says nothing. */
async function silentServer(
  t: TestContext,
): Promise<{ readonly port: number; connected(): Promise<Socket> }> {
  const server = createServer();
  const first = once(server, 'connection').then(([socket]) => socket as Socket);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.close();
    if (server.connections !== 0) (await first).destroy();
  });
  return { port: (server.address() as { port: number }).port, connected: () => first };
}

const joins = (code: string, directory: string) => joinByInvitation({ code, directory, version: '0.0.0' });

test('a join that fails removes nothing of another one in the same directory, which is refused while it runs', async (t) => {
  const { invite } = await inviting(t);
  const silent = await silentServer(t);
  const directory = join(tempDir(t), 'bob');
  const waiting = joins(await invite('bob', `127.0.0.1:${silent.port}`), directory);
  waiting.catch(() => undefined);
  const socket = await silent.connected();
  const code = await invite('carol');
  await rejectsWith(joins(code, directory), 'AIOC_CERTIFICATES', /another aioc join uses .*bob/);
  socket.destroy();
  await assert.rejects(waiting);
  assert.ok(!existsSync(directory), 'what failed leaves nothing behind');
  await joins(code, directory);
  assert.ok(existsSync(join(directory, 'config.json')));
});

test('the same code twice at the same moment in one directory: one joins, and keeps its certificate', async (t) => {
  const { invite } = await inviting(t);
  const directory = join(tempDir(t), 'bob');
  const code = await invite('bob');
  const both = await Promise.allSettled([joins(code, directory), joins(code, directory)]);
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  assert.deepEqual(readdirSync(directory).sort(), ['certificates', 'config.json']);
  assert.ok(existsSync(join(directory, 'certificates/client/client-certs/bob.pem')));
});

test('the same code twice at the same moment in two directories: one joins, the other leaves nothing behind', async (t) => {
  const { invite } = await inviting(t);
  const directories = [join(tempDir(t), 'bob'), join(tempDir(t), 'bob')];
  const code = await invite('bob');
  const both = await Promise.allSettled(directories.map((directory) => joins(code, directory)));
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  assert.deepEqual(
    directories.map((directory) => existsSync(directory)),
    both.map(({ status }) => status === 'fulfilled'),
  );
});
