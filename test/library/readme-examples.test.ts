import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { builtProgram } from '../helpers/built-program.ts';
import { Daemon } from '../helpers/daemon.ts';
import { ExampleProgram } from '../helpers/example-program.ts';
import { freePort } from '../helpers/free-port.ts';
import { typeCheck, unpackLibrary } from '../helpers/packed-library.ts';
import { sectionOf } from '../helpers/readme-tables.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { deadline } from '../helpers/wait-for.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** The code between the markers, without its fence. */
function example(name: string): string {
  const code = /^```js\n([\s\S]*)```$/.exec(sectionOf(readme, `example ${name}`) ?? '')?.[1];
  return code ?? assert.fail(`the README has no example ${name}`);
}

/** The shell line with which the README makes the certificates. */
function preparation(): string {
  const line = /^aioc create_certificates server && .*$/m.exec(readme)?.[0];
  return line ?? assert.fail('the README does not make certificates');
}

test('the two programs of the README, as they stand there, talk over mutual TLS and end by themselves', async (t) => {
  const folder = tempDir(t);
  unpackLibrary(folder);
  for (const name of ['server.mjs', 'client.mjs', 'attach.mjs']) {
    writeFileSync(join(folder, name), example(name));
    writeFileSync(join(folder, name.replace('.mjs', '.mts')), example(name));
  }
  typeCheck(folder, ['server.mts', 'client.mts', 'attach.mts']);
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
  assert.match(readFileSync(join(folder, 'client/aioconnectors.log'), 'utf8'), /a certificate of our own/);
});

test('the program of the README that attaches to a daemon sees its status, steers it, and ends', async (t) => {
  const folder = tempDir(t);
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(import.meta.dirname, '../..'), join(folder, 'node_modules/aioc'));
  writeFileSync(join(folder, 'attach.mjs'), example('attach.mjs'));
  const port = await freePort();
  const places = { connector_files_dirpath: folder, default_logger_dirpath: folder };
  const config = { ...places, is_server: true, server_sockaddr: ['127.0.0.1', port], use_ssl: false };
  writeFileSync(join(folder, 'server.json'), JSON.stringify(config));
  const daemon = new Daemon(t, ['--headless', join(folder, 'server.json')], folder);
  await daemon.ready();
  const program = new ExampleProgram(t, join(folder, 'attach.mjs'), { folder, port });
  assert.equal(await deadline(program.ended, 20_000, 'the program to end'), 0, program.errors);
  assert.match(program.output, /pane: 'status'/);
  assert.match(program.output, /\{ ok: true, value: null }\n$/);
  assert.match(readFileSync(join(folder, 'aioconnectors.log'), 'utf8'), /ignoring all peers/);
});
