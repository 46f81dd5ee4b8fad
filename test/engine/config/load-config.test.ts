import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { findJsonFault } from '../../../engine/config/json-fault.ts';
import { loadConfig } from '../../../engine/config/load-config.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

function fileWith(t: TestContext, text: string | Buffer): string {
  const file = join(tempDir(t), 'c.json');
  writeFileSync(file, text);
  return file;
}

const load = (file: string): Promise<unknown> => loadConfig({ file, role: 'manager' });

test('the file wins over the arguments, as in Python, or the other way round on request', async (t) => {
  const file = fileWith(t, '{"client_name": "file", "connect_timeout": null}');
  const said = { client_name: 'args', connect_timeout: 3, max_certs: 7, silent: undefined };
  const { config } = await loadConfig({ file, arguments: said, role: 'manager' });
  assert.equal(config.client_name, 'file');
  assert.equal(config.connect_timeout, 10, 'null in the file speaks, too');
  assert.equal(config.max_certs, 7);
  const turned = await loadConfig({ file, arguments: said, argumentsWin: true, role: 'manager' });
  assert.equal(turned.config.client_name, 'args');
  assert.equal(turned.config.connect_timeout, 3);
  assert.equal((await loadConfig({ arguments: said, role: 'manager' })).config.client_name, 'args');
});

test('a fault tells whether it comes from the file or the arguments', async (t) => {
  const file = fileWith(t, '{"silent": 5}');
  const error = await rejectsWith(
    loadConfig({ file, arguments: { max_certs: 'x', silent: true }, role: 'manager' }),
    'AIOC_CONFIG',
    /max_certs: got "x"; .*\(it comes from the program's arguments\)/,
  );
  assert.match(error.message, /silent: got 5; [^(]*$/m);
  await rejectsWith(
    loadConfig({ arguments: { max_certs: 'x' }, role: 'manager' }),
    'AIOC_CONFIG',
    /^arguments: max_certs/,
  );
});

test('a file that cannot be used is named with the reason', async (t) => {
  const directory = tempDir(t);
  await rejectsWith(load(join(directory, 'gone.json')), 'AIOC_CONFIG', /gone\.json: no such file/);
  await rejectsWith(load(directory), 'AIOC_CONFIG', /it is a directory/);
  await rejectsWith(load('/dev/null'), 'AIOC_CONFIG', /not a regular file/);
  await rejectsWith(load(fileWith(t, ' '.repeat(2_000_000))), 'AIOC_CONFIG', /has 2000000 bytes/);
  await rejectsWith(load(fileWith(t, '[1]')), 'AIOC_CONFIG', /contains \[1\]; a configuration is an object/);
  await rejectsWith(load(fileWith(t, 'null')), 'AIOC_CONFIG', /contains null/);
  const secret = fileWith(t, '{}');
  chmodSync(secret, 0);
  if (process.getuid?.() !== 0) await rejectsWith(load(secret), 'AIOC_CONFIG', /permission denied/);
  assert.ok(await load(fileWith(t, '\uFEFF{}')));
});

test('what is not JSON is shown by line and column', async (t) => {
  for (const [text, place] of [
    ['{\n  "client_name": "x",\n}', /line 3, column 1: expected a name in double quotes, found "}"/],
    ["{'a': 1}", /line 1, column 2: expected a name in double quotes or }, found a single quote/],
    ['', /line 1, column 1: expected a value, found the end of the file/],
    ['{"a": True}', /line 1, column 7: expected a value, found "True"/],
    ['{"a": 1 "b": 2}', /line 1, column 9: expected "," or }, found a string .*/],
    ['{"a": [1, ]}', /line 1, column 11: expected a value, found "\]"/],
    ['// x\n{}', /line 1, column 1: .*found a comment/],
    ['{} {}', /line 1, column 4: expected the end of the file, found "{"/],
    ['{"a": "x\n"}', /line 1, column 7: .*found a string that is unterminated/],
  ] as const) {
    await rejectsWith(load(fileWith(t, text)), 'AIOC_CONFIG', place);
  }
});

test('a fault is found in a text exactly when it is not JSON', () => {
  const text = fc.oneof(
    fc.json().chain((json) =>
      fc.tuple(fc.nat(json.length), fc.nat(3), fc.string({ maxLength: 2 })).map(([at, cut, put]) => {
        return json.slice(0, at) + put + json.slice(at + cut);
      }),
    ),
    fc.string(),
    fc.json(),
  );
  let faults = 0;
  fc.assert(
    fc.property(text, (json) => {
      let isJson = true;
      try {
        JSON.parse(json);
      } catch {
        isJson = false;
        faults += 1;
      }
      assert.equal(findJsonFault(json) === undefined, isJson, json);
    }),
    { numRuns: 1_000 },
  );
  assert.ok(faults > 500, `${faults}`);
});

test('deep nesting ends in a fault, not in a crash', async (t) => {
  await rejectsWith(load(fileWith(t, `${'['.repeat(400_000)}`)), 'AIOC_CONFIG', /line 1, column 400001/);
  await rejectsWith(load(fileWith(t, `${'['.repeat(300_000)}${']'.repeat(300_000)}`)), 'AIOC_CONFIG', /./);
  await rejectsWith(
    load(fileWith(t, `{"a": "${'x'.repeat(900_000)}\\q"}`)),
    'AIOC_CONFIG',
    /line 1, column 7/,
  );
});
