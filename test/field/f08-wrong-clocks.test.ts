import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ConfiguredSide, configuredSide, makeCertificates } from '../helpers/configured-connectors.ts';
import { Daemon } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { connected, until } from '../helpers/key-effects.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;

/** A server in mutual TLS, and a client that has never been there, whose clocks differ. */
async function pair(
  t: TestContext,
  {
    clientAheadMs = 0,
    serverAheadMs = 0,
  }: { readonly clientAheadMs?: number; readonly serverAheadMs?: number },
): Promise<{ readonly server: ConfiguredSide; readonly client: ConfiguredSide }> {
  const [serverDirectory, clientDirectory] = [tempDir(t), tempDir(t)];
  await makeCertificates(serverDirectory, clientDirectory);
  const common = { server_sockaddr: ['127.0.0.1', await freePort()], use_ssl: true };
  const now = Date.now();
  const server = await configuredSide(t, { ...common, is_server: true }, serverDirectory, {
    fixedWallMs: now + serverAheadMs,
  });
  await server.engine.start();
  const own = { ...common, is_server: false, client_name: 'edge-1' };
  const client = await configuredSide(t, own, clientDirectory, { fixedWallMs: now + clientAheadMs });
  await client.engine.start();
  return { server, client };
}

const reasonOf = ({ status }: ConfiguredSide): string => {
  const { phase } = status();
  return phase.kind === 'retrying' ? phase.reason : '';
};

for (const [what, clientAheadMs] of [
  ['10 minutes ahead', 10 * MINUTE_MS],
  ['2 hours behind', -2 * HOUR_MS],
] as const) {
  test(`a client whose clock is ${what} gets its certificate at its first connection`, async (t) => {
    const { server, client } = await pair(t, { clientAheadMs });
    await connected(server, client);
  });
}

test('a client whose clock is 3 days ahead is told that, and by how much, and goes on trying', async (t) => {
  const { client } = await pair(t, { clientAheadMs: 3 * DAY_MS });
  await until(() => reasonOf(client) !== '', 'the client to be refused');
  assert.match(reasonOf(client), /clock of this machine is 3 days ahead of the server’s/);
  assert.doesNotMatch(reasonOf(client), /delete that one on the server/);
});

test('a client that gets no certificate for another reason is told that one', async (t) => {
  const { server, client } = await pair(t, {});
  await connected(server, client);
  const other = tempDir(t);
  await makeCertificates(tempDir(t), other);
  const copied = await configuredSide(
    t,
    {
      is_server: false,
      client_name: 'edge-1',
      use_ssl: true,
      server_sockaddr: ['127.0.0.1', server.status().port],
    },
    await withDefault(t, server),
  );
  await copied.engine.start();
  await until(() => reasonOf(copied) !== '', 'the second one to be refused');
  assert.match(reasonOf(copied), /edge-1 already has a certificate/);
});

async function withDefault(t: TestContext, { directory }: ConfiguredSide): Promise<string> {
  const { cpSync } = await import('node:fs');
  const own = tempDir(t);
  cpSync(join(directory, 'certificates/client'), join(own, 'certificates/client'), { recursive: true });
  return own;
}

test('a client whose clock stands before its certificates were made waits, and says so', async (t) => {
  const { client } = await pair(t, { clientAheadMs: -20 * YEAR_MS });
  await until(() => reasonOf(client) !== '', 'the client to wait');
  assert.match(reasonOf(client), /valid only from .*clock says .*check the clock/);
  assert.doesNotMatch(reasonOf(client), /backup|Copy/);
});

test('a server whose clock is wrong starts, warns, and serves who has the right time', async (t) => {
  for (const serverAheadMs of [-20 * YEAR_MS, 20 * YEAR_MS]) {
    const { server } = await pair(t, { serverAheadMs });
    assert.equal(server.status().phase.kind, 'listening');
    assert.ok(server.log().some(({ text }) => /certificate .*check the clock/.test(text)));
  }
});

test('the real daemon on a machine without a clock stays, and says what it waits for', async (t) => {
  const [serverDirectory, directory] = [tempDir(t), tempDir(t)];
  await makeCertificates(serverDirectory, directory);
  const file = join(directory, 'client.json');
  const places = { connector_files_dirpath: directory, default_logger_dirpath: directory };
  const config = {
    ...places,
    is_server: false,
    client_name: 'edge-1',
    server_sockaddr: ['127.0.0.1', await freePort()],
    use_ssl: true,
    certificates_directory_path: directory,
  };
  writeFileSync(file, JSON.stringify(config));
  const daemon = new Daemon(t, ['--headless', file], directory, {
    env: { SHIFT_MS: `${-20 * YEAR_MS}` },
    preload: join(import.meta.dirname, '../fixtures/shifted-clock.mjs'),
  });
  await daemon.ready();
  const log = (): string => readFileSync(join(directory, 'aioconnectors.log'), 'utf8');
  await until(() => /check the clock/.test(log()), 'its log to say so');
  assert.equal(daemon.process.exitCode, null);
});
