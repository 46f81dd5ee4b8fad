import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { PeerCertificate } from '../../engine/base/ports.ts';
import { realNetwork } from '../../engine/peers/network.ts';
import { readCertificate } from '../../engine/security/certificate-facts.ts';
import { ClientCertificates } from '../../engine/security/client-certificates.ts';
import { ServerCertificates } from '../../engine/security/server-certificates.ts';
import {
  madeDirectory,
  random,
  type TestDirectory,
  testDirectory,
} from '../helpers/certificates-directory.ts';
import { freePort } from '../helpers/free-port.ts';
import { type PythonConnector, startPythonConnector } from '../helpers/python-connector.ts';
import { findPython, type PythonPeer } from '../helpers/python-peer.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const run = promisify(execFile);
const CLIENTS = 'server/client-certs';
const patient = { timeoutMs: 20_000 };

/** The interpreter, or undefined after the test has been skipped with the reason. */
async function pythonOrSkip(t: TestContext): Promise<PythonPeer | undefined> {
  const found = await findPython();
  if (!('unavailable' in found)) return found;
  t.skip(found.unavailable);
  return undefined;
}

/** The part that an operator copies to the client's machine. */
function clientPart(t: TestContext, from: TestDirectory): TestDirectory {
  const directory = tempDir(t);
  mkdirSync(join(directory, 'certificates'));
  cpSync(from.at('client'), join(directory, 'certificates/client'), { recursive: true });
  return testDirectory(directory);
}

interface Pair {
  readonly server: PythonConnector;
  startClient(name: string, directory: TestDirectory): PythonConnector;
}

async function pythonServer(t: TestContext, python: PythonPeer, directory: TestDirectory): Promise<Pair> {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const start = (more: Record<string, unknown>): PythonConnector =>
    startPythonConnector(t, python, { server_sockaddr, use_ssl: true, ssl_allow_all: false, ...more });
  return {
    server: start({ is_server: true, certificates_directory_path: directory.directory }),
    startClient: (client_name, { directory }) =>
      start({ is_server: false, client_name, certificates_directory_path: directory }),
  };
}

/** By its names; while a client still asks for its certificate, Python shows it by its address. */
const knows = (server: PythonConnector, names: readonly string[]): Promise<unknown> =>
  waitFor(
    async () =>
      Object.keys(await server.peers())
        .sort()
        .join() === names.toSorted().join(),
    {
      ...patient,
      what: names.length === 0 ? 'the server' : `${names.join()} at the server`,
    },
  );

const openServer = (directory: TestDirectory): Promise<ServerCertificates> =>
  ServerCertificates.open({ directory: directory.directory, random, wallNow: Date.now });

const derOf = (path: string): Buffer => new X509Certificate(readFileSync(path)).raw;

/** Every link is the one that OpenSSL itself and we would make for what it points at. */
async function assertLinksAreOpenssl(directory: TestDirectory): Promise<number> {
  const links = directory.links();
  for (const [link, target] of links) {
    const path = join(directory.at(CLIENTS), 'symlinks', target);
    const { stdout } = await run('openssl', ['x509', '-hash', '-noout', '-in', path]);
    assert.equal(link.split('.')[0], stdout.trim());
    assert.equal(readCertificate(readFileSync(path)).subjectHash, stdout.trim());
  }
  return links.length;
}

test('a directory made by aioc serves a Python server and a Python client, from the default certificate on', async (t) => {
  const python = await pythonOrSkip(t);
  if (python === undefined) return;
  const directory = await madeDirectory(t);
  const home = clientPart(t, directory);
  const { server, startClient } = await pythonServer(t, python, directory);
  await knows(server, []);
  const client = startClient('client1', home);
  await knows(server, ['client1']);
  await waitFor(async () => Object.keys(await client.peers()).length === 1, {
    ...patient,
    what: 'the server at client1',
  });

  const own = home.at('client/client-certs/client1.pem');
  assert.equal(statSync(home.at('client/client-certs/client1.key')).mode & 0o777, 0o600);
  const ours = await openServer(directory);
  assert.deepEqual(await ours.trusted(derOf(own)), { who: 'client', name: 'client1' });
  assert.equal(await assertLinksAreOpenssl(directory), 2);
  assert.deepEqual(ours.repaired, []);
});

test('certificates that aioc issued or accepted are taken by a Python server from Python clients', async (t) => {
  const python = await pythonOrSkip(t);
  if (python === undefined) return;
  const directory = await madeDirectory(t);
  const ours = await openServer(directory);
  const homes = ['issued', 'self-made'].map((name) => {
    const home = clientPart(t, directory);
    return {
      name,
      home,
      client: new ClientCertificates({ directory: home.directory, name, random, wallNow: Date.now }),
    };
  });
  const [issued, made] = homes;
  assert.ok(issued !== undefined && made !== undefined);
  await issued.client.store(await ours.issue(issued.name));
  await ours.accept(made.name, (await made.client.propose()).certificatePem);
  await made.client.adopt();
  assert.equal(await assertLinksAreOpenssl(directory), 3);

  const { server, startClient } = await pythonServer(t, python, directory);
  await knows(server, []);
  for (const { name, home } of homes) startClient(name, home);
  await waitFor(
    async () =>
      Object.keys(await server.peers())
        .sort()
        .join() === 'issued,self-made',
    {
      ...patient,
      what: 'both clients',
    },
  );
});

test('a Python client meets an aioc server: the default certificate, then the one that aioc issued', async (t) => {
  const python = await pythonOrSkip(t);
  if (python === undefined) return;
  const directory = await madeDirectory(t);
  const ours = await openServer(directory);
  const seen: (PeerCertificate | undefined)[] = [];
  const listener = await realNetwork().listen({
    host: '127.0.0.1',
    port: 0,
    tls: await ours.credentials(),
    onConnection: (connection) =>
      connection.listen({
        onTcpOpen() {},
        onData() {},
        onDrain() {},
        onClose() {},
        onOpen: (certificate) => {
          seen.push(certificate);
          connection.destroy();
        },
      }),
  });
  t.after(() => listener.close());
  const home = clientPart(t, directory);
  const start = (): PythonConnector =>
    startPythonConnector(t, python, {
      ...{ is_server: false, client_name: 'client1', server_sockaddr: ['127.0.0.1', listener.port] },
      ...{ use_ssl: true, ssl_allow_all: false, certificates_directory_path: home.directory },
    });
  const presented = async (): Promise<unknown> => {
    const before = seen.length;
    const client = start();
    await waitFor(() => seen.length > before, { ...patient, what: 'a handshake' });
    await client.stop();
    return ours.trusted(seen.at(-1)?.der ?? Buffer.alloc(0));
  };
  assert.deepEqual(await presented(), { who: 'default' });
  const client = new ClientCertificates({
    directory: home.directory,
    name: 'client1',
    random,
    wallNow: Date.now,
  });
  await client.store(await ours.issue('client1'));
  assert.deepEqual(await presented(), { who: 'client', name: 'client1' });
  await ours.remove('client1');
  assert.match(JSON.stringify(await presented()), /deleted/);
});

async function madeByPython(t: TestContext, python: PythonPeer): Promise<TestDirectory> {
  const directory = tempDir(t);
  await run(python.python, ['-m', 'aioconnectors', 'create_certificates', directory]);
  return testDirectory(directory);
}

test('a directory made by Python is ours too: its clients are trusted, and each link is as we would make it', async (t) => {
  const python = await pythonOrSkip(t);
  if (python === undefined) return;
  const directory = await madeByPython(t, python);
  const home = clientPart(t, directory);
  const { server, startClient } = await pythonServer(t, python, directory);
  await knows(server, []);
  const names = ['client1', 'client-2', 'c:3'];
  for (const [index, name] of names.entries()) {
    // One after another: of three that ask at the same moment, Python now and then leaves one without.
    startClient(name, home);
    await knows(server, names.slice(0, index + 1));
  }

  const ours = await openServer(directory);
  assert.deepEqual(
    (await ours.list()).map(({ name, fault }) => [name, fault]),
    names.toSorted().map((name) => [name, undefined]),
  );
  for (const name of names) {
    const client = new ClientCertificates({ directory: home.directory, name, random, wallNow: Date.now });
    const { isDefault, certificatePem, serverFingerprints } = await client.load();
    assert.equal(isDefault, false);
    assert.deepEqual(await ours.trusted(readCertificate(certificatePem).der), { who: 'client', name });
    assert.deepEqual(serverFingerprints, [(await ours.credentials()).fingerprint]);
  }
  assert.deepEqual(await ours.trusted(derOf(directory.at(CLIENTS, 'default.pem'))), { who: 'default' });
  assert.equal(await assertLinksAreOpenssl(directory), names.length + 1);

  await server.stop();
  await ours.remove('client1');
  assert.ok(!existsSync(directory.at(CLIENTS, 'client1.key')), 'the key that Python kept is gone');
  await ours.issue('client1');
  const map = JSON.parse(readFileSync(directory.at(CLIENTS, 'source_id_2_cert.json'), 'utf8'));
  assert.deepEqual(Object.keys(map.source_id_2_cert).sort(), names.toSorted());
});

test('a certificate signed with Python’s default key and carrying client1’s serial is nobody’s here', async (t) => {
  const python = await pythonOrSkip(t);
  if (python === undefined) return;
  const directory = await madeByPython(t, python);
  const home = clientPart(t, directory);
  const { server, startClient } = await pythonServer(t, python, directory);
  await knows(server, []);
  startClient('client1', home);
  await knows(server, ['client1']);
  const victim = readCertificate(readFileSync(home.at('client/client-certs/client1.pem')));
  const work = tempDir(t);
  const [key, request, forged] = ['key', 'request', 'forged'].map((name) => join(work, name)) as [
    string,
    string,
    string,
  ];
  const subject = `/${victim.x509.subject.split('\n').join('/')}`;
  await run('openssl', [
    'req',
    '-new',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-out',
    request,
    '-subj',
    subject,
  ]);
  const own = home.at('client/client-certs/default');
  const signer = [
    '-CA',
    `${own}.pem`,
    '-CAkey',
    `${own}.key`,
    '-set_serial',
    `0x${victim.serial}`,
    '-days',
    '9',
  ];
  await run('openssl', ['x509', '-req', '-in', request, ...signer, '-out', forged]);
  const context = readCertificate(readFileSync(forged));
  assert.equal(context.serial, victim.serial);
  assert.equal(context.subjectHash, victim.subjectHash);

  // OpenSSL itself is taken in by it (so this test could fail), since Python's certificates can sign others.
  const store = directory.at(CLIENTS, 'symlinks');
  await run('openssl', ['verify', '-no-CAfile', '-CApath', store, forged]);
  const ours = await openServer(directory);
  assert.equal((await ours.trusted(context.der)).who, 'nobody');
  assert.deepEqual(await ours.trusted(victim.der), { who: 'client', name: 'client1' });

  // The same forgery against certificates of ours fails at OpenSSL already: a leaf signs nothing.
  const better = await madeDirectory(t);
  const theirs = better.at('client/client-certs/default');
  const again = signer.map((word) => word.replace(own, theirs));
  await run('openssl', ['x509', '-req', '-in', request, ...again, '-out', forged]);
  await assert.rejects(
    run('openssl', ['verify', '-no-CAfile', '-CApath', better.at(CLIENTS, 'symlinks'), forged]),
  );
});
