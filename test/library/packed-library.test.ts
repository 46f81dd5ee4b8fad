import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { typeCheck, unpackLibrary } from '../helpers/packed-library.ts';
import { tempDir } from '../helpers/temp-dir.ts';

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

test('the packed library has types for a TypeScript program, and a JavaScript program runs on it', (t) => {
  const folder = tempDir(t);
  unpackLibrary(folder);
  writeFileSync(join(folder, 'package.json'), '{"name":"empty","private":true,"type":"module"}');
  writeFileSync(join(folder, 'program.ts'), PROGRAM);
  writeFileSync(join(folder, 'wrong.ts'), PROGRAM.replace('isServer: true', "isServer: 'yes'"));
  assert.throws(
    () => typeCheck(folder, ['program.ts', 'wrong.ts']),
    ({ stdout }: { stdout: string }) =>
      /^wrong\.ts.*TS2322/.test(stdout) && stdout.split('error TS').length === 2,
  );
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
