/** Files to and from a Python peer that the test plays itself. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import type { FileOutcome, TransferProgress } from '../../../engine/contract/transfer-progress.ts';
import { unzipSafely } from '../../../engine/files/unzip.ts';
import { spoolPath } from '../../../engine/local/socket-names.ts';
import type { JsonObject } from '../../../engine/protocol/header.ts';
import { freePort } from '../../helpers/free-port.ts';
import { heardBy, logged, program, started, until } from '../../helpers/key-effects.ts';
import { type RawPeer, rawClient, rawServer } from '../../helpers/raw-peer.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

test('pieces from Python are one message with one file; a program that asks gets a response to each', async (t) => {
  const target_directory = tempDir(t);
  const server = await started(t, {
    is_server: true,
    server_sockaddr: ['127.0.0.1', await freePort()],
    file_recv_config: { any: { target_directory, owner: null, override_existing: false } },
  });
  const heard = await heardBy(t, server);
  const peer = await rawClient(t, { mode: 'plain', server, name: 'py', peerKind: 'python' });
  const texts = Array.from({ length: 12 }, (_, index) => `piece ${index + 1};`);
  for (const [index, text] of texts.entries()) {
    const number = index + 1;
    const prefix = 'big__aioconnectors_chunk';
    const withFile = { dst_type: 'any', dst_name: `${prefix}_${number}_12`, chunked: [prefix, number, 12] };
    const ids = { source_id: 'py', request_id: 7, await_response: true, transport_id: number };
    peer.send({ ...ids, with_file: { ...withFile, binary_offset: 3 } }, 'data', Buffer.from(`own${text}`));
    if (number < 12) await until(() => responses(peer) === number, `the response to piece ${number}`);
  }
  await until(() => heard.length === 1, 'the message');
  assert.equal(readFileSync(join(target_directory, 'big'), 'utf8'), texts.join(''));
  assert.deepEqual(readdirSync(target_directory), ['big']);
  assert.deepEqual([heard[0]?.text(), heard[0]?.binary?.toString()], ['data', 'own']);
  assert.deepEqual(heard[0]?.withFile, { dst_type: 'any', dst_name: 'big', binary_offset: 3 });
  assert.ok(logged(server, /py: "?big"? was joined from 12 pieces.*not verified/));
  await heard[0]?.reply('got it');
  await until(() => responses(peer) === 12, 'the response of the program');
});

function responses({ frames }: RawPeer): number {
  return frames.filter(({ header }) => header['response_id'] === 7).length;
}

/** A client with programs, and a Python server that the test plays. */
async function withPythonServer(t: TestContext, config: JsonObject = {}) {
  const python = await rawServer(t, { mode: 'plain', directory: tempDir(t), peerKind: 'python' });
  const client = await started(t, {
    is_server: false,
    client_name: 'client1',
    server_sockaddr: ['127.0.0.1', python.port],
    ...config,
  });
  const api = await program(t, client);
  const peer = async (): Promise<RawPeer> => {
    await until(() => python.client()?.isClosed === false, 'a connection');
    return python.client() as RawPeer;
  };
  return { client, api, peer };
}

const filesOf = ({ frames }: RawPeer): JsonObject[] =>
  frames.flatMap(({ header }) =>
    header['with_file'] === undefined ? [] : [header['with_file'] as JsonObject],
  );

function acknowledge(peer: RawPeer, from = 0, to?: number): void {
  for (const { header } of peer.frames.filter(({ header }) => header['with_file']).slice(from, to))
    peer.send({ message_type: '_ack', transport_id: header['transport_id'] ?? null, source_id: 'x' });
}

test('max_size_chunk_upload: to Python, a larger file goes in pieces, each under a number of its own', async (t) => {
  const { api, peer } = await withPythonServer(t, {
    max_size_chunk_upload: 4,
    everybody_can_send_messages: false,
  });
  const srcPath = join(tempDir(t), 'source');
  const text = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDE';
  writeFileSync(srcPath, text);
  const first = await peer();
  await api.send({ messageType: 'any', data: 'd', withFile: { srcPath, dstType: 'any', dstName: 'f' } });
  await until(() => filesOf(first).length === 11, 'eleven pieces');
  assert.deepEqual(
    filesOf(first).map((file) => [file['dst_name'], file['chunked']]),
    Array.from({ length: 11 }, (_, index) => [
      `f__aioconnectors_chunk_${String(index + 1).padStart(2, '0')}_11`,
      ['f__aioconnectors_chunk', index + 1, 11],
    ]),
  );
  await until(() => first.files.map(String).join('') === text, 'all of the file');
  const numbers = first.frames.flatMap(({ header }) => (header['with_file'] ? [header['transport_id']] : []));
  assert.equal(new Set(numbers).size, 11);
  assert.ok(filesOf(first).every(({ note, in_order }) => note === undefined && in_order === undefined));
  // The connection is lost when some have arrived: only the others go again.
  acknowledge(first, 0, 7);
  await api.send({ messageType: 'any', data: 'behind' });
  await new Promise((resolve) => setImmediate(resolve));
  first.send({ message_type: '_ping', request_id: 'seen', await_response: true }, 'seen');
  await until(
    () => first.frames.some(({ header }) => header['response_id'] === 'seen'),
    'the acks to be read',
  );
  first.destroy();
  await until(() => first.isClosed, 'the loss');
  const second = (await until(async () => {
    const now = await peer();
    return now !== first && filesOf(now).length === 4 && now;
  }, 'the other pieces')) as RawPeer;
  assert.deepEqual(
    filesOf(second).map((file) => (file['chunked'] as unknown[])[1]),
    [8, 9, 10, 11],
  );
  await until(() => second.files.map(String).join('') === text.slice(28), 'the rest of the file');
  acknowledge(second);
  await until(() => second.frames.at(-1)?.data.toString() === 'behind', 'the message behind the file');
});

test('a name that Python would not join goes in one frame, whatever its size', async (t) => {
  const { api, peer } = await withPythonServer(t, { max_size_chunk_upload: 4 });
  const srcPath = join(tempDir(t), 'source');
  writeFileSync(srcPath, 'abcdefghij');
  await api.send({ messageType: 'any', withFile: { srcPath, dstType: 'any', dstName: 'sub/f' } });
  const python = await peer();
  await until(() => python.files.map(String).join('') === 'abcdefghij', 'the file');
  assert.equal(filesOf(python)[0]?.['chunked'], undefined);
});

test('a directory goes to Python as a zip file, in pieces too, and its sender learns the name', async (t) => {
  const { api, peer, client } = await withPythonServer(t, {
    max_size_chunk_upload: 100,
    everybody_can_send_messages: false,
  });
  const srcPath = join(tempDir(t), 'site');
  mkdirSync(join(srcPath, 'empty'), { recursive: true });
  writeFileSync(join(srcPath, 'index'), 'welcome');
  symlinkSync('index', join(srcPath, 'link'));
  const states: (TransferProgress | FileOutcome)[] = [];
  const onState = (state: TransferProgress | FileOutcome): unknown => states.push(state);
  await api.send({
    messageType: 'any',
    data: 'd',
    withFile: { srcPath, dstType: 'any', dstName: 'web', onState },
  });
  const python = await peer();
  await until(() => isAll(filesOf(python)), 'all pieces');
  assert.match(String(filesOf(python)[0]?.['dst_name']), /^web\.zip__aioconnectors_chunk_1_\d$/);
  assert.equal(python.frames.find(({ header }) => header['with_file'])?.data.toString(), 'd');
  acknowledge(python);
  const outcome = (await until(
    () => states.find(({ phase }) => phase === 'arrived'),
    'the outcome',
  )) as FileOutcome;
  assert.ok(outcome.phase === 'arrived' && outcome.name === 'web.zip' && outcome.leftOut.count === 1);
  const archive = join(tempDir(t), 'web.zip');
  writeFileSync(archive, Buffer.concat(python.files));
  const { directory } = await unzipSafely({
    ...{ archive, intoDirectory: tempDir(t), random: realRandomness() },
  });
  assert.deepEqual(readdirSync(directory).sort(), ['empty', 'index']);
  assert.equal(readFileSync(join(directory, 'index'), 'utf8'), 'welcome');
  await until(
    () =>
      readdirSync(spoolPath(join(client.directory, 'run'), { role: 'client', name: 'client1' })).length === 0,
    'the end of the archive',
  );
});

function isAll(files: readonly JsonObject[]): boolean {
  const [, index, count] = (files.at(-1)?.['chunked'] ?? []) as number[];
  return count !== undefined && index === count;
}
