/**
 * `npm run release [DIRECTORY]`: builds the package of the last commit twice, in different directories, with different
 * clocks and languages, each with packages that npm has checked against the lock file. If both are the same file, writes it
 * with its bill of materials and the SHA-512 of both into DIRECTORY (default: release).
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { differences, sha512 } from './pack.ts';

const ROOT = join(import.meta.dirname, '../..');
const BOM = 'dist/sbom.cdx.json';

interface Surroundings {
  /** Below the temporary directory. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

const SURROUNDINGS: readonly Surroundings[] = [
  { directory: 'a', env: { TZ: 'UTC', LC_ALL: 'C' } },
  { directory: 'another/directory with a space', env: { TZ: 'Pacific/Kiritimati', LC_ALL: 'C.UTF-8' } },
];

/** Builds and packs the last commit. Returns the path of the packed file. */
function pack(directory: string, env: Readonly<Record<string, string>>): string {
  mkdirSync(directory, { recursive: true });
  const archive = execFileSync('git', ['archive', '--format=tar', 'HEAD'], {
    cwd: ROOT,
    maxBuffer: 1024 * 1024 * 1024,
  });
  // Without the times of the archive: each copy has the time at which it was made.
  execFileSync('tar', ['-xmf', '-', '-C', directory], { input: archive });
  const options = { cwd: directory, env: { ...process.env, ...env }, encoding: 'utf8' } as const;
  const run = (...args: readonly string[]): string =>
    execFileSync('npm', args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
  // Scripts of packages are not needed, so they are not run.
  run('ci', '--ignore-scripts', '--prefer-offline', '--no-audit');
  run('run', 'build');
  run('run', 'build:types');
  const [{ filename }] = JSON.parse(run('pack', '--ignore-scripts', '--json')) as [{ filename: string }];
  return join(directory, filename);
}

/** The bill of materials that is in the package, with the hash of the package. */
function billOfMaterials(packed: string): string {
  const bom = JSON.parse(
    execFileSync('tar', ['-xzOf', packed, `package/${BOM}`], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    }),
  ) as { metadata: { component: object } };
  const hashes = [{ alg: 'SHA-512', content: sha512(packed) }];
  bom.metadata.component = { ...bom.metadata.component, hashes };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

function main(target: string): void {
  const changed = execFileSync('git', ['status', '--porcelain'], { cwd: ROOT, encoding: 'utf8' });
  if (changed !== '') throw new Error(`commit first; not committed:\n${changed}`);
  // The modes of the files are part of the package.
  process.umask(0o022);
  const temporary = mkdtempSync(join(tmpdir(), 'aioc-release-'));
  try {
    const [first = '', second = ''] = SURROUNDINGS.map(({ directory, env }) =>
      pack(join(temporary, directory), env),
    );
    if (sha512(first) !== sha512(second)) {
      const which = differences(first, second).join('\n  ') || 'the same files, packed differently';
      throw new Error(`two builds of the same commit differ:\n  ${which}`);
    }
    mkdirSync(target, { recursive: true });
    const name = basename(first);
    copyFileSync(first, join(target, name));
    const bom = name.replace(/\.tgz$/, '.cdx.json');
    writeFileSync(join(target, bom), billOfMaterials(first));
    const sums = [name, bom].map((file) => `${sha512(join(target, file))}  ${file}\n`).join('');
    writeFileSync(join(target, 'SHA512SUMS'), sums);
    process.stdout.write(
      `two builds are identical; in ${target}:\n${readFileSync(join(target, 'SHA512SUMS'), 'utf8')}`,
    );
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

try {
  main(resolve(process.argv[2] ?? join(ROOT, 'release')));
} catch (error) {
  process.stderr.write(`release: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
