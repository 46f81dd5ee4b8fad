import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import {
  ConnectorAPI,
  ConnectorRemoteTool,
  createCertificates,
  joinByInvitation,
  listCertificates,
} from '../../engine/index.ts';
import { invitationCode, readInvitationCode } from '../../engine/security/invitation-code.ts';
import type { ConfiguredSide } from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import { type Config, connected, heardBy, logged, started, until } from '../helpers/key-effects.ts';
import { frameWith } from '../helpers/malformed-frames.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { deadline } from '../helpers/wait-for.ts';

interface InvitingServer {
  readonly server: ConfiguredSide;
  readonly certificates: string;
  readonly port: number;
  readonly tool: ConnectorRemoteTool;
  /** The code of an invitation. */
  invite(name: string, address?: string): Promise<string>;
  /** Joins in a new directory. */
  join(code: string, directory?: string): Promise<string>;
}

async function invitingServer(t: TestContext, config: Config = {}): Promise<InvitingServer> {
  const certificates = tempDir(t);
  await createCertificates(certificates);
  const port = await freePort();
  const server = await started(t, {
    is_server: true,
    server_sockaddr: ['127.0.0.1', port],
    use_ssl: true,
    certificates_directory_path: certificates,
    ...config,
  });
  const tool = await ConnectorRemoteTool.fromConfig(server.configPath);
  return {
    ...{ server, certificates, port, tool },
    invite: async (name, address) => (await tool.createInvitation(name, { address })).code,
    join: async (code, directory = join(tempDir(t), 'client')) => {
      await joinByInvitation({ code, directory, version: '0.0.0' });
      return directory;
    },
  };
}

/** The client of a directory that `join` has written, with its own configuration. */
async function startedClient(t: TestContext, directory: string): Promise<ConfiguredSide> {
  const config = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as Config;
  return started(t, config, { directory: tempDir(t) });
}

test('who was invited joins, connects and exchanges messages; the server wants invitations only', async (t) => {
  const { server, invite, join: joinServer } = await invitingServer(t, { security: 'strict' });
  const directory = await joinServer(await invite('bob'));
  const bob = await startedClient(t, directory);
  await connected(server, bob);
  const heard = await heardBy(t, server);
  const api = await ConnectorAPI.fromConfig(bob.configPath);
  t.after(() => api.close());
  await api.send({ messageType: 'any', data: 'hello' });
  await until(() => heard.length === 1, 'the message');
  assert.equal(heard[0]?.sourceId, 'bob');
  assert.ok(logged(server, /bob: invited to join/));
});

/** With the shared default certificate, as a Python client does it; the certificate is never used. */
async function requestFor(name: string, { port, certificates }: InvitingServer): Promise<void> {
  const file = (ending: string): string =>
    readFileSync(join(certificates, `certificates/client/client-certs/default.${ending}`), 'utf8');
  const socket = tls.connect({ port, rejectUnauthorized: false, key: file('key'), cert: file('pem') });
  socket.on('error', () => undefined);
  const header = `{"message_type": "_ssl", "source_id": "${name}"}`;
  socket.resume().write(frameWith(header, '{"cmd": "get_new_certificate"}'));
  await deadline(once(socket, 'close'), 10_000, 'the answer');
}

test('a name that a stranger has requested is its owner’s at once with an invitation, and not without', async (t) => {
  const inviting = await invitingServer(t);
  const { server, invite, join: joinServer, certificates } = inviting;
  await requestFor('bob', inviting);
  const issued = (): boolean[] =>
    readdirSync(join(certificates, 'certificates/server/client-certs')).map((name) => name === 'bob.pem');
  await until(() => issued().includes(true), 'the certificate of the stranger');
  await requestFor('bob', inviting);
  await until(() => logged(server, /bob.*requested a moment ago/), 'the second one to be refused');
  const bob = await startedClient(t, await joinServer(await invite('bob')));
  await connected(server, bob);
});

test('join writes a private directory: no default certificate, the server’s certificate pinned, a year of validity', async (t) => {
  const { invite, join: joinServer, certificates } = await invitingServer(t);
  const directory = await joinServer(await invite('bob'));
  const at = (path: string): string => join(directory, path);
  for (const path of ['', 'certificates/client/client-certs', 'certificates/client'])
    assert.equal(statSync(at(path)).mode & 0o077, 0, path);
  for (const path of ['config.json', 'certificates/client/client-certs/bob.key'])
    assert.equal(statSync(at(path)).mode & 0o777, 0o600, path);
  assert.ok(!existsSync(at('certificates/client/client-certs/default.pem')));
  assert.equal(
    readFileSync(at('certificates/client/server-cert/server.pem'), 'utf8'),
    readFileSync(join(certificates, 'certificates/server/server-cert/server.pem'), 'utf8'),
  );
  const own = new X509Certificate(readFileSync(at('certificates/client/client-certs/bob.pem')));
  const days = (Date.parse(own.validTo) - Date.now()) / 86_400_000;
  assert.ok(days > 364 && days <= 365, `${days} days`);
});

test('a used or made-up invitation, or one for another name, is refused, and leaves nothing behind', async (t) => {
  const { server, tool, invite, join: joinServer, certificates } = await invitingServer(t);
  const code = await invite('bob');
  await joinServer(code);
  const unused = readInvitationCode(await invite('carol'));
  const wrong = [
    code,
    invitationCode({ ...readInvitationCode(code), secret: Buffer.alloc(16, 7) }),
    invitationCode({ ...unused, name: 'mallory' }),
  ];
  for (const one of wrong) {
    const directory = join(tempDir(t), 'client');
    await rejectsWith(joinServer(one, directory), 'AIOC_REFUSED_BY_PEER', /this invitation is not valid/);
    assert.ok(!existsSync(directory));
  }
  const listed = await listCertificates({ directory: certificates });
  assert.deepEqual(
    listed.map(({ kind, name }) => [kind, name]),
    [
      ['server', 'server'],
      ['client', 'bob'],
      ['invited', 'carol'],
    ],
  );
  await tool.deleteClientCertificateOnServer('bob');
  await rejectsWith(joinServer(code), 'AIOC_REFUSED_BY_PEER', /not valid/);
  assert.ok(
    !server
      .log()
      .some(({ text }) => text.includes(code) || text.includes(unused.secret.toString('base64url'))),
  );
});

test('an invitation of another server: nothing is sent to the one that answers', async (t) => {
  const { server, port, join: joinServer } = await invitingServer(t);
  const other = await invitingServer(t);
  const code = await other.invite('bob', `127.0.0.1:${port}`);
  await rejectsWith(
    joinServer(code),
    'AIOC_CONNECT',
    /is not that of the server that invited you .*intercepting the connection. Nothing was sent/,
  );
  assert.ok(!logged(server, /bob/));
});

test('join explains when nobody answers, a code with a typo, and a directory that is in use', async (t) => {
  const { server, invite, join: joinServer } = await invitingServer(t);
  const code = await invite('bob');
  await rejectsWith(joinServer(`${code}0`), 'AIOC_INVITATION', /typo/);
  const away = await invite('bob', `127.0.0.1:${await freePort()}`);
  const directory = join(tempDir(t), 'client');
  await rejectsWith(joinServer(away, directory), 'AIOC_CONNECT', /refused/);
  assert.ok(!existsSync(directory));
  await joinServer(await invite('bob'), directory);
  await rejectsWith(joinServer(code, directory), 'AIOC_CONFIG', /config.json already exists/);
  await server.engine.stop({ hard: true });
  const foreign = await invitingServer(t);
  rmSync(join(directory, 'config.json'));
  await rejectsWith(
    joinServer(await foreign.invite('bob'), directory),
    'AIOC_CERTIFICATES',
    /server.pem is the certificate of another server/,
  );
});

test('an address that no code can hold is refused, and leaves no invitation; the longest one works', async (t) => {
  const { invite, certificates } = await invitingServer(t);
  const longest = 'a'.repeat(253);
  assert.equal(readInvitationCode(await invite('bob', longest)).host, longest);
  for (const length of [254, 256, 300, 600])
    await rejectsWith(invite('carol', 'a'.repeat(length)), 'AIOC_COMMAND', /at most 253 characters/);
  const listed = await listCertificates({ directory: certificates });
  assert.ok(!listed.some(({ name }) => name === 'carol'));
});

/** Passes bytes on to a server until it has answered `answers` times; then it cuts, and passes everything on. */
async function relayThatLoses(t: TestContext, port: number): Promise<number> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const relay = createServer(async (client) => {
    connections += 1;
    const loses = connections === 1;
    const { connect } = await import('node:net');
    const server = connect(port, '127.0.0.1');
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    client.pipe(server);
    if (!loses) return void server.pipe(client);
    let fromClient = 0;
    client.on('data', () => {
      fromClient += 1;
    });
    server.on('data', (chunk: Buffer) => {
      // The server closes after its answer: everything until then is the handshake and its terms.
      if (chunk.length > 1_100 && fromClient > 2) return client.destroy();
      client.write(chunk);
    });
    server.on('end', () => client.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    relay.close();
  });
  return (relay.address() as { port: number }).port;
}

test('when the answer is lost, the same call in the same directory continues', async (t) => {
  const { port, invite, join: joinServer, certificates } = await invitingServer(t);
  const relay = await relayThatLoses(t, port);
  const code = await invite('bob', `127.0.0.1:${relay}`);
  const directory = join(tempDir(t), 'client');
  await rejectsWith(
    joinServer(code, directory),
    'AIOC_RESPONSE_LOST',
    /did not answer the certificate request/,
  );
  assert.ok(existsSync(join(certificates, 'certificates/server/client-certs/bob.pem')), 'the server has it');
  await joinServer(code, directory);
  const pem = (path: string): string => readFileSync(path, 'utf8');
  assert.equal(
    pem(join(directory, 'certificates/client/client-certs/bob.pem')),
    pem(join(certificates, 'certificates/server/client-certs/bob.pem')),
  );
});

test('a client does not learn the paths of a server whose files are damaged; the server’s log does', async (t) => {
  const { server, invite, join: joinServer, certificates } = await invitingServer(t);
  const code = await invite('bob');
  const file = join(certificates, 'certificates/server/client-certs/.invitations.json');
  assert.ok(existsSync(file), file);
  writeFileSync(file, '{');
  await assert.rejects(joinServer(code, join(tempDir(t), 'client')), (error: Error) => {
    assert.match(error.message, /the server cannot use its certificates now/);
    assert.ok(!error.message.includes(certificates), error.message);
    return true;
  });
  assert.ok(logged(server, /could not be checked: .*\.invitations\.json/));
});
