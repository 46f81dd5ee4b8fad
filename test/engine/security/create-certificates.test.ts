import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readCertificate } from '../../../engine/security/certificate-facts.ts';
import { readStructure } from '../../../engine/security/certificate-structure.ts';
import { createCertificates } from '../../../engine/security/create-certificates.ts';
import { madeDirectory, random } from '../../helpers/certificates-directory.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const NOW = Date.UTC(2026, 5, 1);
const TREE = [
  '644 client/client-certs/default.pem',
  '600 client/client-certs/default.key',
  '644 client/server-cert/server.pem',
  '644 server/client-certs/default.pem',
  '644 server/csr_details_template.conf',
  '600 server/server-cert/server.key',
  '644 server/server-cert/server.pem',
].sort();

function filesOf(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return `${(statSync(path).mode & 0o777).toString(8)} ${path.slice(root.length + 1)}`;
    })
    .sort();
}

async function withUmask<T>(t: TestContext, mask: number, action: () => Promise<T>): Promise<T> {
  const before = process.umask(mask);
  t.after(() => process.umask(before));
  return action().finally(() => process.umask(before));
}

test('the tree is Python’s, keys are their owner’s alone and nothing is for others to write', async (t) => {
  const { at, links, directory } = await withUmask(t, 0, () => madeDirectory(t, NOW));
  assert.deepEqual(filesOf(at()), TREE);
  assert.deepEqual(readdirSync(directory), ['certificates'], 'nothing is left beside it');
  for (const path of ['', 'server', 'server/client-certs/symlinks', 'client/client-certs'])
    assert.equal(statSync(at(path)).mode & 0o022, 0, path);

  const first = readCertificate(readFileSync(at('client/client-certs/default.pem')));
  assert.deepEqual(links(), [[`${first.subjectHash}.0`, '../default.pem']]);
  const same = (a: string, b: string): void =>
    assert.equal(readFileSync(at(a), 'utf8'), readFileSync(at(b), 'utf8'));
  same('client/client-certs/default.pem', 'server/client-certs/default.pem');
  same('client/server-cert/server.pem', 'server/server-cert/server.pem');
  const server = readCertificate(readFileSync(at('server/server-cert/server.pem')));
  assert.equal(server.subjectHash, '16ae8728', 'C=US, O=company, as Python’s');
  for (const { der, notAfterMs } of [first, server]) {
    const { version, isLeaf } = readStructure(der);
    assert.deepEqual({ version, isLeaf }, { version: 3, isLeaf: true });
    assert.equal(notAfterMs, NOW + 3650 * 86_400_000);
  }
  assert.match(readFileSync(at('server/csr_details_template.conf'), 'utf8'), /\n\[subject\]\nC = US\n$/);
});

test('the default certificate is another in each directory', async (t) => {
  const [one, two] = [await madeDirectory(t), await madeDirectory(t)];
  assert.notDeepEqual(one.links(), two.links());
});

test('what is there already is not touched, not even by one who is a moment later', async (t) => {
  const directory = tempDir(t);
  const make = (): Promise<unknown> => createCertificates(directory, { random, wallNowMs: NOW });
  mkdirSync(join(directory, 'certificates'));
  const both = await Promise.allSettled([make(), make()]);
  assert.deepEqual(
    both.map(({ status }) => status).sort(),
    ['fulfilled', 'rejected'],
    'an empty one may be filled',
  );
  assert.deepEqual(readdirSync(directory), ['certificates']);
  const before = readFileSync(join(directory, 'certificates/server/server-cert/server.pem'));
  await rejectsWith(make(), 'AIOC_CERTIFICATES', /already exists and is not overwritten\. Move it away/);
  assert.deepEqual(readFileSync(join(directory, 'certificates/server/server-cert/server.pem')), before);
});

test('a place that cannot be used is named, and nothing is left there', async (t) => {
  const directory = tempDir(t);
  writeFileSync(join(directory, 'file'), '');
  const make = createCertificates(join(directory, 'file/inside'), { random, wallNowMs: NOW });
  await rejectsWith(make, 'AIOC_CERTIFICATES', /file\/inside\/certificates.*permissions/);
  writeFileSync(join(directory, 'certificates'), '');
  const blocked = createCertificates(directory, { random, wallNowMs: NOW });
  await rejectsWith(blocked, 'AIOC_CERTIFICATES', /certificates/);
  assert.deepEqual(readdirSync(directory).sort(), ['certificates', 'file']);
});
