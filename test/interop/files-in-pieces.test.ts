/** Large files between aioc and Python: in pieces, in one frame, with pieces missing and repeated. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePort } from '../helpers/free-port.ts';
import { heardBy, logged, program, started } from '../helpers/key-effects.ts';
import { startPythonConnector } from '../helpers/python-connector.ts';
import { findPython, type PythonPeer } from '../helpers/python-peer.ts';
import { PythonProgram } from '../helpers/python-program.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const MIB = 1024 * 1024;
const PATIENT = { timeoutMs: 120_000 };
const TYPES = { send_message_types: ['any'], recv_message_types: ['any'] };

const receivesIn = (target_directory: string, more = {}) => ({
  file_recv_config: { any: { target_directory, owner: null, override_existing: false } },
  ...more,
});

interface World {
  readonly t: TestContext;
  readonly aioc: Awaited<ReturnType<typeof aiocSide>>;
  readonly python: Awaited<ReturnType<typeof pythonSide>>;
  readonly directory: string;
}

async function aiocSide(t: TestContext, port: number, chunkBytes: number | undefined) {
  const [received, directory] = [tempDir(t), tempDir(t)];
  const config = {
    ...TYPES,
    ...receivesIn(received),
    is_server: true,
    server_sockaddr: ['127.0.0.1', port],
    everybody_can_send_messages: false,
    ...(chunkBytes !== undefined && { max_size_chunk_upload: chunkBytes }),
  };
  const side = await started(t, config, { directory });
  const heard = await heardBy(t, side);
  /** Stops the connector, and starts one with the same directories, which the same listener finds. */
  const restart = async (): Promise<void> => {
    await side.engine.stop({ hard: false });
    const next = await started(t, config, { directory });
    // Python keeps nothing for a server that is away.
    await waitFor(() => next.peers().some(({ state }) => state === 'connected'), {
      ...PATIENT,
      what: 'the connection',
    });
  };
  return { side, received, heard, api: await program(t, side), restart };
}

async function pythonSide(t: TestContext, python: PythonPeer, port: number, chunkBytes: number | undefined) {
  const received = tempDir(t);
  const own = { is_server: false, client_name: 'py', server_sockaddr: ['127.0.0.1', port], use_ssl: false };
  const connector = startPythonConnector(t, python, { ...own, ...TYPES, ...receivesIn(received) });
  const config = join(tempDir(t), 'api.json');
  const places = {
    connector_files_dirpath: connector.directory,
    default_logger_dirpath: connector.directory,
  };
  writeFileSync(config, JSON.stringify({ ...own, ...TYPES, ...places }));
  const api = new PythonProgram(t, python, config);
  await api.do('collect', { message_type: 'any' });
  if (chunkBytes !== undefined) await api.do('cut_files', { size: chunkBytes });
  return { connector, received, api };
}

/** An aioc server and a Python client, whose pieces have that size. */
async function world(t: TestContext, chunkBytes?: number): Promise<World | undefined> {
  const found = await findPython();
  if ('unavailable' in found) {
    t.skip(found.unavailable);
    return undefined;
  }
  const port = await freePort();
  const aioc = await aiocSide(t, port, chunkBytes);
  const python = await pythonSide(t, found, port, chunkBytes);
  await waitFor(() => aioc.side.peers().some(({ state }) => state === 'connected'), {
    ...PATIENT,
    what: 'the connection',
  });
  return { t, aioc, python, directory: tempDir(t) };
}

function makeFile(directory: string, name: string, sizeBytes: number): string {
  const path = join(directory, name);
  const file = openSync(path, 'w');
  const block = Buffer.alloc(MIB);
  for (let left = sizeBytes; left > 0; left -= MIB)
    writeSync(file, randomFillSync(block), 0, Math.min(MIB, left));
  closeSync(file);
  return path;
}

const digestOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

const heardByPython = async ({ python }: World): Promise<readonly { header: Record<string, unknown> }[]> =>
  (await python.api.do('collected', { message_type: 'any', first: 0 })) as {
    header: Record<string, unknown>;
  }[];

/** Python sends a file: aioc stores one file, and delivers one message. */
async function upward({ aioc, python }: World, path: string, name: string): Promise<void> {
  const before = aioc.heard.length;
  const with_file = { src_path: path, dst_type: 'any', dst_name: name, delete: false };
  const message = { message_type: 'any', data: name, data_is_json: false, binary: 'ff00', with_file };
  assert.equal(await python.api.do('send', message), true);
  await waitFor(() => aioc.heard.length > before, { ...PATIENT, what: `the message of ${name}` });
  assert.equal(digestOf(join(aioc.received, name)), digestOf(path));
  const [got, ...others] = aioc.heard.slice(before);
  assert.deepEqual([others.length, got?.text(), got?.binary?.toString('hex')], [0, name, 'ff00']);
  assert.deepEqual([got?.withFile?.['dst_name'], got?.withFile?.['chunked']], [name, undefined]);
  assert.deepEqual(readdirSync(aioc.received), [name]);
  rmSync(join(aioc.received, name));
}

/** Aioc sends a file: Python stores one file, and delivers as many messages as it had pieces. */
async function downward(here: World, path: string, name: string, pieces: number): Promise<void> {
  const { aioc, python } = here;
  const before = (await heardByPython(here)).length;
  const withFile = { srcPath: path, dstType: 'any', dstName: name };
  await aioc.api.send({ messageType: 'any', destinationId: 'py', data: name, withFile });
  await waitFor(async () => (await heardByPython(here)).length === before + pieces, {
    ...PATIENT,
    what: `the messages of ${name}`,
  });
  await waitFor(() => readdirSync(python.received).join() === name, {
    ...PATIENT,
    what: `${name} to be joined`,
  });
  assert.equal(digestOf(join(python.received, name)), digestOf(path));
  rmSync(join(python.received, name));
}

test('twelve pieces, both ways: one file each, joined by number', async (t) => {
  const here = await world(t, 100_000);
  if (here === undefined) return;
  const path = makeFile(here.directory, 'twelve', 1_150_000);
  await upward(here, path, 'twelve');
  assert.ok(logged(here.aioc.side, /"?twelve"? was joined from 12 pieces.*not verified/));
  await downward(here, path, 'twelve', 12);
});

test('220 MB with the default sizes goes in two pieces, and 150 MB in one frame, both ways', async (t) => {
  const here = await world(t);
  if (here === undefined) return;
  const large = makeFile(here.directory, 'large', 220_000_000);
  await upward(here, large, 'large');
  await downward(here, large, 'large', 2);
  rmSync(large);
  const frame = makeFile(here.directory, 'frame', 150_000_000);
  await upward(here, frame, 'frame');
  await downward(here, frame, 'frame', 1);
});

/** Python sends one of the three pieces of `file`. */
async function sendPiece({ python, directory }: World, index: number): Promise<void> {
  const path = join(directory, `piece-${index}`);
  writeFileSync(path, `piece ${index};`);
  const prefix = 'file__aioconnectors_chunk';
  const with_file = {
    ...{ src_path: path, dst_type: 'any', delete: false },
    ...{ dst_name: `${prefix}_${index}_3`, chunked: [prefix, index, 3] },
  };
  await python.api.do('send', { message_type: 'any', data: 'd', data_is_json: false, with_file });
}

test('a piece that Python sends twice is harmless, and one that is missing is waited for', async (t) => {
  const here = await world(t);
  if (here === undefined) return;
  const { aioc } = here;
  const hidden = (): number => readdirSync(aioc.received).length;
  for (const index of [3, 1, 3]) await sendPiece(here, index);
  await waitFor(() => hidden() === 2, { ...PATIENT, what: 'two pieces' });
  assert.ok(readdirSync(aioc.received).every((name) => name.startsWith('.')));
  assert.equal(aioc.heard.length, 0);
  await sendPiece(here, 2);
  await waitFor(() => aioc.heard.length === 1, { ...PATIENT, what: 'the message' });
  assert.equal(readFileSync(join(aioc.received, 'file'), 'utf8'), 'piece 1;piece 2;piece 3;');
  assert.deepEqual(readdirSync(aioc.received), ['file']);
});

test('a Python program that waits for a response gets one for a file in pieces', async (t) => {
  const here = await world(t, 100_000);
  if (here === undefined) return;
  const { aioc, python } = here;
  const path = makeFile(here.directory, 'asked', 450_000);
  const asked = python.api.do('send', {
    ...{ message_type: 'any', data: 'question', data_is_json: false, await_response: true, request_id: 5 },
    with_file: { src_path: path, dst_type: 'any', dst_name: 'asked', delete: false },
  });
  await waitFor(() => aioc.heard.length === 1, { ...PATIENT, what: 'the message' });
  await aioc.heard[0]?.reply('answer');
  assert.equal(((await asked) as { data: string }).data, 'answer');
  assert.equal(digestOf(join(aioc.received, 'asked')), digestOf(path));
});

test('pieces that came before aioc was restarted are joined with the others', async (t) => {
  const here = await world(t);
  if (here === undefined) return;
  const { aioc } = here;
  for (const index of [1, 3]) await sendPiece(here, index);
  await waitFor(() => readdirSync(aioc.received).length === 2, { ...PATIENT, what: 'two pieces' });
  await aioc.restart();
  await sendPiece(here, 2);
  await waitFor(() => aioc.heard.length === 1, { ...PATIENT, what: 'the message' });
  assert.equal(readFileSync(join(aioc.received, 'file'), 'utf8'), 'piece 1;piece 2;piece 3;');
  assert.deepEqual(readdirSync(aioc.received), ['file']);
});

test('a directory goes to Python as a zip file that Python can read', async (t) => {
  const here = await world(t);
  if (here === undefined) return;
  const { aioc, python, directory } = here;
  const source = join(directory, 'site');
  mkdirSync(join(source, 'below'), { recursive: true });
  mkdirSync(join(source, 'empty'));
  writeFileSync(join(source, 'below', 'index.html'), '<p>');
  writeFileSync(join(source, 'größe'), 'x');
  const withFile = { srcPath: source, dstType: 'any', dstName: 'site' };
  await aioc.api.send({ messageType: 'any', destinationId: 'py', data: 'all', withFile });
  await waitFor(async () => (await heardByPython(here)).length === 1, { ...PATIENT, what: 'the message' });
  const read =
    'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(ascii(sorted(z.namelist())), z.testzip(), z.read("below/index.html"))';
  const printed = execFileSync('python3', ['-c', read, join(python.received, 'site.zip')], {
    encoding: 'utf8',
  });
  assert.equal(printed, "['below/index.html', 'empty/', 'gr\\xf6\\xdfe'] None b'<p>'\n");
});
