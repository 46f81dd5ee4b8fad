import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { type TestContext, test } from 'node:test';
import type { Timer, TlsSettings } from '../../../engine/base/ports.ts';
import { realClock } from '../../../engine/base/real-ports.ts';
import { clientTrust } from '../../../engine/connector/directory-trust.ts';
import { readCertificate } from '../../../engine/security/certificate-facts.ts';
import { ClientCertificates } from '../../../engine/security/client-certificates.ts';
import { makeDirectoryCertificate } from '../../../engine/security/directory-certificates.ts';
import { ServerCertificates } from '../../../engine/security/server-certificates.ts';
import { madeDirectory, random, type TestDirectory } from '../../helpers/certificates-directory.ts';

const CLIENTS = 'server/client-certs';
const MAP = `${CLIENTS}/source_id_2_cert.json`;
const OWN = 'client/client-certs';

const openServer = ({ directory }: TestDirectory): Promise<ServerCertificates> =>
  ServerCertificates.open({ directory, random, wallNow: Date.now });
const make = (name: string): Promise<TlsSettings> =>
  makeDirectoryCertificate(name, { random, wallNowMs: Date.now() });
const derOf = (pem: string): Buffer => new X509Certificate(pem).raw;

interface MapText {
  readonly source_id_2_cert: Readonly<Record<string, string>>;
  readonly cert_2_source_id: Readonly<Record<string, string>>;
}

const mapOf = (directory: TestDirectory): MapText => JSON.parse(readFileSync(directory.at(MAP), 'utf8'));

/** Writes the map as a Python server does, from its own memory. */
function pythonWrites(directory: TestDirectory, names: Readonly<Record<string, string>>): void {
  const object = (value: Readonly<Record<string, string>>): string =>
    `{${Object.entries(value)
      .map(([key, member]) => `"${key}": "${member}"`)
      .join(', ')}}`;
  const reversed = Object.fromEntries(Object.entries(names).map(([name, serial]) => [serial, name]));
  const text = `{"source_id_2_cert": ${object(names)}, "cert_2_source_id": ${object(reversed)}}`;
  writeFileSync(directory.at(MAP), text);
}

async function sharedBy(
  t: TestContext,
  count: number,
): Promise<{ directory: TestDirectory; servers: ServerCertificates[] }> {
  const directory = await madeDirectory(t);
  const servers = await Promise.all(Array.from({ length: count }, () => openServer(directory)));
  return { directory, servers };
}

test('servers that share a directory add and remove clients at the same moment, and none loses another’s', async (t) => {
  const { directory, servers } = await sharedBy(t, 4);
  const names = Array.from({ length: 8 }, (_, number) => `client-${number}`);
  const made = new Map(await Promise.all(names.map(async (name) => [name, await make(name)] as const)));
  const each = async (name: string, index: number): Promise<void> => {
    const server = servers[index % servers.length] as ServerCertificates;
    await server.accept(name, made.get(name)?.certificatePem ?? '');
    if (index % 4 === 3) await (servers[(index + 1) % servers.length] as ServerCertificates).remove(name);
  };
  await Promise.all(names.map(each));
  const left = names.filter((_, index) => index % 4 !== 3);
  assert.deepEqual(Object.keys(mapOf(directory).source_id_2_cert).sort(), left.toSorted());
  for (const server of servers) {
    for (const name of left)
      assert.deepEqual(await server.trusted(derOf(made.get(name)?.certificatePem ?? '')), {
        who: 'client',
        name,
      });
  }
  assert.equal(directory.links().length, left.length + 1, 'with the default one');
  assert.deepEqual(
    readdirSync(directory.at(CLIENTS)).filter((file) => file.startsWith('.')),
    ['.unconfirmed'],
  );
  assert.deepEqual(readdirSync(directory.at(CLIENTS, '.unconfirmed')), [], 'all have connected');
});

test('a server that starts while another is adding a client does not take that back', async (t) => {
  const { directory, servers } = await sharedBy(t, 1);
  const [server] = servers;
  assert.ok(server !== undefined);
  const certificates = await Promise.all([0, 1, 2, 3, 4].map((index) => make(`client-${index}`)));
  let adding = true;
  const added = (async () => {
    for (const [index, { certificatePem }] of certificates.entries())
      await server.accept(`client-${index}`, certificatePem);
  })().finally(() => {
    adding = false;
  });
  const repaired: string[] = [];
  while (adding) repaired.push(...(await openServer(directory)).repaired);
  await added;
  assert.deepEqual(repaired, []);
  assert.equal(Object.keys(mapOf(directory).source_id_2_cert).length, certificates.length);
});

test('the lock of a server that was killed holds up nobody', async (t) => {
  const { directory, servers } = await sharedBy(t, 2);
  const nobody = 2 ** 22 + 1;
  writeFileSync(directory.at(CLIENTS, '.lock'), `${nobody} 00 ${hostname()}`);
  const [one, two] = await Promise.all([make('one'), make('two')]);
  await Promise.all([
    servers[0]?.accept('one', one.certificatePem),
    servers[1]?.accept('two', two.certificatePem),
  ]);
  assert.deepEqual(Object.keys(mapOf(directory).source_id_2_cert).sort(), ['one', 'two']);
  assert.ok(!existsSync(directory.at(CLIENTS, '.lock')));
});

test('an entry that a Python server of the directory has lost is put back; one taken out by hand is not', async (t) => {
  const { directory, servers } = await sharedBy(t, 1);
  const [server] = servers;
  assert.ok(server !== undefined);
  const made = await make('ann');
  await server.accept('ann', made.certificatePem);
  const { serial } = readCertificate(made.certificatePem);

  pythonWrites(directory, { ben: '0ABC' });
  const expected = { who: 'client', name: 'ann' };
  assert.deepEqual(await server.trusted(derOf(made.certificatePem)), expected);
  assert.deepEqual(mapOf(directory).source_id_2_cert, { ann: serial, ben: '0ABC' });
  pythonWrites(directory, {});
  assert.deepEqual(await (await openServer(directory)).trusted(derOf(made.certificatePem)), expected);

  for (const text of [
    '{"source_id_2_cert":{},"cert_2_source_id":{}}',
    '{"source_id_2_cert": {}, "cert_2_source_id": {}}\n',
    '{\n  "source_id_2_cert": {},\n  "cert_2_source_id": {}\n}',
  ]) {
    writeFileSync(directory.at(MAP), text);
    assert.equal((await server.trusted(derOf(made.certificatePem))).who, 'nobody', text);
  }
  pythonWrites(directory, { ben: serial });
  assert.equal((await server.trusted(derOf(made.certificatePem))).who, 'nobody', 'its serial is another’s');
});

test('what is deleted stays so, whatever a Python server writes then', async (t) => {
  const { directory, servers } = await sharedBy(t, 1);
  const [server] = servers;
  assert.ok(server !== undefined);
  for (const removeOnlySymlink of [false, true]) {
    const made = await make('ann');
    await server.accept('ann', made.certificatePem);
    await server.remove('ann', { removeOnlySymlink });
    pythonWrites(directory, {});
    assert.equal((await server.trusted(derOf(made.certificatePem))).who, 'nobody');
  }
});

test('a map that a Python server is just writing is read when it is whole', async (t) => {
  const { directory, servers } = await sharedBy(t, 1);
  const made = await make('ann');
  await servers[0]?.accept('ann', made.certificatePem);
  const whole = readFileSync(directory.at(MAP));
  let waits = 0;
  const after = (_delayMs: number, action: () => void): Timer => {
    waits += 1;
    // In the same place and not at one stroke, as Python does.
    if (waits === 3) writeFileSync(directory.at(MAP), whole);
    setImmediate(action);
    return { cancel: () => undefined };
  };
  const clock = { ...realClock(), after };
  const server = await ServerCertificates.open({
    directory: directory.directory,
    random,
    wallNow: Date.now,
    clock,
  });
  writeFileSync(directory.at(MAP), '');
  assert.deepEqual(await server.trusted(derOf(made.certificatePem)), { who: 'client', name: 'ann' });
  assert.equal(waits, 3);
});

test('what a Python server writes in the middle of a change of ours is kept', async (t) => {
  const { directory, servers } = await sharedBy(t, 1);
  const [ann, eve] = [await make('ann'), await make('eve')];
  await servers[0]?.accept('ann', ann.certificatePem);
  const serials = mapOf(directory).source_id_2_cert;
  let unfinished = 0;
  const server = await ServerCertificates.open({
    directory: directory.directory,
    random: {
      ...random,
      // Each file that is replaced is named by chance first. The third one is the map, after the mark that its name is unconfirmed and
      // the note of the change.
      bytes: (count) => {
        unfinished += 1;
        if (unfinished === 3) pythonWrites(directory, { ...serials, ben: '0ABC' });
        return random.bytes(count);
      },
    },
    wallNow: Date.now,
  });
  await server.accept('eve', eve.certificatePem);
  assert.deepEqual(Object.keys(mapOf(directory).source_id_2_cert).sort(), ['ann', 'ben', 'eve']);
  assert.ok(unfinished > 3);
});

test('two connectors of one name ask two servers at once: one certificate, which both show from then on', async (t) => {
  const { directory, servers } = await sharedBy(t, 2);
  const clients = servers.map(
    () => new ClientCertificates({ directory: directory.directory, name: 'ann', random, wallNow: Date.now }),
  );
  const trusts = clients.map((client) => clientTrust(client, Date.now));
  const without = { terms: undefined, keyingMaterial: undefined };
  const proposals = await Promise.all(trusts.map((trust) => trust.propose(without)));
  const [certificatePem = ''] = proposals.map((proposal) => proposal.certificatePem);
  assert.equal(proposals[1]?.certificatePem, certificatePem);
  await Promise.all(servers.map((server) => server.accept('ann', certificatePem)));
  await Promise.all(trusts.map((trust) => trust.store({ certificatePem })));
  const shown = await Promise.all(trusts.map((trust) => trust.credentials()));
  for (const [index, { tls, enrols }] of shown.entries()) {
    assert.equal(enrols, false);
    assert.deepEqual(await servers[index]?.trusted(derOf(tls.certificatePem)), {
      who: 'client',
      name: 'ann',
    });
  }
  assert.deepEqual(readdirSync(directory.at(OWN)).sort(), [
    '.proposed',
    'ann.key',
    'ann.pem',
    'default.key',
    'default.pem',
  ]);
});
