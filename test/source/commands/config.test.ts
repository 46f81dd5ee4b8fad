import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { configTemplates } from '../../../engine/index.ts';
import { runConfigCheck, runPrintConfigTemplates } from '../../../source/commands/config.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

function sinks() {
  const written = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof written) => ({
    write: (text: string): void => {
      written[name] += text;
    },
  });
  return { streams: { stdout: sink('stdout'), stderr: sink('stderr') }, written };
}

async function check(t: TestContext, text: string) {
  const file = join(tempDir(t), 'c.json');
  writeFileSync(file, text);
  const { streams, written } = sinks();
  const code = await runConfigCheck(file, streams);
  return { ...written, code, file };
}

test('a file without a fault is fine, with its warnings', async (t) => {
  const { code, stdout, stderr, file } = await check(t, '{"server_secure_tls": false}');
  assert.equal(code, 0);
  assert.equal(stderr, '');
  assert.deepEqual(stdout.split('\n'), [
    `${file}: OK, for a connector`,
    '  warning: not supported yet, ignored: server_secure_tls (aioc always requires TLS 1.2 or later)',
    '',
  ]);
});

test('a program’s file is checked as such', async (t) => {
  const { code, stdout, file } = await check(t, configTemplates().api);
  assert.equal(code, 0);
  assert.equal(stdout, `${file}: OK, for programs that use a connector\n`);
});

test('faults go to stderr, and the exit code is 1', async (t) => {
  const { code, stdout, stderr, file } = await check(t, '{"is_server": 5, "use_sll": true}');
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.ok(stderr.startsWith(`${file} has 2 faults:\n`), stderr);
  assert.match(stderr, /did you mean use_ssl\? aioc refuses misspelled security keys \[AIOC_CONFIG\]\n$/);
});

test('a directory too long for its sockets is a fault', async (t) => {
  const { code, stderr, file } = await check(t, `{"connector_files_dirpath": "/${'d'.repeat(90)}"}`);
  assert.equal(code, 1);
  assert.ok(stderr.startsWith(`${file}: `));
  assert.match(stderr, /shorter connector_files_dirpath.*\[AIOC_SOCKET_PATH\]\n$/);
});

test('the templates are printed', () => {
  const { streams, written } = sinks();
  assert.equal(runPrintConfigTemplates(streams), 0);
  const objects = written.stdout.match(/^\{$[\s\S]*?^\}$/gm) ?? [];
  assert.deepEqual([objects[0], objects[2]], [configTemplates().manager, configTemplates().api]);
  assert.ok(JSON.parse(objects[1] ?? '').any.target_directory);
});
