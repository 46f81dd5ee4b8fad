import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { builtProgram } from '../helpers/built-program.ts';
import { ExampleProgram } from '../helpers/example-program.ts';
import { freePort } from '../helpers/free-port.ts';
import { packLibrary, typeCheck, unpackLibrary } from '../helpers/packed-library.ts';
import { exampleOf, LIBRARY_PAGE, pageText } from '../helpers/page-tables.ts';
import { PtySession } from '../helpers/pty-session.ts';
import { makeTempDir, removeDir, tempDir } from '../helpers/temp-dir.ts';
import { deadline } from '../helpers/wait-for.ts';

const ROOT = join(import.meta.dirname, '../..');
const SLOW = { timeoutMs: 30_000 };
const INSTALL_TIMEOUT_MS = 60_000;

/** Packing takes seconds: all tests install the same file. */
const packing = makeTempDir();
after(() => removeDir(packing));
let packed = '';
/** Where it lies as installed, for programs that use it as a library. */
const folder = join(packing, 'programs');
before(() => {
  packed = packLibrary(packing);
  unpackLibrary(packed, folder);
  writeFileSync(join(folder, 'package.json'), '{"name":"empty","private":true,"type":"module"}');
});

const PROGRAM = `import {
  AiocError, ConnectorAPI, ConnectorManager, ConnectorRemoteTool, createCertificates,
  type ConnectorManagerOptions, type ListenerMessage,
} from 'aioc';

const options: ConnectorManagerOptions = { isServer: true, connectorFilesDirpath: '/nowhere' };
const connector: ConnectorManager = new ConnectorManager(options);
const handle = async (message: ListenerMessage): Promise<void> => {
  const text: string = message.text();
  await message.reply(text);
};
const api: ConnectorAPI = connector.api();
export const parts = { handle, api, ConnectorRemoteTool, createCertificates };
connector.on('connected', ({ name }: { name: string }) => name);
try {
  // A client must say which server it calls.
  new ConnectorManager({ isServer: false });
} catch (error) {
  if (!(error instanceof AiocError)) throw error;
  const code: string = error.code;
  process.stdout.write(code);
}
`;

/** The same as JavaScript. */
const PLAIN = `import { AiocError, ConnectorManager, ConnectorAPI, ConnectorRemoteTool, createCertificates } from 'aioc';
const made = await createCertificates('certs');
if (![ConnectorAPI, ConnectorRemoteTool].every((part) => typeof part === 'function')) throw new Error('parts are missing');
try {
  new ConnectorManager({ isServer: false });
} catch (error) {
  process.stdout.write([error instanceof AiocError, error.code, made.clientPart].join(' '));
}
`;

const PAGE_PROGRAMS = ['server.mjs', 'client.mjs', 'many.mjs', 'batches.mjs', 'attach.mjs'];

test('the packed library has types for a TypeScript program and for those of its page, and finds a wrong one', () => {
  writeFileSync(join(folder, 'program.ts'), PROGRAM);
  writeFileSync(join(folder, 'wrong.ts'), PROGRAM.replace('isServer: true', "isServer: 'yes'"));
  const fromPage = PAGE_PROGRAMS.map((name) => name.replace('.mjs', '.mts'));
  PAGE_PROGRAMS.forEach((name, index) => {
    writeFileSync(join(folder, fromPage[index] ?? ''), exampleOf(name));
  });
  writeFileSync(
    join(folder, 'readme.mts'),
    /^```js\n([\s\S]*?)^```$/m.exec(pageText('README.md'))?.[1] ?? '',
  );
  assert.throws(
    () => typeCheck(folder, ['program.ts', 'wrong.ts', 'readme.mts', ...fromPage]),
    ({ stdout }: { stdout: string }) =>
      /^wrong\.ts.*TS2322/.test(stdout) && stdout.split('error TS').length === 2,
  );
});

test('a JavaScript program runs on the packed library', () => {
  writeFileSync(join(folder, 'plain.js'), PLAIN);
  const output = execFileSync(process.execPath, ['plain.js'], { cwd: folder, encoding: 'utf8' });
  assert.equal(output, `true AIOC_CONFIG ${join(folder, 'certs/certificates/client')}`);
});

test('packing makes the types', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
    scripts: Record<string, string>;
    exports: { '.': { types: string } };
  };
  assert.match(manifest.scripts['prepack'] ?? '', /build:types/);
  assert.equal(manifest.scripts['build:types'], 'tsc -p tsconfig.types.json');
  assert.match(manifest.exports['.'].types, /^\.\/dist\/types\//);
});

/** The shell line with which the page makes the certificates. */
function preparation(): string {
  const line = /^aioc create_certificates server && .*$/m.exec(pageText(LIBRARY_PAGE))?.[0];
  return line ?? assert.fail(`${LIBRARY_PAGE} does not make certificates`);
}

test('the two programs of the library’s page talk over mutual TLS and end by themselves', async (t) => {
  for (const name of PAGE_PROGRAMS) writeFileSync(join(folder, name), exampleOf(name));
  const line = preparation().replace(/^aioc/, '"$NODE" "$AIOC"');
  const env = { ...process.env, NODE: process.execPath, AIOC: builtProgram() };
  execFileSync('sh', ['-c', line], { cwd: folder, env, stdio: 'pipe' });
  const place = { folder, port: await freePort() };
  const server = new ExampleProgram(t, join(folder, 'server.mjs'), place);
  await server.prints('listening');
  const client = new ExampleProgram(t, join(folder, 'client.mjs'), place);
  const codes = await deadline(Promise.all([server.ended, client.ended]), 40_000, 'the programs to end');
  assert.deepEqual(
    { server: server.output + server.errors, client: client.output + client.errors, codes },
    {
      server: 'listening\nalice is here\nalice says: the mail has come\nalice answers: done: go home\n',
      client: 'you asked: how are you?\n',
      codes: [0, 0],
    },
  );
  assert.match(
    readFileSync(join(folder, 'client/aioconnectors.log'), 'utf8'),
    /received its own certificate/,
  );
});

/** Installs the packed program into an empty folder as its user does, with all scripts, but with no registry and no cache. */
function install(t: TestContext): string {
  const folder = tempDir(t);
  writeFileSync(join(folder, 'package.json'), '{"name":"empty","private":true}');
  const options = ['--offline', '--cache', tempDir(t), '--no-audit', '--no-fund'];
  const run = spawnSync('npm', ['install', ...options, packed], {
    cwd: folder,
    encoding: 'utf8',
    timeout: INSTALL_TIMEOUT_MS,
  });
  assert.equal(run.status, 0, run.stderr);
  return folder;
}

test('the packed program, installed in an empty folder, is one package without a script, and starts from any directory', async (t) => {
  const installed = install(t);
  const lock = JSON.parse(readFileSync(join(installed, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { hasInstallScript?: true }>;
  };
  assert.deepEqual(Object.keys(lock.packages), ['', 'node_modules/aioc']);
  assert.equal(lock.packages['node_modules/aioc']?.hasInstallScript, undefined);
  assert.deepEqual(
    readdirSync(join(installed, 'node_modules')).filter((name) => !name.startsWith('.')),
    ['aioc'],
  );
  const command = join(installed, 'node_modules/.bin/aioc');
  const elsewhere = join(installed, 'some where/else');
  mkdirSync(elsewhere, { recursive: true });
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  assert.equal(execFileSync(command, ['--version'], { cwd: elsewhere, encoding: 'utf8' }), `${version}\n`);
  const port = String(await freePort());
  await using session = PtySession.start({
    command,
    args: ['--bind_server_ip', '127.0.0.1', '--port', port],
    cwd: elsewhere,
    env: plantedTools(installed),
  });
  await session.waitFor(`aioc --target 127.0.0.1 --port ${port}`, SLOW);
  session.press('q');
  assert.deepEqual(await session.waitForExit(SLOW), { exitCode: 0, signal: 0 });
  assert.equal(existsSync(join(installed, 'loaded')), false);
});

/** A package that the program would load if DEV=true, which many developers set, made Ink load its development tools. */
function plantedTools(installed: string): Readonly<Record<string, string>> {
  const directory = join(installed, 'node_modules/react-devtools-core');
  mkdirSync(directory);
  writeFileSync(join(directory, 'package.json'), '{"name":"react-devtools-core","main":"index.js"}');
  const mark = JSON.stringify(join(installed, 'loaded'));
  writeFileSync(join(directory, 'index.js'), `require('node:fs').writeFileSync(${mark}, '');`);
  return { DEV: 'true' };
}
