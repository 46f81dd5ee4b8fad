/** Keys about a connector's place in the network: each test changes one and looks at what it does. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync } from 'node:fs';
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import { createCertificates } from '../../../engine/index.ts';
import { localAddressOf } from '../../../engine/peers/dial/plan.ts';
import { makeDirectoryCertificate } from '../../../engine/security/directory-certificates.ts';
import { type ConfiguredSide, configuredSide } from '../../helpers/configured-connectors.ts';
import { FaultyRelay } from '../../helpers/faulty-relay.ts';
import { freePort } from '../../helpers/free-port.ts';
import { connected, connectedPair, logged, started, until } from '../../helpers/key-effects.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const address = async (): Promise<[string, number]> => ['127.0.0.1', await freePort()];

test('is_server: true listens, false calls', async (t) => {
  const server_sockaddr = await address();
  const server = await started(t, { is_server: true, server_sockaddr });
  assert.equal(server.status().phase.kind, 'listening');
  const client = await started(t, { is_server: false, client_name: 'client1', server_sockaddr });
  await connected(server, client);
  assert.equal(client.status().phase.kind, 'connected');
});

test('server_sockaddr: where a server listens, its address as well as its port', async (t) => {
  const port = await freePort();
  const server = await started(t, { is_server: true, server_sockaddr: ['127.0.0.2', port] });
  const client = await started(t, {
    is_server: false,
    client_name: 'client1',
    server_sockaddr: ['127.0.0.2', port],
  });
  await connected(server, client);
  await assert.rejects(opened(net.connect({ host: '127.0.0.1', port })), { code: 'ECONNREFUSED' });
});

test('client_name: what the server knows a client by', async (t) => {
  const { server } = await connectedPair(t, { client: { client_name: 'edge-7' } });
  assert.equal(server.peers()[0]?.wireName, 'edge-7');
});

test('client_name: absent, one is made up, another for each connector', async (t) => {
  const server_sockaddr = await address();
  const server = await started(t, { is_server: true, server_sockaddr });
  for (let count = 0; count < 2; count += 1) await started(t, { is_server: false, server_sockaddr });
  await until(() => server.peers().filter(({ state }) => state === 'connected').length === 2, 'both clients');
  const names = server.peers().map(({ wireName }) => wireName);
  assert.equal(new Set(names).size, 2);
  for (const name of names) assert.match(name, /^[0-9A-Za-z_:-]+$/);
});

test('client_bind_ip: an address from which the server sees the client call', async (t) => {
  const { server } = await connectedPair(t, { client: { client_bind_ip: '127.0.0.2' } });
  assert.match(server.peers()[0]?.address ?? '', /^127\.0\.0\.2:\d+$/);
});

test('client_bind_ip: a network interface stands for its address', async (t) => {
  const [name] =
    Object.entries(networkInterfaces()).find(([, addresses]) =>
      addresses?.some(({ address: own }) => own === '127.0.0.1'),
    ) ?? [];
  if (name === undefined) return t.skip('no interface has 127.0.0.1');
  const { server } = await connectedPair(t, { client: { client_bind_ip: name } });
  assert.match(server.peers()[0]?.address ?? '', /^127\.0\.0\.1:/);
});

test('client_bind_ip: an interface with both families calls from the server’s; none of that name is an error', async (t) => {
  const interfaces = {
    eth0: [
      { family: 'IPv6', address: 'fe80::1' },
      { family: 'IPv4', address: '192.0.2.7' },
    ],
  } as unknown as ReturnType<typeof networkInterfaces>;
  assert.equal(localAddressOf('eth0', { family: 'IPv4' }, interfaces), '192.0.2.7');
  assert.equal(localAddressOf('eth0', { family: 'IPv6' }, interfaces), 'fe80::1%eth0');
  assert.equal(localAddressOf('::2', { family: 'IPv6' }, interfaces), '::2');
  assert.equal(localAddressOf('::2', { family: 'IPv4' }, interfaces), undefined);
  const config = { is_server: false, use_ssl: false, client_name: 'client1', client_bind_ip: 'nowhere0' };
  const server_sockaddr = await address();
  await rejectsWith(
    configuredSide(t, { ...config, server_sockaddr }, tempDir(t)),
    'AIOC_CONFIG',
    /client_bind_ip.*nowhere0.*lo/,
  );
});

test('connect_timeout: a server that takes the call and says nothing is given up after that long', async (t) => {
  const silent = net.createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.after(() => silent.close());
  const { port } = silent.address() as net.AddressInfo;
  const client = await started(t, {
    is_server: false,
    client_name: 'client1',
    server_sockaddr: ['127.0.0.1', port],
    use_ssl: true,
    ssl_allow_all: true,
    connect_timeout: 0.2,
  });
  // Well below the usual 10 seconds.
  await until(() => logged(client, /not connected/), 'the client to give up', 5_000);
});

for (const reconnects of [true, false]) {
  test(`enable_client_try_reconnect: ${reconnects}`, async (t) => {
    const { server, client } = await connectedPair(t, {
      client: { enable_client_try_reconnect: reconnects },
    });
    await server.engine.stop({ hard: true });
    const ending = reconnects ? 'retrying' : 'refused';
    await until(() => client.status().phase.kind === ending, `the client to be ${ending}`);
  });
}

for (const encrypted of [true, false]) {
  test(`use_ssl: ${encrypted}, as a stranger sees it`, async (t) => {
    const [host, port] = await address();
    await started(t, {
      is_server: true,
      server_sockaddr: [host, port],
      use_ssl: encrypted,
      ssl_allow_all: encrypted,
    });
    const socket = tls.connect({ host, port, rejectUnauthorized: false });
    t.after(() => socket.destroy());
    const shaken = await new Promise<boolean>((resolve) => {
      socket.once('secureConnect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
    });
    assert.equal(shaken, encrypted);
  });
}

test('ssl_allow_all: true needs no certificates directory; false refuses who has none of the server’s', async (t) => {
  const open = await started(t, {
    is_server: true,
    server_sockaddr: await address(),
    use_ssl: true,
    ssl_allow_all: true,
    certificates_directory_path: '/nonexistent/place',
  });
  const checking = await mutualServer(t);
  for (const [server, enters] of [
    [open, true],
    [checking.server, false],
  ] as const) {
    const client = await started(t, {
      is_server: false,
      client_name: 'client1',
      server_sockaddr: ['127.0.0.1', server.status().port],
      use_ssl: true,
      ssl_allow_all: true,
    });
    if (enters) await connected(server, client);
    else await until(() => client.status().phase.kind === 'retrying', 'the stranger to be turned away');
    assert.equal(server.status().peersConnected, enters ? 1 : 0);
  }
});

test('certificates_directory_path: where the certificates are, whatever the other directories', async (t) => {
  const { server, certificates } = await mutualServer(t);
  const own = join(tempDir(t), 'elsewhere');
  mkdirSync(own);
  await makeClientPart(certificates, own);
  const config = {
    is_server: false,
    client_name: 'client1',
    server_sockaddr: ['127.0.0.1', server.status().port],
    use_ssl: true,
  };
  const client = await started(t, { ...config, certificates_directory_path: own });
  await connected(server, client);
  const nothing = { ...config, certificates_directory_path: join(own, 'nothing') };
  await rejectsWith(configuredSide(t, nothing, tempDir(t)), 'AIOC_CERTIFICATES', /nothing/);
});

test('default_certificate: false refuses a client that has only the shared default certificate', async (t) => {
  const { server, certificates } = await mutualServer(t, { default_certificate: false });
  const directory = tempDir(t);
  await makeClientPart(certificates, directory);
  const server_sockaddr = ['127.0.0.1', server.status().port];
  const client = await started(
    t,
    { is_server: false, client_name: 'client1', server_sockaddr, use_ssl: true },
    { directory },
  );
  await until(() => logged(server, /clients need an invitation here/), 'the refusal');
  await until(() => client.status().phase.kind === 'retrying', 'the client to be turned away');
  assert.deepEqual(server.peers(), []);
});

test('security: strict refuses the shared default certificate on both sides, and starts only with mutual TLS', async (t) => {
  const { server, certificates } = await mutualServer(t, { security: 'strict' });
  const server_sockaddr = ['127.0.0.1', server.status().port];
  const config = { is_server: false, client_name: 'client1', server_sockaddr, use_ssl: true };
  const directory = tempDir(t);
  await makeClientPart(certificates, directory);
  await started(t, config, { directory });
  await until(() => logged(server, /clients need an invitation here/), 'the refusal');
  await rejectsWith(
    configuredSide(t, { ...config, security: 'strict' }, directory),
    'AIOC_CERTIFICATES',
    /client1 has no certificate of its own, and with security: strict it uses no other. .* aioc join CODE/,
  );
  const short = { ...config, security: 'strict', is_server: true, default_certificate: true };
  await rejectsWith(
    configuredSide(t, { ...short, use_ssl: false, ssl_allow_all: true }, directory),
    'AIOC_CONFIG',
    /use_ssl: false, so .*\n.*ssl_allow_all: true, so anyone .*\n.*default_certificate: true, so clients need no/,
  );
});

test('max_certs: a server makes no more certificates than that', async (t) => {
  const { server, certificates } = await mutualServer(t, { max_certs: 1 });
  const clients: ConfiguredSide[] = [];
  for (const client_name of ['first', 'second']) {
    const directory = tempDir(t);
    await makeClientPart(certificates, directory);
    const server_sockaddr = ['127.0.0.1', server.status().port];
    clients.push(
      await started(t, { is_server: false, client_name, server_sockaddr, use_ssl: true }, { directory }),
    );
    if (client_name === 'first') await connected(server);
  }
  await until(() => logged(server, /for second and received none: .*max_certs/), 'the refusal');
  await until(() => clients[1]?.status().phase.kind === 'retrying', 'the second client to be turned away');
  assert.deepEqual(
    server.peers().map(({ wireName }) => wireName),
    ['first'],
  );
});

async function mutualServer(t: TestContext, config = {}) {
  const certificates = tempDir(t);
  await createCertificates(certificates);
  const server = await started(t, {
    is_server: true,
    server_sockaddr: await address(),
    use_ssl: true,
    certificates_directory_path: certificates,
    ...config,
  });
  return { server, certificates };
}

/** What a client gets of the server's directory. */
async function makeClientPart(serverDirectory: string, clientDirectory: string): Promise<void> {
  cpSync(join(serverDirectory, 'certificates', 'client'), join(clientDirectory, 'certificates', 'client'), {
    recursive: true,
  });
}

function opened(socket: net.Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}

test('keep_alive_period: a client gives up a link that is stalled, though nobody says so, and connects anew', async (t) => {
  const [host, port] = await address();
  const server = await started(t, { is_server: true, server_sockaddr: [host, port] });
  const relay = await FaultyRelay.start(port);
  t.after(() => relay.close());
  const client = await started(t, {
    is_server: false,
    client_name: 'client1',
    server_sockaddr: [host, relay.port],
    keep_alive_period: 0.3,
    keep_alive_timeout: 0.3,
  });
  await connected(server, client);
  relay.stall();
  await until(() => logged(client, /stopped answering keep-alives/), 'the client to give it up');
  relay.heal();
  await connected(server, client);
});

/** How a TLS handshake of a stranger with this version ends. */
function handshake(port: number, version: 'TLSv1.2' | 'TLSv1.3'): Promise<string> {
  const socket = tls.connect({
    ...{ host: '127.0.0.1', port, rejectUnauthorized: false },
    ...{ minVersion: version, maxVersion: version },
  });
  return new Promise((resolve) => {
    socket.once('secureConnect', () => {
      socket.destroy();
      resolve('established');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
}

for (const tls_min_version of ['TLSv1.2', 'TLSv1.3']) {
  test(`tls_min_version: ${tls_min_version}, as clients and servers of TLS 1.2 and 1.3 see it`, async (t) => {
    const encrypted = { use_ssl: true, ssl_allow_all: true, tls_min_version };
    const server = await started(t, { is_server: true, server_sockaddr: await address(), ...encrypted });
    const { port } = server.status();
    const takesOld = tls_min_version === 'TLSv1.2';
    assert.equal(await handshake(port, 'TLSv1.3'), 'established');
    assert.equal(
      await handshake(port, 'TLSv1.2'),
      takesOld ? 'established' : 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    );
    const { certificatePem: cert, privateKeyPem: key } = await makeDirectoryCertificate('old', {
      random: realRandomness(),
      wallNowMs: Date.now(),
    });
    const versions: (string | null)[] = [];
    const old = tls.createServer({ cert, key, maxVersion: 'TLSv1.2' }, (socket) => {
      versions.push(socket.getProtocol());
    });
    await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve));
    t.after(() => old.close());
    const server_sockaddr = ['127.0.0.1', (old.address() as net.AddressInfo).port];
    const client = await started(t, { is_server: false, client_name: 'c', server_sockaddr, ...encrypted });
    await until(
      () => (takesOld ? versions.length > 0 : client.status().phase.kind === 'retrying'),
      'the client to connect, or not',
    );
    assert.deepEqual(versions, takesOld ? ['TLSv1.2'] : []);
  });
}

for (const duplicate_client of ['replace', 'refuse']) {
  test(`duplicate_client: ${duplicate_client}, when another one of a connected client’s name comes`, async (t) => {
    const { server, client } = await connectedPair(t, { server: { duplicate_client } });
    const server_sockaddr = ['127.0.0.1', server.status().port];
    const second = await started(t, { is_server: false, client_name: 'client1', server_sockaddr });
    const [stays, gives] = duplicate_client === 'replace' ? [second, client] : [client, second];
    await until(() => gives.status().phase.kind === 'retrying', 'one to give way');
    const { phase } = gives.status();
    assert.match(phase.kind === 'retrying' ? phase.reason : '', /another client named client1/);
    assert.equal(stays.status().phase.kind, 'connected');
    assert.ok(logged(server, /do two clients use this client_name/));
    const shown = duplicate_client === 'replace' ? /replaced a connection from/ : /was refused, from/;
    assert.match(server.peers()[0]?.reason ?? '', shown);
  });
}
