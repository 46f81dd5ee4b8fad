import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type TestContext, test } from 'node:test';
import { ClientCertificates } from '../../../engine/security/client-certificates.ts';
import { makeDirectoryCertificate } from '../../../engine/security/directory-certificates.ts';
import { fingerprintOf } from '../../../engine/security/fingerprint.ts';
import { madeDirectory, random, type TestDirectory } from '../../helpers/certificates-directory.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const DAY = 86_400_000;
const OWN = 'client/client-certs';

interface Client extends TestDirectory {
  readonly client: ClientCertificates;
  again(wallNowMs?: number): ClientCertificates;
}

async function aClient(t: TestContext, wallNowMs = Date.now()): Promise<Client> {
  const made = await madeDirectory(t, wallNowMs);
  const again = (now = wallNowMs): ClientCertificates =>
    new ClientCertificates({ directory: made.directory, name: 'ann', random, wallNow: () => now });
  return { ...made, client: again(), again };
}

const make = (wallNowMs = Date.now()): ReturnType<typeof makeDirectoryCertificate> =>
  makeDirectoryCertificate('ann', { random, wallNowMs });
const derOf = (pem: string | Buffer): Buffer => new X509Certificate(pem).raw;
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

test('a client shows the default certificate until it has its own, and again after that is removed', async (t) => {
  const { client, at, again } = await aClient(t);
  const first = await client.load();
  assert.equal(first.isDefault, true);
  assert.equal(first.certificatePem, readFileSync(at(OWN, 'default.pem'), 'utf8'));
  assert.equal(first.privateKeyPem, readFileSync(at(OWN, 'default.key'), 'utf8'));
  assert.deepEqual(first.serverFingerprints, [
    fingerprintOf(derOf(readFileSync(at('client/server-cert/server.pem')))),
  ]);

  const own = await make();
  await client.store(own);
  const { isDefault, certificatePem, privateKeyPem } = await again().load();
  assert.deepEqual({ isDefault, certificatePem, privateKeyPem }, { isDefault: false, ...own });
  assert.deepEqual([modeOf(at(OWN, 'ann.key')), modeOf(at(OWN, 'ann.pem'))], ['600', '644']);
  await rejectsWith(client.store(own), 'AIOC_CERTIFICATE_EXISTS', /delete_client_certificate/);
  await rejectsWith(client.propose(), 'AIOC_CERTIFICATE_EXISTS', /delete_client_certificate/);

  assert.equal(await client.remove(), true);
  assert.equal(await client.remove(), false);
  assert.equal((await client.load()).isDefault, true);
  assert.deepEqual(readdirSync(at(OWN)).sort(), ['default.key', 'default.pem']);
});

test('what a server sends is kept only when it fits together; its dates are looked at when it is used', async (t) => {
  const { client, at } = await aClient(t);
  const [one, two] = [await make(), await make()];
  const wrong: [{ certificatePem: string; privateKeyPem: string }, RegExp][] = [
    [{ ...one, privateKeyPem: two.privateKeyPem }, /does not belong/],
    [{ ...one, privateKeyPem: 'x' }, /damaged/],
    [{ ...one, certificatePem: 'x' }, /damaged/],
  ];
  for (const [pair, message] of wrong) await rejectsWith(client.store(pair), 'AIOC_CERTIFICATE_BAD', message);
  assert.deepEqual(readdirSync(at(OWN)).sort(), ['default.key', 'default.pem']);
  // The server gives it once: with a clock that is set right later it is as good as any.
  await client.store(await make(Date.now() - 4000 * DAY));
  await rejectsWith(client.load(), 'AIOC_CERTIFICATES', /expired on .*this machine's clock says/);
  assert.equal((await client.load({ onAnyDay: true })).isDefault, false);
});

test('a proposal stays the same over restarts until it is adopted, whatever a crash leaves', async (t) => {
  const { client, at, again } = await aClient(t);
  await rejectsWith(client.adopt(), 'AIOC_CERTIFICATE_MISSING', /ann/);
  const proposal = await client.propose();
  assert.deepEqual(await again().propose(), proposal);
  assert.equal((await client.load()).isDefault, true, 'not yet');
  assert.equal(modeOf(at(OWN, '.proposed/ann.key')), '600');
  // As a crash in the middle of adopting leaves it.
  copyFileSync(at(OWN, '.proposed/ann.key'), at(OWN, 'ann.key'));
  assert.deepEqual(await again().propose(), proposal);
  await again().adopt();
  const { serverCertificatePem: _, serverFingerprints: __, ...own } = await client.load();
  assert.deepEqual(own, { isDefault: false, ...proposal });
  assert.deepEqual(readdirSync(at(OWN, '.proposed')), []);
  await client.remove();
  assert.notDeepEqual(await client.propose(), proposal, 'the next one is a new one');
});

test('a renewal waits until a third of the life is left, and replaces key and certificate together whatever a crash leaves', async (t) => {
  const directory = await madeDirectory(t);
  const at = (days: number): ClientCertificates =>
    new ClientCertificates({
      directory: directory.directory,
      name: 'ann',
      random,
      wallNow: () => Date.now() + days * DAY,
    });
  const terms = { days: 365 };
  await rejectsWith(at(0).proposeRenewal(terms, { isDue: true }), 'AIOC_CERTIFICATE_MISSING', /ann/);
  await at(0).propose(terms);
  await at(0).adopt();
  const first = await at(0).load();
  assert.equal(await at(242).proposeRenewal(terms, { isDue: false }), undefined);
  const proposed = await at(245).proposeRenewal(terms, { isDue: false });
  assert.ok(proposed !== undefined && proposed.fingerprint !== first.fingerprint);
  assert.equal((await at(245).proposeRenewal(terms, { isDue: true }))?.fingerprint, proposed.fingerprint);
  assert.equal((await at(245).load()).fingerprint, first.fingerprint, 'until the server has accepted it');

  const own = 'client/client-certs';
  // A crash after the mark and the key.
  writeFileSync(directory.at(own, '.proposed/ann.pem.accepted'), '');
  renameSync(directory.at(own, '.proposed/ann.key'), directory.at(own, 'ann.key'));
  const completed = await at(245).load();
  assert.equal(completed.fingerprint, proposed.fingerprint);
  assert.equal(completed.isDefault, false);
  assert.deepEqual(readdirSync(directory.at(own, '.proposed')), []);

  const next = await at(246).proposeRenewal(terms, { isDue: true });
  await at(246).adoptRenewal();
  assert.equal((await at(246).load()).fingerprint, next?.fingerprint);
});

test('a pinned file of several certificates pins them all, and one of before 1.2.0 is read', async (t) => {
  const { client, at } = await aClient(t);
  const pinned = at('client/server-cert/server.pem');
  const [one, two] = [readFileSync(pinned, 'utf8'), (await make()).certificatePem];
  writeFileSync(pinned, `the old one\n${one}the new one\n${two}`);
  const expected = [one, two].map((pem) => fingerprintOf(derOf(pem)));
  assert.deepEqual((await client.load()).serverFingerprints, expected);
  renameSync(pinned, at('client/server-cert/server.crt'));
  assert.deepEqual((await client.load()).serverFingerprints, expected);
  writeFileSync(pinned, 'x');
  await rejectsWith(client.load(), 'AIOC_CERTIFICATES', /server\.pem is damaged\. Copy/);
});

test('what cannot be used is named with what to do', async (t) => {
  const { client, at, again } = await aClient(t);
  assert.throws(
    () => new ClientCertificates({ directory: '/', name: 'default', random, wallNow: Date.now }),
    /reserved/,
  );
  const nothing = new ClientCertificates({ directory: tempDir(t), name: 'ann', random, wallNow: Date.now });
  for (const call of [nothing.load(), nothing.propose(), nothing.store(await make())])
    await rejectsWith(
      call,
      'AIOC_CERTIFICATES',
      /is missing\. Ask the operator .*aioc join CODE\. Or copy certificates\/client/,
    );

  await client.store(await make());
  chmodSync(at(OWN, 'ann.key'), 0o640);
  await rejectsWith(client.load(), 'AIOC_CERTIFICATES', /chmod 600/);
  copyFileSync(at(OWN, 'default.key'), at(OWN, 'ann.key'));
  chmodSync(at(OWN, 'ann.key'), 0o600);
  await rejectsWith(client.load(), 'AIOC_CERTIFICATES', /does not belong .*delete_client_certificate/);
  rmSync(at(OWN, 'ann.key'));
  await rejectsWith(client.load(), 'AIOC_CERTIFICATES', /ann\.key is missing/);
  await client.remove();
  await rejectsWith(again(Date.now() + 4000 * DAY).load(), 'AIOC_CERTIFICATES', /default\.pem expired/);
  rmSync(at('client/server-cert/server.pem'));
  await rejectsWith(client.load(), 'AIOC_CERTIFICATES', /server\.pem is missing/);
  assert.ok(!existsSync(at(OWN, 'ann.pem')));
});
