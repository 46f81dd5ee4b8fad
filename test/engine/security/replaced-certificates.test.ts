import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { readCertificate } from '../../../engine/security/certificate-facts.ts';
import { makeDirectoryCertificate } from '../../../engine/security/directory-certificates.ts';
import { ServerCertificates } from '../../../engine/security/server-certificates.ts';
import { madeDirectory, random, type TestDirectory } from '../../helpers/certificates-directory.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const CLIENTS = 'server/client-certs';

interface Server extends TestDirectory {
  readonly server: ServerCertificates;
  /** Opens the directory again, as at the next start. */
  again(): Promise<ServerCertificates>;
  map(): { source_id_2_cert: Record<string, string> };
}

async function aServer(t: TestContext): Promise<Server> {
  const made = await madeDirectory(t);
  const again = (): Promise<ServerCertificates> =>
    ServerCertificates.open({ directory: made.directory, random, wallNow: Date.now });
  const map = (): ReturnType<Server['map']> =>
    JSON.parse(readFileSync(made.at(CLIENTS, 'source_id_2_cert.json'), 'utf8'));
  return { ...made, server: await again(), again, map };
}

const derOf = (pem: string): Buffer => new X509Certificate(pem).raw;

test('a replacement that a crash interrupted is completed at the next start, and one of the two is trusted at every step', async (t) => {
  const { server, at, links, map, again } = await aServer(t);
  const old = (await server.issue('ann')).certificatePem;
  await server.trusted(derOf(old));
  const { certificatePem } = await makeDirectoryCertificate('ann', { random, wallNowMs: Date.now() });
  await server.renew('ann', certificatePem);
  const { serial, subjectHash } = readCertificate(certificatePem);
  const client = { who: 'client', name: 'ann' };
  const steps: (() => void)[] = [
    () => writeFileSync(at(CLIENTS, '.replacing-ann'), certificatePem),
    () => symlinkSync('../ann.pem', at(CLIENTS, 'symlinks', `${subjectHash}.0`)),
    () => writeFileSync(at(CLIENTS, 'ann.pem'), certificatePem),
    () => {
      const text = { source_id_2_cert: { ann: serial }, cert_2_source_id: { [serial]: 'ann' } };
      writeFileSync(at(CLIENTS, 'source_id_2_cert.json'), JSON.stringify(text));
    },
    () => rmSync(at(CLIENTS, 'symlinks', `${readCertificate(old).subjectHash}.0`)),
  ];
  const before = tempDir(t);
  cpSync(at(CLIENTS), before, { recursive: true, verbatimSymlinks: true });
  for (let done = 1; done <= steps.length; done += 1) {
    rmSync(at(CLIENTS), { recursive: true });
    cpSync(before, at(CLIENTS), { recursive: true, verbatimSymlinks: true });
    for (const step of steps.slice(0, done)) step();
    const oldIsTrusted = (await server.trusted(derOf(old))).who === 'client';
    assert.equal(oldIsTrusted, done < 3, `after ${done} steps`);
    const repaired = await again();
    assert.match(repaired.repaired.join(), /ann was only half replaced/, `after ${done} steps`);
    assert.deepEqual(await repaired.trusted(derOf(certificatePem)), client);
    assert.equal((await repaired.trusted(derOf(old))).who, 'nobody');
    assert.deepEqual(Object.values(map().source_id_2_cert), [serial]);
    assert.deepEqual(
      links().filter(([, to]) => to === '../ann.pem'),
      [[`${subjectHash}.0`, '../ann.pem']],
    );
    assert.deepEqual(readdirSync(at(CLIENTS, '.renewals')), []);
  }
});

test('both certificates are valid until the new one has connected; deleting the client ends both', async (t) => {
  const { server } = await aServer(t);
  const old = derOf((await server.issue('ann')).certificatePem);
  const make = async (): Promise<string> =>
    (await makeDirectoryCertificate('ann', { random, wallNowMs: Date.now() })).certificatePem;
  const client = { who: 'client', name: 'ann' };
  const [first, second] = [await make(), await make()];
  await server.renew('ann', first);
  await server.renew('ann', first);
  assert.deepEqual(await server.trusted(old), client);
  await server.renew('ann', second);
  assert.equal((await server.trusted(derOf(first))).who, 'nobody', 'only the latest one');
  assert.deepEqual(await server.trusted(derOf(second)), client);
  await server.idle();
  assert.equal((await server.trusted(old)).who, 'nobody');
  assert.deepEqual(await server.trusted(derOf(second)), client);

  await server.renew('ann', await make());
  const third = await make();
  await server.renew('ann', third);
  await server.remove('ann');
  for (const der of [derOf(second), derOf(third)]) assert.equal((await server.trusted(der)).who, 'nobody');
  await rejectsWith(server.renew('ann', third), 'AIOC_CERTIFICATE_MISSING', /ann/);
  await server.issue('ann');
  assert.equal((await server.trusted(derOf(third))).who, 'nobody');
});
