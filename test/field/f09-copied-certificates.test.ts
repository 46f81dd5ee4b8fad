import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realClock } from '../../engine/base/real-ports.ts';
import type { Trust } from '../../engine/security/client-lookup.ts';
import { type RepairReport, repairCertificates } from '../../engine/security/repair-certificates.ts';
import { ServerCertificates } from '../../engine/security/server-certificates.ts';
import {
  madeDirectory,
  random,
  type TestDirectory,
  testDirectory,
} from '../helpers/certificates-directory.ts';
import { runProgram } from '../helpers/daemon.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const CLIENTS = 'server/client-certs';
const LINKS = `${CLIENTS}/symlinks`;
const MAP = `${CLIENTS}/source_id_2_cert.json`;

const open = ({ directory }: TestDirectory): Promise<ServerCertificates> =>
  ServerCertificates.open({ directory, random, wallNow: () => Date.now() });
const repair = ({ directory }: TestDirectory, isDryRun = false): Promise<RepairReport> =>
  repairCertificates({ directory, random, clock: realClock(), isDryRun });
const derOf = (pem: string | Buffer): Buffer => new X509Certificate(pem).raw;
const reasonOf = (trust: Trust): string => (trust.who === 'nobody' ? trust.reason : `taken as ${trust.who}`);

interface Copied extends TestDirectory {
  readonly alice: Buffer;
  readonly first: Buffer;
}

/** A server's directory with the client alice, copied without links: `cp -rL`. */
async function copied(t: TestContext): Promise<Copied> {
  const made = await madeDirectory(t);
  const alice = derOf((await (await open(made)).issue('alice')).certificatePem);
  const copy = testDirectory(tempDir(t));
  cpSync(made.at(), copy.at(), { recursive: true, dereference: true });
  // Node's copy makes links of links that lead inside; a copy without links makes files of all.
  for (const [file] of made.links()) {
    rmSync(copy.at(LINKS, file), { force: true });
    writeFileSync(copy.at(LINKS, file), readFileSync(made.at(LINKS, file)));
  }
  return { ...copy, alice, first: derOf(readFileSync(copy.at('client/client-certs/default.pem'))) };
}

test('after cp -rL the log and each refusal say that links have become files, and what to run', async (t) => {
  const copy = await copied(t);
  const server = await open(copy);
  assert.equal(server.warnings.length, 2, server.warnings.join('\n'));
  assert.match(
    server.warnings[0] ?? '',
    /^2 of the links in .*symlinks are files, probably after a copy without links/,
  );
  assert.ok(server.warnings[0]?.endsWith(`Run: aioc certificates repair '${copy.directory}'`));
  assert.match(
    reasonOf(await server.trusted(copy.alice)),
    /^the link to its certificate is a file.*Run: aioc certificates repair/,
  );
  assert.match(reasonOf(await server.trusted(copy.first)), /is a file/);
});

test('the repair makes links of them again, as Python reads them, and everybody is known as before', async (t) => {
  const copy = await copied(t);
  const files = readdirSync(copy.at(LINKS)).sort();
  const would = await repair(copy, true);
  assert.equal(would.done.length, 2);
  assert.ok(lstatSync(copy.at(LINKS, files[0] ?? '')).isFile(), 'a dry run does nothing');
  const { done, left } = await repair(copy);
  assert.deepEqual([done, left], [would.done, []]);
  assert.deepEqual(
    copy
      .links()
      .map(([, target]) => target)
      .sort(),
    ['../alice.pem', '../default.pem'],
  );
  assert.deepEqual(readdirSync(copy.at(LINKS)).sort(), files, 'under the same names, and nothing else');
  const server = await open(copy);
  assert.deepEqual(server.warnings, []);
  assert.deepEqual(await server.trusted(copy.alice), { who: 'client', name: 'alice' });
  assert.deepEqual(await server.trusted(copy.first), { who: 'default' });
  assert.deepEqual(await repair(copy).then((again) => [...again.done, ...again.left]), []);
});

test('the program does it, with 0 when all is in order and 1 when something is left', async (t) => {
  const copy = await copied(t);
  const run = (...options: string[]) =>
    runProgram(t, ['certificates', 'repair', copy.directory, ...options], tempDir(t));
  const dry = await run('--dry-run');
  assert.equal(dry.exitCode, 1);
  assert.match(dry.output, /^would do: .* \(a file\) by the link to (alice|default)\.pem$/m);
  const real = await run();
  assert.equal(real.exitCode, 0, real.output + real.errors);
  assert.match(real.output, /^done: .* by the link to alice\.pem$/m);
  assert.match((await run()).output, /: nothing to repair$/m);
  unlinkSync(copy.at(CLIENTS, 'alice.pem'));
  const gone = await run();
  assert.equal(gone.exitCode, 1);
  assert.match(gone.output, /^not repaired: .*alice\.pem is in the list, but missing or damaged: restore/m);
});

test('nobody comes to be trusted who was not: only what the list names, by its serial number', async (t) => {
  const copy = await copied(t);
  const other = await madeDirectory(t);
  const mallory = await (await open(other)).issue('mallory');
  // A file that somebody put among the links, and one under alice's name.
  writeFileSync(copy.at(CLIENTS, 'mallory.pem'), mallory.certificatePem);
  const hash = other.links().find(([, target]) => target === '../mallory.pem')?.[0] ?? '';
  writeFileSync(copy.at(LINKS, hash), mallory.certificatePem);
  const { left } = await repair(copy);
  assert.match(left.join('\n'), /matches no certificate in the list: it has no effect/);
  const server = await open(copy);
  assert.match(reasonOf(await server.trusted(derOf(mallory.certificatePem))), /is unknown/);
  writeFileSync(copy.at(CLIENTS, 'alice.pem'), mallory.certificatePem);
  const swapped = await repair(copy);
  assert.match(swapped.left.join('\n'), /alice\.pem is not the certificate in the list/);
  assert.match(reasonOf(await (await open(copy)).trusted(derOf(mallory.certificatePem))), /is unknown/);
});

test('a client whose certificate was deleted stays out, its file or not', async (t) => {
  const made = await madeDirectory(t);
  const server = await open(made);
  const bob = derOf((await server.issue('bob')).certificatePem);
  await server.remove('bob', { removeOnlySymlink: true });
  assert.deepEqual((await repair(made)).done, []);
  assert.match(reasonOf(await server.trusted(bob)), /is unknown or was deleted/);
});

test('links that rsync without -l or tar has left out are made again, the default one only by hand', async (t) => {
  const copy = await copied(t);
  rmSync(copy.at(LINKS), { recursive: true });
  await rejectsWith(
    open(copy),
    'AIOC_CERTIFICATES',
    /symlinks is missing\. The links were lost in a copy\. Run: aioc certificates repair/,
  );
  mkdirSync(copy.at(LINKS));
  const server = await open(copy);
  assert.match(
    server.warnings.join(),
    /no link in .* points to the certificates of alice, so they are rejected\. Run/,
  );
  assert.match(reasonOf(await server.trusted(copy.alice)), /^the link to alice\.pem is missing\. Run: aioc/);
  rmSync(copy.at(LINKS), { recursive: true });
  const { done, left } = await repair(copy);
  assert.match(done.join('\n'), /create .*symlinks\ncreate the link to alice\.pem/);
  assert.deepEqual(await (await open(copy)).trusted(copy.alice), { who: 'client', name: 'alice' });
  assert.match(
    left.join(),
    /no link points to default\.pem, and it is not in the list.*run: ln -s '\.\.\/default\.pem' '/,
  );
  const [, target = '', link = ''] = /ln -s '([^']+)' '([^']+)'/.exec(left.join()) ?? [];
  symlinkSync(target, link);
  assert.deepEqual((await repair(copy)).left, []);
});

test('absolute links to the old place, gaps and wrong modes are put right; dangling links are named', async (t) => {
  const copy = await copied(t);
  const [alices = '', firsts = ''] = ['alice', 'default'].map(
    (name) =>
      readdirSync(copy.at(LINKS)).find((file) =>
        derOf(readFileSync(copy.at(LINKS, file))).equals(name === 'alice' ? copy.alice : copy.first),
      ) ?? '',
  );
  unlinkSync(copy.at(LINKS, alices));
  symlinkSync(`/old/place/${CLIENTS}/alice.pem`, copy.at(LINKS, alices));
  renameSync(copy.at(LINKS, firsts), copy.at(LINKS, firsts.replace(/0$/, '3')));
  symlinkSync('../gone.pem', copy.at(LINKS, '01234567.0'));
  const key = copy.at('server/server-cert/server.key');
  chmodSync(key, 0o644);
  chmodSync(copy.at(LINKS), 0o777);
  const { done, left } = await repair(copy);
  assert.equal(readlinkSync(copy.at(LINKS, alices)), '../alice.pem');
  assert.equal(readlinkSync(copy.at(LINKS, firsts)), '../default.pem', 'no gap is before it');
  assert.equal(statSync(key).mode & 0o777, 0o600);
  assert.equal(statSync(copy.at(LINKS)).mode & 0o777, 0o775);
  assert.equal(done.length, 5, done.join('\n'));
  assert.match(left.join(), /01234567\.0 points to gone\.pem, whose hash is different/);
  const server = await open(copy);
  assert.deepEqual(await server.trusted(copy.alice), { who: 'client', name: 'alice' });
});

test('a list that is missing names nobody, and Windows’ line ends change nothing', async (t) => {
  const copy = await copied(t);
  for (const file of [MAP, `${CLIENTS}/alice.pem`, `${CLIENTS}/default.pem`]) {
    const text = readFileSync(copy.at(file), 'utf8');
    writeFileSync(copy.at(file), text.replaceAll('\n', '\r\n').replace('{', '{\r\n'));
  }
  assert.deepEqual((await repair(copy)).left, []);
  assert.deepEqual(await (await open(copy)).trusted(copy.alice), { who: 'client', name: 'alice' });
  unlinkSync(copy.at(MAP));
  const { left } = await repair(copy);
  assert.match(left.join(), /source_id_2_cert\.json is missing, so no client is known: restore/);
  assert.equal(existsSync(copy.at(MAP)), false, 'none is made');
});

test('what is no certificates directory is refused, and a client’s half has its keys put right', async (t) => {
  await rejectsWith(
    repair(testDirectory(tempDir(t))),
    'AIOC_CERTIFICATES',
    /has neither certificates of a server nor/,
  );
  const copy = await copied(t);
  rmSync(copy.at('server'), { recursive: true });
  const key = copy.at('client/client-certs/default.key');
  chmodSync(key, 0o640);
  assert.deepEqual((await repair(copy)).done, [`change the mode of ${key} from 640 to 600`]);
  assert.ok(join(copy.directory, 'certificates').length > 0);
});
