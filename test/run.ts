/**
 * Runs the tests whose paths contain one of the arguments, or all. Node 20's `--test` takes no glob, so the files are
 * listed here. `interop/` needs Python and has its own command.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleTests } from './helpers/bundle-tests.ts';
import { reportChecklist } from './helpers/checklist.ts';
import { globSync } from './helpers/glob.ts';
import { testGroups } from './helpers/test-groups.ts';
import { BUNDLES_VARIABLE, testPrograms } from './helpers/test-program.ts';

/** A test that hangs would otherwise hold everything up for ever: each process is ended after this long, and fails. */
const FILE_TIMEOUT_MS = 5 * 60_000;
/** The matrix with Python alone may take this long. */
const INTEROP_FILE_TIMEOUT_MS = 15 * 60_000;

/** Two more than the two processors that CI has: some tests wait for the clock or for a program. */
const CONCURRENCY = 4;

const IN_MEMORY = '/dev/shm';
/** Of tests that run at the same time. */
const TEMPORARY_BYTES = 4 * 1024 ** 3;

/** Keys made in this run are used again: making them took half of the time of the tests about certificates. */
const KEY_POOL = new URL('./helpers/key-pool.mjs', import.meta.url).href;
/** Notes which tests have run, for the checklist of attacks. */
const RAN_TESTS = new URL('./helpers/ran-tests.mjs', import.meta.url).href;

/**
 * Writes what each process runs, a group of test files or a single one, and in which order: Node sorts by name. Groups need
 * the processor all the time, and most others wait: groups come evenly among them.
 *
 * @param directory that of the bundles
 */
function writeQueue(directory: string, files: readonly string[]): readonly string[] {
  const groups = testGroups(files, (file) => readFileSync(file, 'utf8'));
  const grouped = new Set(groups.flat());
  const alone = files.filter((file) => !grouped.has(file)).map((file) => [file]);
  const evenly = (all: readonly (readonly string[])[]) =>
    all.map((members, index) => ({ members, place: (index + 1) / (all.length + 1) }));
  const queue = [...evenly(groups), ...evenly(alone)].sort((one, other) => one.place - other.place);
  mkdirSync(join(directory, 'queue'));
  return queue.map(({ members }, index) => {
    const what = members.length === 1 ? members[0]?.replace(/\W+/g, '-') : 'group';
    const path = join(directory, 'queue', `${String(index + 1).padStart(3, '0')}-${what}.mjs`);
    const bundles = members.map((file) => `import '../${file.replace(/\.tsx?$/, '.mjs')}';\n`);
    writeFileSync(path, bundles.join(''));
    return path;
  });
}

/**
 * In memory where the system has a place for files there, and room for those of all tests: they make and remove some
 * hundred thousand, and sync many of them. What they check is what the program asks of a disk, not the disk.
 */
function placeOfTemporaryFiles(): string {
  if (process.env['TMPDIR'] !== undefined || !existsSync(IN_MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(IN_MEMORY);
  return bavail * bsize >= TEMPORARY_BYTES ? IN_MEMORY : tmpdir();
}

const filters = process.argv.slice(2);
const files = globSync('test', /\.test\.tsx?$/).filter((file) =>
  filters.length === 0 ? !file.includes('/interop/') : filters.some((filter) => file.includes(filter)),
);
if (files.length === 0) {
  console.error(`No test file matches ${filters.join(' ')}`);
  process.exit(1);
}
const timeoutMs = filters.includes('interop') ? INTEROP_FILE_TIMEOUT_MS : FILE_TIMEOUT_MS;
const bundles = await bundleTests([...files, ...testPrograms()]);
const temporary = placeOfTemporaryFiles();
const keys = mkdtempSync(join(temporary, 'aioc-test-keys-'));
// Programs of another user take keys from there too.
chmodSync(keys, 0o755);
const ranTestsPath = join(keys, 'ran-tests');
try {
  const run = spawnSync(
    process.execPath,
    [
      '--enable-source-maps',
      '--test',
      `--test-concurrency=${CONCURRENCY}`,
      `--test-timeout=${timeoutMs}`,
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      `--test-reporter=${RAN_TESTS}`,
      `--test-reporter-destination=${ranTestsPath}`,
      ...writeQueue(bundles, files),
    ],
    // The development build of React checks more; a pane must pass those checks too.
    {
      stdio: 'inherit',
      env: {
        ...process.env,
        NODE_ENV: 'test',
        // Each of some four hundred processes would read these certificates; only npm needs them.
        NODE_EXTRA_CA_CERTS: '',
        AIOC_TEST_CA_CERTS: process.env['NODE_EXTRA_CA_CERTS'] ?? '',
        AIOC_TEST_KEYS: keys,
        TMPDIR: temporary,
        [BUNDLES_VARIABLE]: bundles,
        NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import ${KEY_POOL}`,
      },
    },
  );
  process.exitCode = run.status ?? 1;
  if (!reportChecklist(files, ranTestsPath)) process.exitCode = 1;
} finally {
  rmSync(bundles, { recursive: true, force: true });
  rmSync(keys, { recursive: true, force: true });
}
