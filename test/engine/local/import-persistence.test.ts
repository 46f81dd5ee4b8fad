import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { importPythonPersistence } from '../../../engine/local/python/import-persistence.ts';
import { readPersistenceFile } from '../../../engine/local/python/persistence-file.ts';
import type { ConnectorOwner } from '../../../engine/local/socket-names.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import { storedMessages } from '../../../engine/queues/stored-messages.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import type { Store } from '../../../engine/storage/store.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

interface Vector {
  readonly of: string;
  readonly file: string;
  readonly bytes_b64: string;
}

const vectors = JSON.parse(
  readFileSync(new URL('../../vectors/persistence.json', import.meta.url), 'utf8'),
) as {
  readonly files: readonly Vector[];
};
const SEPARATOR = '@@@PERSISTENCE_SEPARATOR@@@';
const SERVER: ConnectorOwner = { role: 'server', host: '127.0.0.1', port: 45_673 };

interface Taken {
  readonly store: Store;
  readonly events: readonly string[];
}

async function take(directory: string, owner: ConnectorOwner, store: Store = memory()): Promise<Taken> {
  const events: string[] = [];
  const log = { event: (text: string) => void events.push(text), traffic: () => 0, settle: () => undefined };
  const serverWireName = owner.role === 'client' ? "('127.0.0.1', 45674)" : undefined;
  await importPythonPersistence({ directory, owner, serverWireName, store, log });
  return { store, events };
}

function memory(): Store {
  return new MemoryStore(new FakeClock(0));
}

function recorded(t: TestContext): string {
  const directory = tempDir(t);
  for (const { file, bytes_b64 } of vectors.files)
    writeFileSync(join(directory, file), Buffer.from(bytes_b64, 'base64'));
  return directory;
}

const stored = async (store: Store, stream: string) =>
  (await store.read(stream, 0, 1e6)).flatMap((batch) => storedMessages(stream, batch) ?? []);

test('what a Python server left goes to the same clients and listeners, and its files are kept', async (t) => {
  const directory = recorded(t);
  const { store, events } = await take(directory, SERVER);
  assert.deepEqual([...(await store.streams())].sort(), ['in/type1', 'out/a-b_c:d/any', 'out/client1/any']);
  const toClient = await stored(store, 'out/client1/any');
  assert.deepEqual(
    toClient.map(({ data, binary }) => [data.toString(), binary?.toString()]),
    [
      ['off0', undefined],
      ['off1', undefined],
      ['off2', 'B'],
    ],
  );
  assert.equal(toClient[1]?.header['wait_for_ack'], true);
  const [withFile] = await stored(store, 'out/a-b_c:d/any');
  assert.match(JSON.stringify(withFile?.header['with_file']), /"src_path":"w\/f.txt"/);
  const waiting = await stored(store, 'in/type1');
  assert.deepEqual(
    waiting.map(({ data }) => data.toString()),
    ['rp0', 'rp1', 'rp2'],
  );
  assert.ok(waiting.every(({ header }) => header.message_type === 'type1'));
  const names = readdirSync(directory);
  assert.equal(names.filter((name) => name.endsWith('.imported')).length, 3);
  assert.equal(names.length, 4, 'the file of another connector is left alone');
  assert.equal(events.length, 3);
});

test('what a Python client left goes to its server', async (t) => {
  const owner = { role: 'client', name: 'long-name_0123456789-0123456789-0123456789-x' } as const;
  const { store } = await take(recorded(t), owner);
  assert.deepEqual(await store.streams(), ["out/('127.0.0.1', 45674)/any"]);
});

test('a file whose taking over was cut off is not taken twice', async (t) => {
  const directory = recorded(t);
  const store = memory();
  const source = vectors.files.find(({ file }) => file.endsWith('client1')) as Vector;
  await take(directory, SERVER, store);
  // As if the crash had come before the renaming.
  const path = join(directory, source.file);
  renameSync(`${path}.imported`, path);
  await take(directory, SERVER, store);
  assert.equal((await stored(store, 'out/client1/any')).length, 3);
});

test('a message with the longest header that Python can store is taken over like any other', async (t) => {
  const directory = tempDir(t);
  const { file: source } = vectors.files.find(({ file }) => file.endsWith('client1')) as Vector;
  const longest = pythonRecord('long', { tag: 'x'.repeat(65_400) });
  writeFileSync(join(directory, source), Buffer.concat([pythonRecord('1'), longest, pythonRecord('2')]));
  const { store } = await take(directory, SERVER);
  const texts = (await stored(store, 'out/client1/any')).map(({ data }) => data.toString());
  assert.deepEqual(texts, ['1', 'long', '2']);
});

/** A message as Python stores it. */
function pythonRecord(text: string, more: Readonly<Record<string, string>> = {}): Buffer {
  const header = { message_type: 'any', source_id: 's', destination_id: 'client1', ...more };
  return Buffer.concat([Buffer.from(SEPARATOR), encodeFrame({ header, data: Buffer.from(text) })]);
}

test('wherever a file is cut or damaged, every message that is whole is found', async (t) => {
  const directory = tempDir(t);
  const path = join(directory, 'file');
  const texts = ['one', 'two', '', SEPARATOR.slice(0, 10), 'five'];
  const whole = Buffer.concat(texts.map((text) => pythonRecord(text)));
  const read = async (bytes: Buffer): Promise<{ found: string[]; damaged: number }> => {
    writeFileSync(path, bytes);
    const found: string[] = [];
    let damaged = 0;
    for await (const part of readPersistenceFile(path))
      if (part.kind === 'message') found.push(part.frame.data.toString());
      else damaged += part.sizeBytes;
    return { found, damaged };
  };
  assert.deepEqual(await read(whole), { found: texts, damaged: 0 });
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const cut = await read(whole.subarray(0, at));
      assert.deepEqual(cut.found, texts.slice(0, cut.found.length));
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] as number) ^ flip;
      const { found } = await read(flipped);
      const touched = texts.findIndex(
        (_, index) => at < Buffer.concat(texts.slice(0, index + 1).map((text) => pythonRecord(text))).length,
      );
      const others = texts.filter((_, index) => index !== touched && index !== touched - 1);
      for (const text of others) assert.ok(found.includes(text), `${text} in ${found.join()}`);
    }),
    { numRuns: 150 },
  );
});
