import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  ConnectorRemoteTool,
  createCertificates,
  joinByInvitation,
  listCertificates,
} from '../../engine/index.ts';
import type { ConfiguredSide } from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import { type Config, connected, started } from '../helpers/key-effects.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface Pair {
  readonly certificates: string;
  server(): Promise<ConfiguredSide>;
  /** The client that was invited. */
  bob(): Promise<ConfiguredSide>;
}

/** A server, and a client that has joined it and never connected. */
async function joinedPair(t: TestContext): Promise<Pair> {
  const certificates = tempDir(t);
  await createCertificates(certificates);
  const directory = tempDir(t);
  const config = {
    is_server: true,
    server_sockaddr: ['127.0.0.1', await freePort()],
    use_ssl: true,
    certificates_directory_path: certificates,
  };
  const server = (): Promise<ConfiguredSide> => started(t, config, { directory });
  const first = await server();
  const tool = await ConnectorRemoteTool.fromConfig(first.configPath);
  const { code } = await tool.createInvitation('bob');
  const home = join(tempDir(t), 'bob');
  await joinByInvitation({ code, directory: home, version: '0.0.0' });
  await first.engine.stop({ hard: true });
  return {
    certificates,
    server,
    bob: async () =>
      started(t, JSON.parse(readFileSync(join(home, 'config.json'), 'utf8')) as Config, {
        directory: tempDir(t),
      }),
  };
}

async function lastUseOfBob(certificates: string): Promise<unknown> {
  const entries = await listCertificates({ directory: certificates });
  return entries.find(({ name }) => name === 'bob')?.lastUseMs;
}

test('the last use of a certificate is kept: unknown before the first, then the end of the last connection, also after a restart', async (t) => {
  const pair = await joinedPair(t);
  assert.equal(await lastUseOfBob(pair.certificates), 'unknown', 'no claim that it was never used');
  const before = Date.now();
  const server = await pair.server();
  const bob = await pair.bob();
  await connected(server, bob);
  await waitFor(async () => typeof (await lastUseOfBob(pair.certificates)) === 'number', {
    what: 'the first use to be written at once',
  });
  assert.ok((server.peers()[0]?.certificateLastUseMs ?? 0) >= before, 'in the peer’s row');
  await bob.engine.stop({ hard: true });
  await waitFor(() => server.peers()[0]?.state === 'away', { what: 'bob to be away' });
  const endedMs = server.peers()[0]?.certificateLastUseMs;
  await server.engine.stop({ hard: true });
  assert.equal(await lastUseOfBob(pair.certificates), endedMs, 'the stop writes what the pause held back');

  await (await pair.server()).engine.stop({ hard: true });
  assert.equal(await lastUseOfBob(pair.certificates), endedMs);
});

test('a new certificate of the same name has no use yet, also while the file still has the earlier one', async (t) => {
  const pair = await joinedPair(t);
  const server = await pair.server();
  const bob = await pair.bob();
  await connected(server, bob);
  await bob.engine.stop({ hard: true });
  await server.engine.stop({ hard: true });
  assert.equal(typeof (await lastUseOfBob(pair.certificates)), 'number');

  const again = await pair.server();
  const tool = await ConnectorRemoteTool.fromConfig(again.configPath);
  await tool.deleteClientCertificateOnServer('bob');
  const { code } = await tool.createInvitation('bob');
  await joinByInvitation({ code, directory: join(tempDir(t), 'bob'), version: '0.0.0' });
  assert.equal(await lastUseOfBob(pair.certificates), 'unknown');
});
