import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startPeerShell } from '../../source/peer-shell.ts';
import { freePort } from '../helpers/free-port.ts';
import type { PtySession } from '../helpers/pty-session.ts';
import { findPython, startPythonChat } from '../helpers/python-peer.ts';
import { type RealSide, realSide } from '../helpers/real-connectors.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

interface Two {
  readonly aioc: RealSide;
  readonly python: PtySession;
  /** Where Python was started, and where it stores what it receives. */
  readonly cwd: string;
  readonly stored: string;
}

async function aiocServer(t: TestContext): Promise<Two | undefined> {
  const found = await findPython();
  if ('unavailable' in found) {
    t.skip(found.unavailable);
    return undefined;
  }
  const cwd = tempDir(t);
  const aioc = await realSide(t, { role: 'server', acceptAll: false });
  await aioc.engine.start();
  const { port } = aioc.status();
  const python = startPythonChat(found, { role: 'client', host: '127.0.0.1', port, cwd });
  t.after(() => python[Symbol.asyncDispose]());
  await waitFor(() => aioc.status().joinRequests.length === 1, { what: 'the newcomer' });
  const [joinRequest] = aioc.status().joinRequests;
  assert.equal(joinRequest?.name, 'chat_client');
  assert.equal(joinRequest?.words, undefined, 'a Python client shows no certificate');
  await aioc.do({ kind: 'newcomer.accept', joinRequest: joinRequest?.id ?? 0 });
  await waitFor(() => aioc.peers()[0]?.state === 'connected', { what: 'the connection' });
  return { aioc, python, cwd, stored: cwd };
}

async function aiocClient(t: TestContext): Promise<Two | undefined> {
  const found = await findPython();
  if ('unavailable' in found) {
    t.skip(found.unavailable);
    return undefined;
  }
  const cwd = tempDir(t);
  const port = await freePort();
  const python = startPythonChat(found, { role: 'server', host: '127.0.0.1', port, cwd });
  t.after(() => python[Symbol.asyncDispose]());
  const aioc = await realSide(t, { role: 'client', port });
  await aioc.engine.start();
  await python.waitFor(/y\/n/i);
  assert.equal(aioc.status().phase.kind, 'waiting-to-be-let-in', 'Python’s user is being asked');
  python.type('y');
  python.press('enter');
  await waitFor(() => aioc.peers()[0]?.kind === 'python', { what: 'the connection' });
  return { aioc, python, cwd, stored: join(cwd, 'chat_client') };
}

async function converse({ aioc, python, cwd, stored }: Two): Promise<void> {
  const peer = aioc.peers()[0]?.id ?? '';
  assert.equal(aioc.peers()[0]?.kind, 'python');
  await aioc.do({ kind: 'chat.say', peer, text: 'hello from aioc é' });
  await python.waitFor('hello from aioc é');
  await waitFor(
    () => aioc.chat().some(({ text, mark }) => text.includes('hello from aioc') && mark === 'received'),
    {
      what: 'Python’s acknowledgement',
    },
  );
  python.type('hello from python é');
  python.press('enter');
  await waitFor(() => aioc.heard().includes('hello from python é'), { what: 'Python’s line' });

  const ours = join(aioc.home, 'ours.bin');
  writeFileSync(ours, randomBytes(3_000_000));
  assert.deepEqual(await aioc.do({ kind: 'chat.upload', peer, path: ours }), { ok: true, value: 'done' });
  await waitFor(
    () => existsSync(join(stored, 'ours.bin')) && sha256(join(stored, 'ours.bin')) === sha256(ours),
    {
      what: 'the file at Python’s side',
    },
  );
  const theirs = join(cwd, 'theirs.bin');
  writeFileSync(theirs, randomBytes(3_000_000));
  python.type('!upload theirs.bin');
  python.press('enter');
  await waitFor(() => existsSync(join(aioc.received, 'theirs.bin')), { what: 'the file at our side' });
  assert.equal(sha256(join(aioc.received, 'theirs.bin')), sha256(theirs));
  await waitFor(
    () => aioc.chat().some(({ from, transfer }) => from === 'peer' && transfer?.phase === 'done'),
    {
      what: 'the row of the file to be done',
    },
  );

  const directory = join(cwd, 'site');
  mkdirSync(directory);
  writeFileSync(join(directory, 'page.html'), '<p>');
  python.type('!upload site');
  python.press('enter');
  await waitFor(() => existsSync(join(aioc.received, 'site.zip')), { what: 'the directory at our side' });
  const unzipped = await aioc.do({
    kind: 'files.import',
    name: 'site.zip',
    directory: aioc.home,
    unzip: true,
  });
  assert.equal(unzipped.ok, true);
  assert.equal(readFileSync(join(aioc.home, 'site', 'page.html'), 'utf8'), '<p>');
}

test('aioc listens, Python’s chat calls: accepted by hand, text and files each way', async (t) => {
  const two = await aiocServer(t);
  if (two === undefined) return;
  await converse(two);
  two.python.type('!exit');
  two.python.press('enter');
  await waitFor(() => two.aioc.peers()[0]?.state === 'away', { what: 'Python to be away' });
});

test('Python’s chat listens, aioc calls: accepted by hand, text and files each way', async (t) => {
  const two = await aiocClient(t);
  if (two === undefined) return;
  await converse(two);
});

test('Python’s upload without a chat ends well: its answer comes', async (t) => {
  const found = await findPython();
  if ('unavailable' in found) return t.skip(found.unavailable);
  const aioc = await realSide(t, { role: 'server' });
  await aioc.engine.start();
  const cwd = tempDir(t);
  writeFileSync(join(cwd, 'report.txt'), 'quarterly');
  const { port } = aioc.status();
  const python = startPythonChat(found, {
    role: 'client',
    host: '127.0.0.1',
    port,
    cwd,
    upload: 'report.txt',
  });
  t.after(() => python[Symbol.asyncDispose]());
  assert.equal((await python.waitForExit()).exitCode, 0);
  assert.equal(readFileSync(join(aioc.received, 'report.txt'), 'utf8'), 'quarterly');
});

test('two Python chats at once, both called chat_client, each get a name and their own lines', async (t) => {
  const two = await aiocServer(t);
  if (two === undefined) return;
  const found = await findPython();
  assert.ok(!('unavailable' in found));
  const { aioc, python } = two;
  const second = startPythonChat(found, {
    role: 'client',
    host: '127.0.0.1',
    port: aioc.status().port,
    cwd: tempDir(t),
  });
  t.after(() => second[Symbol.asyncDispose]());
  await waitFor(() => aioc.status().joinRequests.length === 1, { what: 'the second newcomer' });
  await aioc.do({ kind: 'newcomer.accept', joinRequest: aioc.status().joinRequests[0]?.id ?? 0 });
  await waitFor(() => aioc.peers().length === 2, { what: 'the second peer' });
  assert.deepEqual(
    aioc.peers().map(({ name }) => name),
    ['chat_client', 'chat_client (2)'],
  );
  for (const [index, { id }] of aioc.peers().entries())
    await aioc.do({ kind: 'chat.say', peer: id, text: `for number ${index}` });
  await python.waitFor('for number 0');
  await second.waitFor('for number 1');
  assert.ok(!python.screenText().includes('for number 1'));
});

test('--exec here: a line of Python runs after the yes only, and its output goes to Python', async (t) => {
  const found = await findPython();
  if ('unavailable' in found) return t.skip(found.unavailable);
  const aioc = await realSide(t, { role: 'server', exec: { shell: '/bin/sh', start: startPeerShell } });
  await aioc.engine.start();
  const { port } = aioc.status();
  const python = startPythonChat(found, { role: 'client', host: '127.0.0.1', port, cwd: tempDir(t) });
  t.after(() => python[Symbol.asyncDispose]());
  await python.waitFor('Connected !');
  await waitFor(() => aioc.peers()[0]?.state === 'connected', { what: 'the connection' });
  python.type('echo $((20 + 22)) here');
  python.press('enter');
  await waitFor(() => aioc.status().exec?.requests.length === 1, { what: 'the question' });
  assert.deepEqual(aioc.status().exec?.running, [], 'nothing runs before the yes');
  const request = aioc.status().exec?.requests[0]?.id ?? 0;
  await aioc.do({ kind: 'exec.answer', request, run: true });
  await python.waitFor('42 here');
  python.type('touch refused');
  python.press('enter');
  await waitFor(() => aioc.status().exec?.requests.length === 1, { what: 'the second question' });
  await aioc.do({ kind: 'exec.answer', request: aioc.status().exec?.requests[0]?.id ?? 0, run: false });
  await python.waitFor('Not run, refused by the user there: touch refused');
});

test('--exec of Python: our line runs there, and its output comes as lines', async (t) => {
  const found = await findPython();
  if ('unavailable' in found) return t.skip(found.unavailable);
  const aioc = await realSide(t, { role: 'server' });
  await aioc.engine.start();
  const { port } = aioc.status();
  const place = { role: 'client', host: '127.0.0.1', port, cwd: tempDir(t) } as const;
  const python = startPythonChat(found, { ...place, exec: '/bin/sh' });
  t.after(() => python[Symbol.asyncDispose]());
  await waitFor(() => aioc.peers()[0]?.kind === 'python', { what: 'the connection' });
  const peer = aioc.peers()[0]?.id ?? '';
  await aioc.do({ kind: 'chat.say', peer, text: 'echo $((20 + 22)) there, I am $$.' });
  const pid = (): string | undefined => /42 there, I am (\d+)/.exec(aioc.heard().join('\n'))?.[1];
  await waitFor(() => pid() !== undefined, { what: 'its output' });
  // Python leaves its shell running when it ends.
  await aioc.do({ kind: 'chat.say', peer, text: 'exit' });
  await waitFor(() => !existsSync(`/proc/${pid()}`), { what: 'the end of the shell' });
});

test('a directory each way: Python unzips ours with !dezip, and we unzip its zip where it is', async (t) => {
  const two = await aiocServer(t);
  if (two === undefined) return;
  const { aioc, python, cwd, stored } = two;
  const peer = aioc.peers()[0]?.id ?? '';
  const ours = join(aioc.home, 'photos');
  mkdirSync(ours);
  writeFileSync(join(ours, 'one.txt'), 'one');
  assert.deepEqual(await aioc.do({ kind: 'chat.upload', peer, path: ours }), { ok: true, value: 'done' });
  await waitFor(() => existsSync(join(stored, 'photos.zip')), { what: 'our directory at Python’s side' });
  python.type('!dezip photos.zip');
  python.press('enter');
  await waitFor(
    () => existsSync(join(stored, 'photos/one.txt')) || existsSync(join(stored, 'photos/photos/one.txt')),
    {
      what: 'the unzipped directory',
    },
  );
  mkdirSync(join(cwd, 'site'));
  writeFileSync(join(cwd, 'site/page.html'), '<p>');
  python.type('!upload site');
  python.press('enter');
  await waitFor(() => existsSync(join(aioc.received, 'site.zip')), { what: 'its directory here' });
  const unzipped = await aioc.do({ kind: 'files.import', name: 'site.zip', unzip: true });
  assert.deepEqual(unzipped, { ok: true, value: join(aioc.received, 'site') });
  assert.equal(readFileSync(join(aioc.received, 'site/page.html'), 'utf8'), '<p>');
});
