import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { builtProgram } from '../helpers/built-program.ts';
import { freePort } from '../helpers/free-port.ts';
import { PtySession } from '../helpers/pty-session.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../..');
const SLOW = { timeoutMs: 30_000 };
const INSTALL_TIMEOUT_MS = 60_000;
/** What npm says when the registry, and not the package, is the trouble. */
const NO_REGISTRY = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED|ECONNRESET|network/;

/** Installs the packed program into an empty folder; the reason when npm cannot reach its registry. */
function install(t: TestContext): { folder: string } | { unreachable: string } {
  const folder = tempDir(t);
  // The program is built; packing must not build it again under the other tests.
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  writeFileSync(join(folder, 'package.json'), '{"name":"empty","private":true}');
  const options = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--fetch-retries=0'];
  const run = spawnSync('npm', ['install', ...options, `./${filename}`], {
    cwd: folder,
    encoding: 'utf8',
    timeout: INSTALL_TIMEOUT_MS,
  });
  if (run.status === 0) return { folder };
  const why = run.stderr.split('\n')[0] ?? '';
  if (run.error !== undefined || NO_REGISTRY.test(run.stderr))
    return { unreachable: why || String(run.error) };
  throw new Error(run.stderr);
}

test('the packed program, installed in an empty folder, starts from any directory', async (t) => {
  builtProgram();
  const installed = install(t);
  if ('unreachable' in installed) return t.skip(`npm cannot reach its registry: ${installed.unreachable}`);
  const command = join(installed.folder, 'node_modules/.bin/aioc');
  const elsewhere = join(installed.folder, 'some where/else');
  mkdirSync(elsewhere, { recursive: true });
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  assert.equal(execFileSync(command, ['--version'], { cwd: elsewhere, encoding: 'utf8' }), `${version}\n`);
  const port = String(await freePort());
  await using session = PtySession.start({
    command,
    args: ['--bind_server_ip', '127.0.0.1', '--port', port],
    cwd: elsewhere,
  });
  await session.waitFor(`aioc --target 127.0.0.1 --port ${port}`, SLOW);
  session.press('q');
  await session.waitFor('Quit aioc?');
  session.press('right', 'enter');
  assert.deepEqual(await session.waitForExit(SLOW), { exitCode: 0, signal: 0 });
});
