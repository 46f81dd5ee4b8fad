// What the bundle contains of other packages: their licences and a bill of materials, made from what esbuild put into it.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';

/** Licences that let aioc ship the code under its own licence, with their texts beside it. */
const ALLOWED = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD']);
const LICENCE_FILE = /^(licen[cs]e|copying|notice)(\.(md|txt))?$/i;
/** Packages without a licence file, and the package whose file has the text and the owner that their sources name. */
const SAME_LICENCE_AS = { 'yoga-layout': 'react' };

/**
 * Writes `THIRD-PARTY-LICENSES.txt` and `sbom.cdx.json` (CycloneDX 1.6) into the directory of the bundle. The same sources
 * and packages give the same bytes.
 *
 * @param outputs what esbuild says of the files of the bundle
 * @param root the checkout
 * @throws Error if the bundle loads a package at run time, or a package is not the one of the lock file or has a licence
 * that is not allowed
 */
export function writeThirdParty(outputs, root) {
  const packages = bundledPackages(outputs, root);
  const dist = join(root, 'dist');
  writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), licences(packages));
  writeFileSync(join(dist, 'sbom.cdx.json'), `${JSON.stringify(billOfMaterials(packages, root), null, 2)}\n`);
}

/** The packages of which the bundle has at least a byte, by name. */
function bundledPackages(allOutputs, root) {
  const outputs = Object.values(allOutputs);
  const loaded = outputs.flatMap(({ imports }) => imports.filter(({ external }) => external));
  const isFile = (path) => path.startsWith('./') && `dist/${path.slice(2)}` in allOutputs;
  const packages = loaded.map(({ path }) => path).filter((path) => !isBuiltin(path) && !isFile(path));
  if (packages.length > 0) throw new Error(`the bundle loads ${packages.join(', ')} when it runs`);
  const used = new Set(
    outputs
      .flatMap(({ inputs }) => Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0))
      .map(([input]) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1])
      .filter((path) => path !== undefined),
  );
  const lock = readJson(root, 'package-lock.json').packages;
  return [...used].sort().map((path) => describe(root, path, lock));
}

function describe(root, path, lock) {
  const { name, version } = readJson(root, path, 'package.json');
  const locked = lock[path];
  if (locked?.version !== version)
    throw new Error(`${path} is ${version}, but package-lock.json has ${locked?.version}: run npm ci`);
  const licence = locked.license?.replace(/^\((.*)\)$/, '$1') ?? 'none';
  if (!licence.split(' OR ').some((one) => ALLOWED.has(one)))
    throw new Error(`${name} has the licence ${licence}, which is not in esbuild.third-party.mjs`);
  const needs = Object.keys({ ...locked.dependencies, ...locked.peerDependencies });
  return {
    name,
    version,
    path,
    licence,
    licenceText: licenceText(root, path, name),
    purl: packageUrl(name, version),
    sha512: Buffer.from(locked.integrity.replace(/^sha512-/, ''), 'base64').toString('hex'),
    needs: needs.map((need) => resolved(path, need, lock)).filter((found) => found !== undefined),
  };
}

function licenceText(root, path, name) {
  const directory = join(root, name in SAME_LICENCE_AS ? `node_modules/${SAME_LICENCE_AS[name]}` : path);
  const files = readdirSync(directory).filter((file) => LICENCE_FILE.test(file));
  if (files.length === 0) throw new Error(`${path} has no licence file`);
  return files
    .sort()
    .map((file) => readFileSync(join(directory, file), 'utf8').replaceAll('\r\n', '\n').trim())
    .join('\n\n');
}

/** Where Node finds a package that another one imports: in its own `node_modules`, or in one above it. */
function resolved(from, name, lock) {
  for (let at = from; ; at = at.slice(0, Math.max(at.lastIndexOf('/node_modules/'), 0))) {
    const path = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (path in lock) return path;
    if (at === '') return undefined;
  }
}

function licences(packages) {
  const holders = new Map();
  for (const { name, version, licence, licenceText } of packages) {
    holders.set(licenceText, [...(holders.get(licenceText) ?? []), `${name} ${version} (${licence})`]);
  }
  const parts = [...holders].map(([text, names]) => `${'-'.repeat(80)}\n${names.join('\n')}\n\n${text}\n`);
  return `The JavaScript files of aioc contain the following packages.\n\n${parts.join('\n')}`;
}

function billOfMaterials(packages, root) {
  const { name, version, license, description, devDependencies } = readJson(root, 'package.json');
  const purlOf = new Map(packages.map((one) => [one.path, one.purl]));
  const purlsOf = (paths) => paths.flatMap((path) => purlOf.get(path) ?? []).sort();
  const own = packageUrl(name, version);
  const direct = Object.keys(devDependencies).map((dependency) => `node_modules/${dependency}`);
  const components = packages.map((one) => ({
    type: 'library',
    'bom-ref': one.purl,
    name: one.name,
    version: one.version,
    scope: 'required',
    hashes: [{ alg: 'SHA-512', content: one.sha512 }],
    licenses: [/ /.test(one.licence) ? { expression: one.licence } : { license: { id: one.licence } }],
    purl: one.purl,
  }));
  const esbuild = readJson(root, 'node_modules/esbuild/package.json').version;
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify([own, components]))}`,
    version: 1,
    metadata: {
      lifecycles: [{ phase: 'build' }],
      tools: { components: [{ type: 'application', name: 'esbuild', version: esbuild }] },
      component: {
        type: 'application',
        'bom-ref': own,
        name,
        version,
        description,
        licenses: [{ license: { id: license } }],
        purl: own,
      },
    },
    components,
    dependencies: [
      { ref: own, dependsOn: purlsOf(direct) },
      ...packages.map(({ purl, needs }) => ({ ref: purl, dependsOn: purlsOf(needs) })),
    ],
  };
}

function packageUrl(name, version) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** The same text has the same UUID (version 8, RFC 9562). */
function uuidOf(text) {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = '89ab'[Number.parseInt(hex[16], 16) % 4];
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-');
}

function readJson(...path) {
  return JSON.parse(readFileSync(join(...path), 'utf8'));
}
