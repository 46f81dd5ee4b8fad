import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Daemon } from '../helpers/daemon.ts';
import { ExampleProgram } from '../helpers/example-program.ts';
import { freePort } from '../helpers/free-port.ts';
import { exampleOf } from '../helpers/page-tables.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { deadline } from '../helpers/wait-for.ts';

/** A folder in which the programs of the page find the library. */
function programsFolder(t: TestContext, ...names: string[]): string {
  const folder = tempDir(t);
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(import.meta.dirname, '../..'), join(folder, 'node_modules/aioc'));
  for (const name of names) writeFileSync(join(folder, name), exampleOf(name));
  return folder;
}

test('the programs of the library’s page that send many messages and take them as arrays', async (t) => {
  const folder = programsFolder(t, 'many.mjs', 'batches.mjs');
  const port = await freePort();
  for (const role of ['server', 'client']) {
    const directory = join(folder, role);
    mkdirSync(directory);
    const config = {
      ...{ is_server: role === 'server', server_sockaddr: ['127.0.0.1', port], use_ssl: false },
      ...{ connector_files_dirpath: directory, default_logger_dirpath: directory },
      ...(role === 'client' && { client_name: 'meter' }),
      ...{ send_message_types: ['measured'], recv_message_types: ['measured'] },
    };
    writeFileSync(join(folder, `${role}.json`), JSON.stringify(config));
    await new Daemon(t, ['--headless', join(folder, `${role}.json`)], folder).ready();
  }
  const taking = new ExampleProgram(t, join(folder, 'batches.mjs'), { folder, port });
  const sending = new ExampleProgram(t, join(folder, 'many.mjs'), { folder, port });
  assert.equal(await deadline(sending.ended, 40_000, 'the sender to end'), 0, sending.errors);
  assert.equal(sending.output, 'stored\n');
  assert.equal(await deadline(taking.ended, 40_000, 'the listener to end'), 0, taking.errors);
  assert.equal(taking.output, `5000 measured, ${(5_000 * 4_999) / 2} in sum\n`);
});

test('the program of the library’s page that attaches to a daemon sees its status, steers it, and ends', async (t) => {
  const folder = programsFolder(t, 'attach.mjs');
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
