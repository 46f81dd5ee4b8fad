import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { configuredPair } from '../helpers/configured-connectors.ts';
import { startPythonPair } from '../helpers/python-pair.ts';
import { findPython } from '../helpers/python-peer.ts';
import { PythonProgram } from '../helpers/python-program.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const LATIN = Buffer.from('/caf\xe9.txt', 'latin1');

test('a Python program sends a file whose name is not UTF-8 over aioc connectors', async (t) => {
  const found = await findPython();
  if ('unavailable' in found) return t.skip(found.unavailable);
  const [files, kept] = [tempDir(t), tempDir(t)];
  writeFileSync(Buffer.concat([Buffer.from(files), LATIN]), 'coffee');
  const { client } = await configuredPair(t, 'plain', {
    file_recv_config: { any: { target_directory: kept, owner: null, override_existing: false } },
    everybody_can_send_messages: false,
  });
  const program = new PythonProgram(t, found, client.configPath);
  // As os.listdir has it.
  const name = 'caf\udce9.txt';
  const withFile = { src_path: join(files, name), dst_type: 'any', dst_name: name, delete: false };
  assert.equal(await program.do('send', { data: 'x', message_type: 'any', with_file: withFile }), true);
  const path = join(kept, 'caf_.txt');
  await waitFor(() => existsSync(path), { what: 'the file' });
  assert.equal(readFileSync(path, 'utf8'), 'coffee');
});

test('our library sends a file whose name is not UTF-8 over a Python connector', async (t) => {
  const found = await findPython();
  if ('unavailable' in found) return t.skip(found.unavailable);
  const files = tempDir(t);
  writeFileSync(Buffer.concat([Buffer.from(files), LATIN]), 'coffee');
  const { client, server } = await startPythonPair(t, found);
  const told: string[] = [];
  const withFile = {
    srcPath: join(files, 'caf\ufffd.txt'),
    dstType: 'any',
    onRenamed: (as: string) => told.push(as),
  };
  await client.api.send({ messageType: 'event', data: 'x', withFile });
  const path = join(server.received, 'caf_.txt');
  await waitFor(() => existsSync(path), { what: 'the file' });
  assert.equal(readFileSync(path, 'utf8'), 'coffee');
  assert.deepEqual(told, ['caf_.txt']);
});
