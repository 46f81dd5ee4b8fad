import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Daemon } from '../helpers/daemon.ts';
import { ExampleProgram } from '../helpers/example-program.ts';
import { freePort } from '../helpers/free-port.ts';
import { exampleOf } from '../helpers/page-tables.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { deadline } from '../helpers/wait-for.ts';

test('the program of the library’s page that attaches to a daemon sees its status, steers it, and ends', async (t) => {
  const folder = tempDir(t);
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(import.meta.dirname, '../..'), join(folder, 'node_modules/aioc'));
  writeFileSync(join(folder, 'attach.mjs'), exampleOf('attach.mjs'));
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
