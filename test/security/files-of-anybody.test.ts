import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { realClock } from '../../engine/base/real-ports.ts';
import { ClientCertificates } from '../../engine/security/client-certificates.ts';
import { Invitations } from '../../engine/security/invitations.ts';
import { ServerCertificates } from '../../engine/security/server-certificates.ts';
import { madeDirectory, random } from '../helpers/certificates-directory.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';

const derOf = (pem: string): Buffer => new X509Certificate(pem).raw;
const clock = realClock();
const wallNow = (): number => Date.now();
const WHY = /every user of this machine can write to .*Run: chmod o-w/;

test('a certificate that every user can replace lets nobody in, and the list says why', async (t) => {
  const { directory, at } = await madeDirectory(t);
  const options = { directory, random, clock, wallNow };
  const certificates = await ServerCertificates.open(options);
  const { certificatePem } = await certificates.issue('bob');
  const der = derOf(certificatePem);
  assert.equal((await certificates.trusted(der)).who, 'client');
  const path = at('server/client-certs/bob.pem');
  chmodSync(path, 0o666);
  const trust = await certificates.trusted(der);
  assert.equal(trust.who, 'nobody');
  assert.ok(trust.who === 'nobody' && !trust.reason.includes(directory), 'the peer does not learn the path');
  assert.match((await ServerCertificates.open(options)).warnings.join(), WHY);
  assert.match((await certificates.list())[0]?.fault ?? '', WHY);
  chmodSync(path, 0o664);
  assert.equal((await certificates.trusted(der)).who, 'client', 'the group may: Python’s umask decides that');
});

test('a list of clients or invitations that every user can write is refused', async (t) => {
  const { directory, at } = await madeDirectory(t);
  const certificates = await ServerCertificates.open({ directory, random, clock, wallNow });
  const { certificatePem } = await certificates.issue('bob');
  chmodSync(at('server/client-certs/source_id_2_cert.json'), 0o646);
  await rejectsWith(certificates.trusted(derOf(certificatePem)), 'AIOC_CERTIFICATES', WHY);
  const invitations = new Invitations({ directory, random, clock });
  const { secret } = await invitations.create('carol', 1);
  chmodSync(at('server/client-certs/.invitations.json'), 0o602);
  const use = { secret: secret.toString('base64url'), name: 'carol', fingerprint: 'c', address: '10.0.0.1' };
  await rejectsWith(
    invitations.redeem(use, async () => undefined),
    'AIOC_CERTIFICATES',
    WHY,
  );
});

test('a client trusts no pinned certificate, and shows none of its own, that every user can replace', async (t) => {
  const { directory, at } = await madeDirectory(t);
  const client = new ClientCertificates({ directory, name: 'bob', random, wallNow, clock, isStrict: false });
  await client.load();
  for (const path of ['client/server-cert/server.pem', 'client/client-certs/default.pem']) {
    const text = readFileSync(at(path));
    chmodSync(at(path), 0o666);
    writeFileSync(at(path), text);
    await rejectsWith(client.load(), 'AIOC_CERTIFICATES', WHY);
    chmodSync(at(path), 0o644);
  }
  await client.load();
});
