import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeThirdParty } from '../../esbuild.third-party.mjs';
import { builtProgram } from '../helpers/built-program.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../..');
const DIST = dirname(builtProgram());

interface Bom {
  readonly specVersion: string;
  readonly metadata: { readonly component: { readonly name: string; readonly version: string } };
  readonly components: readonly {
    readonly 'bom-ref': string;
    readonly name: string;
    readonly version: string;
    readonly hashes: readonly { readonly alg: string; readonly content: string }[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const bomIn = (dist: string): Bom => JSON.parse(readFileSync(join(dist, 'sbom.cdx.json'), 'utf8')) as Bom;
const licencesIn = (dist: string): string => readFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), 'utf8');

/** The packages in the bundle as its source maps have them, which esbuild makes apart from what the bill is made of. */
function packagesOfMaps(): readonly string[] {
  const sources = readdirSync(DIST)
    .filter((name) => name.endsWith('.map'))
    .flatMap((name) => (JSON.parse(readFileSync(join(DIST, name), 'utf8')) as { sources: string[] }).sources);
  const directories = sources.map((source) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(source)?.[0]);
  const packages = [...new Set(directories)].flatMap((directory) => {
    if (directory === undefined) return [];
    const manifest = readFileSync(join(DIST, directory, 'package.json'), 'utf8');
    const { name, version } = JSON.parse(manifest) as { name: string; version: string };
    return [`${name} ${version}`];
  });
  return packages.sort();
}

test('the bill of materials lists every package in the bundle at its version, with the hash of the lock file', () => {
  const bom = bomIn(DIST);
  const listed = bom.components.map(({ name, version }) => `${name} ${version}`).sort();
  assert.ok(listed.length > 30, `${listed.length} packages`);
  assert.deepEqual(listed, packagesOfMaps());
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; integrity?: string }>;
  };
  const known = new Set(Object.values(packages).map(({ version, integrity }) => `${version} ${integrity}`));
  for (const { name, version, hashes } of bom.components) {
    const [hash] = hashes;
    const integrity = Buffer.from(hash?.content ?? '', 'hex').toString('base64');
    assert.ok(known.has(`${version} sha512-${integrity}`), name);
  }
});

test('each package in the bill is needed by aioc or by a package that aioc needs', () => {
  const bom = bomIn(DIST);
  const needs = new Map(bom.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const reached = new Set<string>();
  const visit = (ref: string): void => {
    if (reached.has(ref)) return;
    reached.add(ref);
    for (const next of needs.get(ref) ?? assert.fail(`${ref} has no entry`)) visit(next);
  };
  const { name, version } = bom.metadata.component;
  visit(`pkg:npm/${name}@${version}`);
  assert.deepEqual(
    bom.components.map((component) => component['bom-ref']).filter((ref) => !reached.has(ref)),
    [],
  );
});

test('the licence of every bundled package is in the package', () => {
  const text = licencesIn(DIST);
  for (const { name, version } of bomIn(DIST).components) {
    assert.match(text, new RegExp(`^${name} ${version.replaceAll('.', '\\.')} \\(.+\\)$`, 'm'));
  }
  assert.match(text, /Copyright \(c\) Vadym Demedes/i);
  assert.match(text, /Copyright \(c\) Meta Platforms, Inc\. and affiliates/);
});

interface Planted {
  readonly version?: string;
  readonly license?: string;
  readonly hasText?: boolean;
  /** Imported at run time. */
  readonly loads?: string;
}

/** Writes the third-party files of a bundle that contains one package. Returns its directory. */
function withPackage(t: TestContext, planted: Planted): string {
  const root = tempDir(t);
  const { version = '1.0.0', license = 'MIT', hasText = true, loads = 'node:fs' } = planted;
  const write = (path: string, content: object | string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
  };
  mkdirSync(join(root, 'dist'));
  write('package.json', {
    name: 'top',
    version: '2.0.0',
    license: 'MIT',
    description: '',
    devDependencies: {},
  });
  write('node_modules/esbuild/package.json', { version: '0.0.1' });
  write('node_modules/@some/part/package.json', { name: '@some/part', version });
  if (hasText) write('node_modules/@some/part/LICENSE', 'you may');
  const integrity = `sha512-${Buffer.alloc(64, 1).toString('base64')}`;
  const packages = { 'node_modules/@some/part': { version: '1.0.0', license, integrity } };
  write('package-lock.json', { packages });
  const input = { 'node_modules/@some/part/index.js': { bytesInOutput: 5 } };
  const imports = [{ path: loads, kind: 'import-statement' as const, external: true }];
  writeThirdParty({ 'dist/cli.js': { bytes: 5, inputs: input, imports, exports: [] } }, root);
  return join(root, 'dist');
}

test('a package that is not the one of the lock file, or may not be shipped, fails the build', (t) => {
  assert.deepEqual(
    bomIn(withPackage(t, {})).components.map((component) => component['bom-ref']),
    ['pkg:npm/%40some/part@1.0.0'],
  );
  assert.match(licencesIn(withPackage(t, {})), /^@some\/part 1\.0\.0 \(MIT\)\n\nyou may$/m);
  assert.throws(() => withPackage(t, { version: '1.0.1' }), /is 1\.0\.1, but package-lock\.json has 1\.0\.0/);
  assert.throws(() => withPackage(t, { license: 'GPL-3.0' }), /@some\/part has the licence GPL-3\.0/);
  assert.throws(() => withPackage(t, { hasText: false }), /has no licence file/);
  assert.ok(withPackage(t, { loads: './cli.js' }));
  assert.throws(() => withPackage(t, { loads: './other.js' }), /the bundle loads \.\/other\.js when it runs/);
  assert.throws(() => withPackage(t, { loads: 'left-pad' }), /the bundle loads left-pad when it runs/);
});
