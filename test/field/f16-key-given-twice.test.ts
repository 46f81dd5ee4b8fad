import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findDoubleNames } from '../../engine/config/json-fault.ts';
import { loadConfig } from '../../engine/index.ts';
import { ServerCertificates } from '../../engine/security/server-certificates.ts';
import { madeDirectory, random } from '../helpers/certificates-directory.ts';
import { runProgram } from '../helpers/daemon.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { tempDir } from '../helpers/temp-dir.ts';

function fileWith(t: TestContext, text: string): string {
  const file = join(tempDir(t), 'c.json');
  writeFileSync(file, text);
  return file;
}

const load = (t: TestContext, text: string): Promise<unknown> =>
  loadConfig({ file: fileWith(t, text), role: 'manager' });

test('a key that a configuration gives twice is refused, with both lines', async (t) => {
  const text = '{\n  "use_ssl": true,\n  "silent": true,\n  "use_ssl": false\n}\n';
  await rejectsWith(
    load(t, text),
    'AIOC_CONFIG',
    /c\.json: use_ssl occurs twice, on lines 2 and 4: keep one$/,
  );
});

test('the daemon and config check say so', async (t) => {
  const file = fileWith(t, '{\n"use_ssl": true,\n"use_ssl": false}');
  for (const args of [
    ['--headless', file],
    ['config', 'check', file],
  ]) {
    const { exitCode, errors } = await runProgram(t, args, tempDir(t));
    assert.equal(exitCode, 1);
    assert.match(errors, /use_ssl occurs twice, on lines 2 and 3.*\[AIOC_CONFIG\]/);
  }
});

test('a key that a table inside gives twice, in any spelling, is refused with the way to it', async (t) => {
  const inside = '{"file_recv_config": {"any": {"target_directory": "/a",\n"target_\\u0064irectory": "/b"}}}';
  await rejectsWith(
    load(t, inside),
    'AIOC_CONFIG',
    /: file_recv_config\.any\.target_directory occurs twice, on lines 1 and 2/,
  );
  await rejectsWith(
    load(t, '{"silent": 1, "silent": 0, "silent": 1}'),
    'AIOC_CONFIG',
    /silent occurs 3 times on line 1/,
  );
  await rejectsWith(
    load(t, '{"__proto__": 1,\r\n"__proto__": 2}'),
    'AIOC_CONFIG',
    /__proto__ occurs twice, on lines 1 and 2/,
  );
  const lists = '{"a": [{"x": 1}, {"x": 1, "y": {"x": 1}}], "b": {"x": 1}}';
  assert.deepEqual(findDoubleNames(lists), [], 'the same name in different objects');
});

test('a key like __proto__ is an unknown key like others, and nothing that is no object is taken', async (t) => {
  const { config, unknownKeys } = await loadConfig({
    file: fileWith(t, '{"__proto__": {"use_ssl": false}, "constructor": 1}'),
    role: 'manager',
  });
  assert.equal(config.use_ssl, true);
  assert.deepEqual(unknownKeys, ['__proto__', 'constructor']);
  await rejectsWith(load(t, '["use_ssl"]'), 'AIOC_CONFIG', /a configuration is an object/);
  await rejectsWith(load(t, '{\n"silent": true,\n}'), 'AIOC_CONFIG', /line 3, column 1: .*found "}"/);
  await rejectsWith(load(t, '{\n// it\n}'), 'AIOC_CONFIG', /line 2, column 1: .*found a comment/);
});

test('a list of clients that names one of them twice, or is no JSON, is refused with the lines', async (t) => {
  const { directory, at } = await madeDirectory(t);
  const options = { directory, random, wallNow: () => Date.now() };
  const map = (names: string): void =>
    writeFileSync(
      at('server/client-certs/source_id_2_cert.json'),
      `\uFEFF{"source_id_2_cert": {\r\n${names}},\r\n"cert_2_source_id": {}}`,
    );
  map('"alice": "01",\r\n"alice": "02"');
  await rejectsWith(
    ServerCertificates.open(options),
    'AIOC_CERTIFICATES',
    /source_id_2_cert\.json is damaged: source_id_2_cert\.alice occurs twice, on lines 2 and 3/,
  );
  map('"alice": "01",');
  await rejectsWith(
    ServerCertificates.open(options),
    'AIOC_CERTIFICATES',
    /json is damaged: invalid JSON at line 2, column 15: expected a name/,
  );
  map('"alice": "01"');
  assert.ok(await ServerCertificates.open(options), `a byte order mark says nothing: ${directory}`);
});
