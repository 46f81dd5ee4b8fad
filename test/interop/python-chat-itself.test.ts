import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../helpers/free-port.ts';
import type { PtySession } from '../helpers/pty-session.ts';
import {
  findPython,
  PYTHON_PROMPT,
  pythonLine,
  startPythonChat,
  waitForStalling,
} from '../helpers/python-peer.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/** A Python server and a Python client: what they show each other is what aioc is measured by. */
test('two Python chats exchange text, files and a directory', { timeout: 120_000 }, async (t) => {
  const python = await findPython();
  if ('unavailable' in python) return t.skip(python.unavailable);
  const [serverDir, clientDir] = [tempDir(t), tempDir(t)];
  const place = { host: '127.0.0.1', port: await freePort() };
  await using server = startPythonChat(python, { role: 'server', cwd: serverDir, ...place });
  await server.waitFor(`port ${place.port}`);
  await server.waitFor(PYTHON_PROMPT.trimEnd());
  await using client = startPythonChat(python, { role: 'client', cwd: clientDir, ...place });
  await client.waitFor('Connected !');
  await server.waitFor(/Accept client \('127\.0\.0\.1', \d+\) \? y\/n/);
  enter(server, 'y');

  enter(client, 'grüße from the client');
  await waitForStalling(server, pythonLine('grüße from the client'));
  enter(server, 'hello from the server');
  await client.waitFor(pythonLine('hello from the server'));

  await sendFiles({ server, client, serverDir, clientDir });

  enter(server, '!dezip chat_client/photos.zip');
  await server.waitFor(() => existsSync(join(serverDir, 'chat_client/photos/one.txt')), {
    what: 'the unzipped file',
  });

  enter(client, '!exit');
  assert.equal((await client.waitForExit()).exitCode, 0);
  assert.match(client.screenText(), /Connector stopped !/);
});

interface Chats {
  readonly server: PtySession;
  readonly client: PtySession;
  readonly serverDir: string;
  readonly clientDir: string;
}

async function sendFiles({ server, client, serverDir, clientDir }: Chats): Promise<void> {
  writeFileSync(join(clientDir, 'up.bin'), Buffer.alloc(300_000, 'up'));
  writeFileSync(join(serverDir, 'down.bin'), Buffer.alloc(300_000, 'down'));
  mkdirSync(join(clientDir, 'photos'));
  writeFileSync(join(clientDir, 'photos/one.txt'), 'one');

  enter(client, '!upload up.bin');
  await waitForStalling(server, 'Receiving up.bin');
  assert.deepEqual(
    readFileSync(join(serverDir, 'chat_client/up.bin')),
    readFileSync(join(clientDir, 'up.bin')),
  );

  const first = readFileSync(join(serverDir, 'chat_client/up.bin'));
  writeFileSync(join(clientDir, 'up.bin'), 'another of the same name');
  enter(client, '!upload up.bin');
  await waitForStalling(server, /Receiving up\.bin[\s\S]*Receiving up\.bin/);
  assert.deepEqual(readFileSync(join(serverDir, 'chat_client/up.bin')), first, 'the first stays, in silence');

  enter(server, '!upload down.bin');
  await client.waitFor('Receiving down.bin');
  assert.deepEqual(readFileSync(join(clientDir, 'down.bin')), readFileSync(join(serverDir, 'down.bin')));

  enter(client, '!upload photos');
  await waitForStalling(server, 'Receiving photos.zip');
  assert.ok(existsSync(join(serverDir, 'chat_client/photos.zip')));
}

function enter(session: PtySession, line: string): void {
  session.type(line);
  session.press('enter');
}
