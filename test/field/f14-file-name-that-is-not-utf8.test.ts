import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { FileTransfer } from '../../engine/api/connector-transport.ts';
import { planFile } from '../../engine/api/file-plan.ts';
import { realRandomness } from '../../engine/base/real-ports.ts';
import { DiskSpace } from '../../engine/files/disk-space.ts';
import { FileDestinations } from '../../engine/files/file-destinations.ts';
import { fittingName } from '../../engine/files/free-name.ts';
import { importReceived } from '../../engine/files/import-file.ts';
import { meantPath } from '../../engine/files/lossy-path.ts';
import { openOutgoing } from '../../engine/files/outgoing-file.ts';
import { ReceivedFolder } from '../../engine/files/received-folder.ts';
import { unzipSafely } from '../../engine/files/unzip.ts';
import { zipDirectory } from '../../engine/files/zip-directory.ts';
import { completePath } from '../../source/paths.ts';
import { startServer } from '../helpers/aioc-session.ts';
import { builtProgram } from '../helpers/built-program.ts';
import { Daemon } from '../helpers/daemon.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { freePort } from '../helpers/free-port.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const bytesIn = (directory: string, name: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${directory}/`), name]);
const LATIN = Buffer.from('caf\xe9.txt', 'latin1');

test('a file whose name is not UTF-8 is found by what can be read of it, and has a readable name', async (t) => {
  const directory = tempDir(t);
  writeFileSync(bytesIn(directory, LATIN), 'coffee');
  const file = await openOutgoing(join(directory, LATIN.toString()));
  assert.equal(file.name, 'caf_.txt');
  assert.equal(file.sizeBytes, 6);
  await file.close();
});

test('of two names that read the same neither is sent, and both are told', async (t) => {
  const directory = tempDir(t);
  writeFileSync(bytesIn(directory, LATIN), 'coffee');
  writeFileSync(bytesIn(directory, Buffer.from('caf\xe8.txt', 'latin1')), 'tea');
  await assert.rejects(openOutgoing(join(directory, LATIN.toString())), {
    code: 'AIOC_FILE_NAME_BAD',
    message: /2 names that are not UTF-8 look the same.*caf\\xe[89]\.txt.*caf\\xe[89]\.txt/,
  });
});

/** A plan for a file of this name in a new directory, and the names that were told. */
async function planned(t: TestContext, fileTransfer: FileTransfer, name: string, maxChunkBytes = 1000) {
  const directory = tempDir(t);
  writeFileSync(bytesIn(directory, LATIN), 'coffee');
  const told: string[] = [];
  const file = { srcPath: join(directory, name), dstType: 'any', onRenamed: (as: string) => told.push(as) };
  const plan = await planFile({
    ...{ file, fileTransfer, maxChunkBytes, random: realRandomness(), signal: undefined },
    directory: async () => directory,
  });
  t.after(() => plan.discard());
  return { plan, told, directory };
}

test('a program sends such a file under a readable name, and is told of it', async (t) => {
  const { plan, told } = await planned(t, 'as bytes', LATIN.toString());
  assert.deepEqual(
    plan.parts.map(({ withFile }) => withFile['dst_name']),
    ['caf_.txt'],
  );
  assert.deepEqual(told, ['caf_.txt']);
});

test('a connector that reads the file itself is told its name to the last byte, as Python spells it', async (t) => {
  const { plan, told, directory } = await planned(t, 'as paths', LATIN.toString());
  const { src_path: path, dst_name: name } = plan.parts[0]?.withFile ?? {};
  assert.deepEqual([path, name, told], [`${directory}/caf\udce9.txt`, 'caf_.txt', ['caf_.txt']]);
  // Of two that read the same this names one.
  writeFileSync(bytesIn(directory, Buffer.from('caf\xe8.txt', 'latin1')), 'tea');
  const file = await openOutgoing(String(path));
  assert.deepEqual([file.name, file.sizeBytes], ['caf_.txt', 6]);
  await file.close();
});

test('such a file in pieces is cut from its bytes', async (t) => {
  const { plan } = await planned(t, 'to Python', LATIN.toString(), 4);
  const [first, second] = plan.parts.map(({ withFile }) => withFile);
  assert.equal(first?.['dst_name'], 'caf_.txt__aioconnectors_chunk_1_2');
  assert.equal(readFileSync(String(first?.['src_path']), 'utf8'), 'coff');
  assert.equal(readFileSync(String(second?.['src_path']), 'utf8'), 'ee');
});

test('a directory is packed with such names made readable and apart, twins of one spelling included', async (t) => {
  const directory = tempDir(t);
  const source = bytesIn(directory, Buffer.from('menu\xe9', 'latin1'));
  mkdirSync(Buffer.concat([source, Buffer.from('/th\xe9', 'latin1')]), { recursive: true });
  const put = (name: Buffer, text: string): void =>
    writeFileSync(Buffer.concat([source, Buffer.from('/'), name]), text);
  put(LATIN, 'coffee');
  put(Buffer.from('caf\xe8.txt', 'latin1'), 'tea');
  put(Buffer.from('caf_.txt'), 'its own');
  put(Buffer.from('caf\u00e9.txt'), 'composed');
  put(Buffer.from('cafe\u0301.txt'), 'decomposed');
  put(Buffer.from('th\xe9/vert', 'latin1'), 'green');
  const archive = join(directory, 'menu.zip');
  const { renamed } = await zipDirectory({
    directory: await meantPath(join(directory, 'menu\ufffd')),
    targetFile: archive,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  assert.equal(renamed, 3);
  const out = await unzipSafely({ archive, intoDirectory: directory, random: realRandomness() });
  const textOf = (name: string): string => readFileSync(join(out.directory, name), 'utf8');
  assert.deepEqual(
    readdirSync(out.directory).sort(),
    ['cafe\u0301.txt', 'caf_ (2).txt', 'caf_ (3).txt', 'caf_.txt', 'caf\u00e9.txt', 'th_'].sort(),
  );
  assert.deepEqual(
    ['caf_.txt', 'caf_ (2).txt', 'caf_ (3).txt', 'caf\u00e9.txt', 'cafe\u0301.txt', 'th_/vert'].map(textOf),
    ['its own', 'tea', 'coffee', 'composed', 'decomposed', 'green'],
  );
});

test('Tab finds such files and what is in such directories', async (t) => {
  const directory = tempDir(t);
  mkdirSync(bytesIn(directory, Buffer.from('th\xe9', 'latin1')));
  writeFileSync(bytesIn(directory, Buffer.from('th\xe9/vert', 'latin1')), 'green');
  assert.deepEqual(await completePath('th', directory), ['th\ufffd/']);
  assert.deepEqual(await completePath('th\ufffd/v', directory), ['th\ufffd/vert']);
});

test('such a file in the folder of received files is imported under a readable name', async (t) => {
  const [received, here] = [tempDir(t), tempDir(t)];
  writeFileSync(bytesIn(received, LATIN), 'coffee');
  const random = realRandomness();
  const folder = new ReceivedFolder({ directory: received, random, clock: new FakeClock(0) });
  const made = await importReceived({
    ...{ folder, random, name: LATIN.toString(), directory: here, unzip: false },
  });
  assert.equal(made, join(here, 'caf_.txt'));
  assert.equal(readFileSync(made, 'utf8'), 'coffee');
});

test('a name that a suffix makes longer than a name may be is shortened, and keeps its extension', () => {
  assert.equal(fittingName(`${'\u00e9'.repeat(127)}.zip`), `${'\u00e9'.repeat(125)}.zip`);
  assert.equal(fittingName('menu.zip'), 'menu.zip');
});

/** Runs the program through a shell, which passes on what the pattern finds byte for byte. */
async function aioc(home: string, words: readonly string[], pattern: string): Promise<string> {
  const line = `exec "$@" ${pattern}`;
  const args = ['-c', line, 'sh', process.execPath, builtProgram(), ...words];
  const { stdout, stderr } = await promisify(execFile)('/bin/sh', args, {
    cwd: home,
    env: { PATH: process.env['PATH'], HOME: home },
  });
  return stdout + stderr;
}

test('aioc send and aioc chat --upload send such a file and say under which name', async (t) => {
  const [home, files] = [tempDir(t), tempDir(t)];
  writeFileSync(bytesIn(files, LATIN), 'coffee');
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const start = async (name: string, config: object): Promise<string> => {
    const file = join(home, `${name}.json`);
    const places = { connector_files_dirpath: home, default_logger_dirpath: home };
    const received = { file_recv_config: { any: { target_directory: join(home, name) } } };
    writeFileSync(
      file,
      JSON.stringify({ server_sockaddr, use_ssl: false, ...places, ...received, ...config }),
    );
    await new Daemon(t, ['--headless', file], home).ready();
    return file;
  };
  await start('server', { is_server: true });
  const client = await start('client', { is_server: false, client_name: 'client1' });
  const said = (await aioc(home, ['send', client, 'hello', '--file'], `${files}/caf*`)).split('\n');
  const note = 'aioc: the file name "caf\ufffd.txt" is not UTF-8; the file is sent as "caf_.txt"';
  assert.ok(said.includes(note), said.join('\n'));
  const kept = join(home, 'server/caf_.txt');
  await waitFor(() => existsSync(kept), { what: 'the file' });
  assert.equal(readFileSync(kept, 'utf8'), 'coffee');

  const port = await freePort();
  await using ada = startServer(port, { args: ['--accept'] });
  await ada.waitFor('● server', { timeoutMs: 30_000 });
  const words = ['chat', '--target', '127.0.0.1', '--port', `${port}`, '--name', 'ben', '--upload'];
  assert.equal(
    await aioc(home, words, `${files}/caf*`),
    'sent caf\ufffd.txt (6 B), saved by the peer as caf_.txt (names that are not UTF-8 were converted: its own name)\n',
  );
  assert.equal(readFileSync(join(ada.home, 'aioc-received/caf_.txt'), 'utf8'), 'coffee');
});

test('a file that a Python peer names in bytes that are not UTF-8 is kept under a readable name, and that is said', async (t) => {
  const directory = tempDir(t);
  const targetDirectory = join(directory, 'kept');
  const destinations = new FileDestinations({
    byType: new Map([['any', { targetDirectory, overrideExisting: false }]]),
    ...{ sizeMaxBytes: 1000, random: realRandomness(), space: new DiskSpace() },
  });
  const header = { message_type: 'any', with_file: { dst_type: 'any', dst_name: 'caf\udce9.txt' } };
  const none = Buffer.alloc(0);
  const told: string[] = [];
  const sink = await destinations.receive(
    { header, headerBytes: none, data: none, binary: none },
    6,
    (what) => told.push(what),
  );
  await sink.write(Buffer.from('coffee'));
  await sink.end();
  assert.deepEqual(told, [`the name of a message's file is not UTF-8: it is stored as "caf_.txt"`]);
  assert.equal(readFileSync(join(targetDirectory, 'caf_.txt'), 'utf8'), 'coffee');
});
