import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorRemoteTool, createCertificates } from '../../engine/index.ts';
import { makeDirectoryCertificate } from '../../engine/security/directory-certificates.ts';
import { random } from '../helpers/certificates-directory.ts';
import type { ConfiguredSide } from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import { type Config, connected, logged, started, until } from '../helpers/key-effects.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const DAY_MS = 86_400_000;
const OWN = 'certificates/client/client-certs';
const KNOWN = 'certificates/server/client-certs';

interface Pair {
  readonly server: ConfiguredSide;
  readonly certificates: string;
  /** A client with the part of the directory that an operator copies. */
  client(name: string, prepare?: (directory: string) => Promise<void>): Promise<ConfiguredSide>;
}

async function mutualTls(t: TestContext, config: Config = {}): Promise<Pair> {
  const certificates = tempDir(t);
  await createCertificates(certificates);
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const server = await started(t, {
    is_server: true,
    server_sockaddr,
    use_ssl: true,
    certificates_directory_path: certificates,
    ...config,
  });
  return {
    server,
    certificates,
    client: async (client_name, prepare) => {
      const directory = tempDir(t);
      mkdirSync(join(directory, 'certificates'));
      cpSync(join(certificates, 'certificates/client'), join(directory, 'certificates/client'), {
        recursive: true,
      });
      await prepare?.(directory);
      return started(t, { is_server: false, client_name, server_sockaddr, use_ssl: true }, { directory });
    },
  };
}

const certificateIn = (directory: string, name: string): X509Certificate =>
  new X509Certificate(readFileSync(join(directory, OWN, `${name}.pem`)));

const daysOf = (certificate: X509Certificate): number =>
  (Date.parse(certificate.validTo) - Date.now()) / DAY_MS;

test('between aioc peers the certificate of a client is valid for a year, as the server’s terms say', async (t) => {
  const { server, client } = await mutualTls(t);
  const ann = await client('ann');
  await connected(server, ann);
  const days = daysOf(certificateIn(ann.directory, 'ann'));
  assert.ok(days > 364 && days <= 365, `${days} days`);
  assert.ok(logged(server, /received a certificate/));
  assert.ok(logged(ann, /received its own certificate/));
  assert.ok(!logged(ann, /renewed|issued no certificate/));
});

/** A certificate that has little of its life left, known to both sides. */
async function endsSoon(certificates: string, name: string): Promise<(directory: string) => Promise<void>> {
  const { ServerCertificates } = await import('../../engine/security/server-certificates.ts');
  const wallNowMs = Date.now() - 300 * DAY_MS;
  const made = await makeDirectoryCertificate(name, { random, wallNowMs, validDays: 365 });
  const server = await ServerCertificates.open({ directory: certificates, random, wallNow: Date.now });
  await server.accept(name, made.certificatePem);
  return async (directory) => {
    writeFileSync(join(directory, OWN, `${name}.pem`), made.certificatePem);
    writeFileSync(join(directory, OWN, `${name}.key`), made.privateKeyPem, { mode: 0o600 });
  };
}

test('a certificate with less than a third of its life left is renewed over the connection', async (t) => {
  const { server, certificates, client } = await mutualTls(t);
  const ann = await client('ann', await endsSoon(certificates, 'ann'));
  await until(() => logged(ann, /renewed this client’s certificate/), 'the renewal');
  const renewed = certificateIn(ann.directory, 'ann');
  assert.ok(daysOf(renewed) > 364);
  const known = (): X509Certificate =>
    new X509Certificate(readFileSync(join(certificates, KNOWN, 'ann.pem')));
  await until(() => known().fingerprint256 === renewed.fingerprint256, 'the server to know only the new one');
  await connected(server, ann);
  assert.ok(logged(server, /ann: renewed its certificate/));
});

test('renew_certificate renews at once; a connector that cannot says why', async (t) => {
  const { server, client } = await mutualTls(t);
  const ann = await client('ann');
  await connected(server, ann);
  const before = certificateIn(ann.directory, 'ann').fingerprint256;
  const tool = await ConnectorRemoteTool.fromConfig(ann.configPath);
  assert.match(String(await tool.command('renew_certificate', {})), /true/);
  assert.notEqual(certificateIn(ann.directory, 'ann').fingerprint256, before);
  await connected(server, ann);
  const serverTool = await ConnectorRemoteTool.fromConfig(server.configPath);
  assert.match(String(await serverTool.command('renew_certificate', {})), /only a client renews/);
});
