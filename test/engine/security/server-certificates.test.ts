import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type TestContext, test } from 'node:test';
import forge from 'node-forge';
import { readCertificate } from '../../../engine/security/certificate-facts.ts';
import type { Trust } from '../../../engine/security/client-lookup.ts';
import { makeDirectoryCertificate } from '../../../engine/security/directory-certificates.ts';
import {
  buildCertificate,
  leafExtensions,
  makeKeyPair,
} from '../../../engine/security/keys-and-certificates.ts';
import { ServerCertificates } from '../../../engine/security/server-certificates.ts';
import { madeDirectory, random, type TestDirectory } from '../../helpers/certificates-directory.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const DAY = 86_400_000;
const CLIENTS = 'server/client-certs';

interface Server extends TestDirectory {
  readonly server: ServerCertificates;
  /** Opens the directory again, as at the next start. */
  again(wallNowMs?: number): Promise<ServerCertificates>;
  map(): { source_id_2_cert: Record<string, string>; cert_2_source_id: Record<string, string> };
}

async function aServer(t: TestContext, maxCertificates = 10): Promise<Server> {
  const made = await madeDirectory(t);
  const again = (wallNowMs = Date.now()): Promise<ServerCertificates> =>
    ServerCertificates.open({
      directory: made.directory,
      random,
      wallNow: () => wallNowMs,
      maxCertificates,
    });
  const map = (): ReturnType<Server['map']> =>
    JSON.parse(readFileSync(made.at(CLIENTS, 'source_id_2_cert.json'), 'utf8'));
  return { ...made, server: await again(), again, map };
}

const derOf = (pem: string | Buffer): Buffer => new X509Certificate(pem).raw;
const reasonOf = (trust: Trust): string =>
  trust.who === 'nobody' ? trust.reason : `not refused: ${trust.who}`;

test('an issued certificate stands for its name at once, the default one for nobody by name', async (t) => {
  const { server, at, links, map, again } = await aServer(t);
  const first = readFileSync(at('client/client-certs/default.pem'));
  assert.deepEqual(await server.trusted(derOf(first)), { who: 'default' });
  const made = await server.issue('client-1');
  const context = readCertificate(made.certificatePem);
  assert.deepEqual(await server.trusted(context.der), { who: 'client', name: 'client-1' });
  assert.deepEqual(await (await again()).trusted(context.der), { who: 'client', name: 'client-1' });
  assert.ok(links().some(([link, to]) => link === `${context.subjectHash}.0` && to === '../client-1.pem'));
  assert.deepEqual(map(), {
    source_id_2_cert: { 'client-1': context.serial },
    cert_2_source_id: { [context.serial]: 'client-1' },
  });
  const keys = readdirSync(at('server'), { recursive: true }).filter((file) => String(file).endsWith('.key'));
  assert.deepEqual(keys, ['server-cert/server.key'], 'a client’s key is not kept');
  assert.match(made.privateKeyPem, /PRIVATE KEY/);
  const [listed] = await server.list();
  const { fingerprint, words, notAfterMs } = context;
  assert.deepEqual(listed, {
    name: 'client-1',
    fingerprint,
    words,
    notAfterMs,
    fault: undefined,
    isUnconfirmed: false,
    lastUseMs: undefined,
  });
  for (const name of ['default', 'default7', '../x', 'a b', '', 'ü'])
    await rejectsWith(server.issue(name), 'AIOC_NAME_BAD', /name/);
});

test('a certificate is trusted only where file, link and map agree, read anew each time', async (t) => {
  const { server, at, links, map } = await aServer(t);
  const { certificatePem } = await server.issue('ann');
  const der = derOf(certificatePem);
  const [link] = links().find(([, to]) => to === '../ann.pem') ?? [''];
  const path = at(CLIENTS, 'symlinks', link);

  renameSync(path, at('link'));
  assert.match(reasonOf(await server.trusted(der)), /the link to ann\.pem is missing/, 'without the link');
  copyFileSync(at(CLIENTS, 'ann.pem'), path);
  assert.match(reasonOf(await server.trusted(der)), /is a file/, 'with a file instead of the link');
  renameSync(at('link'), path);
  assert.equal((await server.trusted(der)).who, 'client');

  const whole = map();
  writeFileSync(at(CLIENTS, 'source_id_2_cert.json'), '{"source_id_2_cert":{},"cert_2_source_id":{}}');
  assert.match(reasonOf(await server.trusted(der)), /an old certificate of ann/);
  writeFileSync(at(CLIENTS, 'source_id_2_cert.json'), JSON.stringify(whole));

  copyFileSync(at(CLIENTS, 'default.pem'), at(CLIENTS, 'ann.pem'));
  assert.match(reasonOf(await server.trusted(der)), /is unknown/, 'another certificate in the file');
  writeFileSync(at(CLIENTS, 'ann.pem'), certificatePem);
  assert.equal((await server.trusted(der)).who, 'client');
  assert.match(reasonOf(await server.trusted(Buffer.from('garbage'))), /damaged/);
  assert.match(reasonOf(await server.trusted(Buffer.alloc(70_000))), /larger than/);
});

test('more default certificates count where a link points at them', async (t) => {
  const { server, at } = await aServer(t);
  const { certificatePem } = await makeDirectoryCertificate('default', { random, wallNowMs: Date.now() });
  const context = readCertificate(certificatePem);
  writeFileSync(at(CLIENTS, 'default2.pem'), certificatePem);
  assert.equal((await server.trusted(context.der)).who, 'nobody');
  symlinkSync('../default2.pem', at(CLIENTS, 'symlinks', `${context.subjectHash}.0`));
  assert.deepEqual(await server.trusted(context.der), { who: 'default' });
});

/** What the holder of the default key can make: another's subject and serial number, signed with that key. */
function forgedWith(keyPem: string, context: ReturnType<typeof readCertificate>, issuerPem: string): Buffer {
  const made = forge.pki.createCertificate();
  const victim = forge.pki.certificateFromPem(context.pem);
  made.publicKey = forge.pki.setRsaPublicKey(
    ...(({ n, e }) => [n, e] as const)(forge.pki.privateKeyFromPem(keyPem)),
  );
  made.serialNumber = context.serial;
  made.validity.notBefore = new Date(Date.now() - DAY);
  made.validity.notAfter = new Date(Date.now() + DAY);
  made.setSubject(victim.subject.attributes);
  made.setIssuer(forge.pki.certificateFromPem(issuerPem).subject.attributes);
  made.sign(forge.pki.privateKeyFromPem(keyPem), forge.md.sha256.create());
  return derOf(forge.pki.certificateToPem(made));
}

test('a certificate made with the shared default key and another’s serial is nobody’s', async (t) => {
  const { server, at } = await aServer(t);
  const context = readCertificate((await server.issue('ann')).certificatePem);
  const key = readFileSync(at('client/client-certs/default.key'), 'utf8');
  const issuer = readFileSync(at('client/client-certs/default.pem'), 'utf8');
  for (const signer of [issuer, context.pem]) {
    const forged = forgedWith(key, context, signer);
    assert.equal(readCertificate(forged).serial, context.serial);
    assert.equal(readCertificate(forged).subjectHash, context.subjectHash);
    assert.match(reasonOf(await server.trusted(forged)), /is unknown/);
  }
});

test('expired certificates, and those of tomorrow, are refused with the date', async (t) => {
  const { server, again, at } = await aServer(t);
  const der = derOf((await server.issue('ann')).certificatePem);
  const first = derOf(readFileSync(at('client/client-certs/default.pem')));
  const later = await again(Date.now() + 3651 * DAY);
  for (const each of [der, first])
    assert.match(reasonOf(await later.trusted(each)), /its certificate expired on .* GMT/);
  assert.match((await later.list())[0]?.fault ?? '', /expired/);
  assert.match((await later.ownFault()) ?? '', /server\.pem expired on .*clock/);
  assert.match(
    (await later.credentials()).certificatePem,
    /BEGIN CERTIFICATE/,
    'clients look at their own clocks',
  );
  assert.equal(await server.ownFault(), undefined);
  const earlier = await again(Date.now() - 2 * DAY);
  assert.match(reasonOf(await earlier.trusted(der)), /valid only from .*clock/);
});

test('a name is given once, also when it is asked for twice at the same moment', async (t) => {
  const { server, map } = await aServer(t, 2);
  const two = await Promise.allSettled([server.issue('ann'), server.issue('ann')]);
  assert.deepEqual(two.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  await rejectsWith(server.issue('ann'), 'AIOC_CERTIFICATE_EXISTS', /delete_client_certificate ann/);
  const hidden = await server.issue('__proto__');
  const [ann] = two.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  // Both have connected, so both count.
  for (const made of [hidden, ann]) await server.trusted(derOf(made?.certificatePem ?? ''));
  assert.deepEqual(Object.keys(map().source_id_2_cert).sort(), ['__proto__', 'ann']);
  await rejectsWith(server.issue('carl'), 'AIOC_CERTIFICATE_LIMIT', /max_certs/);
  await server.remove('__proto__');
  await server.issue('carl');
});

test('a removed certificate is refused at once and its name is free; only the link: the name stays taken', async (t) => {
  const { server, at, map, links } = await aServer(t);
  const ann = derOf((await server.issue('ann')).certificatePem);
  const ben = derOf((await server.issue('ben')).certificatePem);
  writeFileSync(at(CLIENTS, 'ann.key'), 'Python keeps it');
  await server.remove('ann');
  assert.match(reasonOf(await server.trusted(ann)), /is unknown or was deleted/);
  assert.deepEqual(await server.trusted(ben), { who: 'client', name: 'ben' });
  assert.deepEqual(Object.keys(map().source_id_2_cert), ['ben']);
  assert.ok(!existsSync(at(CLIENTS, 'ann.pem')) && !existsSync(at(CLIENTS, 'ann.key')));
  await rejectsWith(server.remove('ann'), 'AIOC_CERTIFICATE_MISSING', /ann/);
  await rejectsWith(server.remove('default'), 'AIOC_NAME_BAD', /reserved/);
  await server.issue('ann');

  await server.remove('ben', { removeOnlySymlink: true });
  assert.equal((await server.trusted(ben)).who, 'nobody');
  assert.ok(existsSync(at(CLIENTS, 'ben.pem')));
  assert.deepEqual(
    links()
      .map(([, to]) => to)
      .sort(),
    ['../ann.pem', '../default.pem'],
  );
  await rejectsWith(server.issue('ben'), 'AIOC_CERTIFICATE_EXISTS', /ben/);
  await rejectsWith(server.remove('ben', { removeOnlySymlink: true }), 'AIOC_CERTIFICATE_MISSING', /ben/);
  await server.remove('ben');
  await server.issue('ben');
});

test('numbers of links with one hash are closed up, so that OpenSSL still finds the others', async (t) => {
  const { server, links } = await aServer(t);
  const keys = await makeKeyPair();
  const subject = [{ name: 'organizationName', value: 'the same' }] as const;
  const spec = {
    subject,
    keys,
    wallNowMs: Date.now(),
    validDays: 9,
    random,
  };
  const made = new Map<string, string>();
  for (const name of ['a', 'b', 'c', 'd'])
    made.set(name, await buildCertificate({ ...spec, extensions: leafExtensions(name) }));
  for (const [name, pem] of made) await server.accept(name, pem);
  const numbers = (): string[] =>
    links()
      .filter(([, to]) => to !== '../default.pem')
      .map(([link, to]) => `${link.split('.')[1]} ${to}`);
  assert.deepEqual(numbers(), ['0 ../a.pem', '1 ../b.pem', '2 ../c.pem', '3 ../d.pem']);
  for (const [removed, left] of [
    ['b', ['a', 'c', 'd']],
    ['d', ['a', 'c']],
    ['a', ['c']],
  ] as const) {
    await server.remove(removed);
    assert.deepEqual(
      numbers().map((each) => each.split(' ')[0]),
      left.map((_, index) => String(index)),
    );
    for (const name of left)
      assert.deepEqual(await server.trusted(derOf(made.get(name) ?? '')), { who: 'client', name });
  }
});

test('a certificate that a client made itself is taken, and once more when the answer was lost', async (t) => {
  const { server, at } = await aServer(t);
  const { certificatePem } = await makeDirectoryCertificate('ann', { random, wallNowMs: Date.now() });
  await server.accept('ann', certificatePem);
  await server.accept('ann', certificatePem);
  assert.deepEqual(await server.trusted(derOf(certificatePem)), { who: 'client', name: 'ann' });
  await rejectsWith(server.accept('ben', certificatePem), 'AIOC_CERTIFICATE_BAD', /another name than ben/);
  const withSerial = async (name: string, serial: string): Promise<string> => {
    const bytes = (count: number): Buffer =>
      count === 20 ? Buffer.from(serial, 'hex') : random.bytes(count);
    const options = { random: { ...random, bytes }, wallNowMs: Date.now() };
    return (await makeDirectoryCertificate(name, options)).certificatePem;
  };
  const twin = await withSerial('ben', readCertificate(certificatePem).serial);
  await rejectsWith(server.accept('ben', twin), 'AIOC_CERTIFICATE_BAD', /serial number/);
  const other = await makeDirectoryCertificate('ann', { random, wallNowMs: Date.now() });
  await rejectsWith(server.accept('ann', other.certificatePem), 'AIOC_CERTIFICATE_EXISTS', /ann/);
  const shared = readFileSync(at('client/client-certs/default.pem'), 'utf8');
  const likeShared = await withSerial('carl', readCertificate(shared).serial);
  await rejectsWith(server.accept('carl', likeShared), 'AIOC_CERTIFICATE_BAD', /serial number/);
});

test('a certificate that could sign others, is weak, expired or no certificate is not taken', async (t) => {
  const { server, links } = await aServer(t);
  const before = links();
  const keys = await makeKeyPair();
  const subject = [{ name: 'organizationName', value: 'x' }] as const;
  const spec = {
    subject,
    keys,
    wallNowMs: Date.now(),
    validDays: 9,
    random,
    extensions: leafExtensions('x'),
  };
  const small = forge.pki.rsa.generateKeyPair(1024);
  const weak = {
    publicKeyPem: forge.pki.publicKeyToPem(small.publicKey),
    privateKeyPem: forge.pki.privateKeyToPem(small.privateKey),
  };
  const unknownFile = await makeKeyPair();
  const wrong: [string, RegExp][] = [
    ['', /damaged/],
    ['x'.repeat(70_000), /larger/],
    [await buildCertificate({ ...spec, extensions: [] }), /could sign other certificates/],
    [
      await buildCertificate({ ...spec, extensions: [{ name: 'basicConstraints', cA: true }] }),
      /could sign other certificates/,
    ],
    [await buildCertificate({ ...spec, wallNowMs: Date.now() - 20 * DAY }), /expired/],
    [await buildCertificate({ ...spec, wallNowMs: Date.now() + 20 * DAY }), /valid only from/],
    [await buildCertificate(spec), /made for another name than ann/],
    [await buildCertificate({ ...spec, keys: weak }), /unsupported kind or size of key/],
    [
      await buildCertificate({ ...spec, keys: { ...keys, privateKeyPem: unknownFile.privateKeyPem } }),
      /signed by itself/,
    ],
  ];
  for (const [pem, message] of wrong)
    await rejectsWith(server.accept('ann', pem), 'AIOC_CERTIFICATE_BAD', message);
  assert.deepEqual(links(), before);
  assert.deepEqual(await server.list(), []);
});

test('what a crash left half done is taken back or finished at the next start, whatever the step', async (t) => {
  const { server, at, links, map, again } = await aServer(t);
  const untouched = derOf((await server.issue('ben')).certificatePem);
  const clean = (): unknown => [links(), map(), readdirSync(at(CLIENTS)).sort()];
  const before = clean();
  const adding = at(CLIENTS, '.adding-ann');
  const steps: ((pem: string) => void)[] = [
    (pem) => writeFileSync(adding, pem),
    () => linkSync(adding, at(CLIENTS, 'ann.pem')),
    (pem) => {
      const { source_id_2_cert: names, cert_2_source_id: serials } = map();
      const { serial } = readCertificate(pem);
      const more = {
        source_id_2_cert: { ...names, ann: serial },
        cert_2_source_id: { ...serials, [serial]: 'ann' },
      };
      writeFileSync(at(CLIENTS, 'source_id_2_cert.json'), JSON.stringify(more));
    },
    (pem) => symlinkSync('../ann.pem', at(CLIENTS, 'symlinks', `${readCertificate(pem).subjectHash}.0`)),
  ];
  for (let done = 1; done <= steps.length; done += 1) {
    const { certificatePem } = await makeDirectoryCertificate('ann', { random, wallNowMs: Date.now() });
    writeFileSync(at(CLIENTS, '.new-0123'), 'half');
    for (const step of steps.slice(0, done)) step(certificatePem);
    const repaired = await again();
    assert.match(repaired.repaired.join(), /ann was only half created/, `after ${done} steps`);
    assert.deepEqual(clean(), before, `after ${done} steps`);
    assert.equal((await repaired.trusted(derOf(certificatePem))).who, 'nobody');
    assert.deepEqual((await again()).repaired, []);
  }

  for (const kind of ['everything', 'link']) {
    const ann = derOf((await server.issue('ann')).certificatePem);
    writeFileSync(at(CLIENTS, '.removing-ann'), kind);
    const repaired = await again();
    assert.match(repaired.repaired.join(), /ann was only half removed/);
    assert.equal((await repaired.trusted(ann)).who, 'nobody');
    assert.equal((await repaired.trusted(untouched)).who, 'client');
    assert.equal(existsSync(at(CLIENTS, 'ann.pem')), kind === 'link');
  }
});

test('a note of an addition never takes away what another certificate of that name has', async (t) => {
  const { server, at, again } = await aServer(t);
  const ann = derOf((await server.issue('ann')).certificatePem);
  const other = await makeDirectoryCertificate('ann', { random, wallNowMs: Date.now() });
  writeFileSync(at(CLIENTS, '.adding-ann'), other.certificatePem);
  assert.deepEqual(await (await again()).trusted(ann), { who: 'client', name: 'ann' });
});

test('a directory that cannot be used says what to do', async (t) => {
  const empty = tempDir(t);
  const opened = ServerCertificates.open({ directory: empty, random, wallNow: Date.now });
  await rejectsWith(opened, 'AIOC_CERTIFICATES', /is missing\. .*aioc create_certificates '/);
  const { at, again, server } = await aServer(t);
  const credentials = await server.credentials();
  assert.match(credentials.words, /-/);

  writeFileSync(at(CLIENTS, 'source_id_2_cert.json'), '{');
  await rejectsWith(again(), 'AIOC_CERTIFICATES', /source_id_2_cert\.json is damaged/);
  writeFileSync(at(CLIENTS, 'source_id_2_cert.json'), '{"source_id_2_cert":{"a":1}}');
  await rejectsWith(again(), 'AIOC_CERTIFICATES', /serial number of "a"/);
  rmSync(at(CLIENTS, 'source_id_2_cert.json'));
  chmodSync(at(CLIENTS, 'symlinks'), 0o777);
  await rejectsWith(again(), 'AIOC_CERTIFICATES', /every user .* chmod o-w/);

  chmodSync(at('server/server-cert/server.key'), 0o644);
  await rejectsWith(server.credentials(), 'AIOC_CERTIFICATES', /chmod 600/);
  rmSync(at('server/server-cert/server.key'));
  await rejectsWith(server.credentials(), 'AIOC_CERTIFICATES', /server\.key is missing/);
  copyFileSync(at('client/client-certs/default.key'), at('server/server-cert/server.key'));
  await rejectsWith(server.credentials(), 'AIOC_CERTIFICATES', /does not belong/);
  writeFileSync(at('server/server-cert/server.pem'), 'x');
  await rejectsWith(server.credentials(), 'AIOC_CERTIFICATES', /server\.pem cannot be used/);
});
