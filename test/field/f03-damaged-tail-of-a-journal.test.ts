import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { realDisk } from '../../engine/base/real-disk.ts';
import { realClock, realRandomness } from '../../engine/base/real-ports.ts';
import { Journal } from '../../engine/storage/journal/journal.ts';
import { readAll } from '../helpers/batches.ts';
import { makeTempDir, removeDir, tempDir } from '../helpers/temp-dir.ts';
import { testProgram } from '../helpers/test-program.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const WRITER = testProgram('test/fixtures/batch-writer.ts');
const COUNT = 200;
const SEGMENT = '0000000001.segment';

/** A process stored 200 messages in one batch, was told that they are stored, and was killed: what is left. */
const left = makeTempDir();
after(() => removeDir(left));
before(() => {
  const writer = spawnSync(process.execPath, [...WRITER, left, String(COUNT)]);
  assert.equal(writer.signal, 'SIGKILL', writer.stderr.toString());
});

/** A copy of it. */
function storedAndKilled(t: TestContext): string {
  const directory = tempDir(t);
  cpSync(left, directory, { recursive: true });
  return directory;
}

function verify(directory: string): { readonly status: number | null; readonly stdout: string } {
  const run = spawnSync(process.execPath, [CLI, 'log', 'verify', directory], { encoding: 'utf8' });
  return { status: run.status, stdout: run.stdout };
}

async function numbersKept(directory: string): Promise<number[]> {
  const common = { disk: realDisk(), clock: realClock(), random: realRandomness() };
  const journal = await Journal.open({ ...common, directory });
  const batches = await readAll(journal, 'out/bob/letters');
  await journal.close();
  return batches.map(({ records }) => Number(/^letter (\d+) x+$/.exec(records.toString())?.[1]));
}

/** All before `kept`. */
const upTo = (kept: number): number[] => Array.from({ length: kept }, (_, number) => number);

test('the last 60 bytes of a segment zeroed take none of the 200 that were stored together', async (t) => {
  const directory = storedAndKilled(t);
  const path = join(directory, SEGMENT);
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0, bytes.length - 60));
  const { status, stdout } = verify(directory);
  assert.equal(status, 1, stdout);
  assert.match(stdout, /lost: no known message/);
  assert.doesNotMatch(stdout, /never confirmed|fine/);
  assert.deepEqual(await numbersKept(directory), upTo(COUNT));
});

test('the last message of 200 that were stored together zeroed takes this one', async (t) => {
  const directory = storedAndKilled(t);
  const path = join(directory, SEGMENT);
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0, bytes.lastIndexOf('letter 199')));
  const { status, stdout } = verify(directory);
  assert.equal(status, 1, stdout);
  assert.match(stdout, /lost: at least 1 message, perhaps already acknowledged to the sender/);
  assert.deepEqual(await numbersKept(directory), upTo(COUNT - 1));
});

test('the last 3,000 bytes of a segment zeroed take the messages that lay there', async (t) => {
  const directory = storedAndKilled(t);
  const path = join(directory, SEGMENT);
  const bytes = readFileSync(path);
  const whole =
    bytes
      .subarray(0, bytes.length - 3_000)
      .toString('latin1')
      .split('letter ').length - 2;
  writeFileSync(path, bytes.fill(0, bytes.length - 3_000));
  const { status, stdout } = verify(directory);
  assert.equal(status, 1, stdout);
  const lost = Number(
    /lost: at least (\d+) messages, perhaps already acknowledged to the sender/.exec(stdout)?.[1],
  );
  const kept = await numbersKept(directory);
  assert.deepEqual(kept, upTo(kept.length));
  assert.ok(kept.length >= whole && lost === COUNT - kept.length, `${kept.length} kept, ${lost} lost`);
});

test('zeros behind what a segment holds take nothing, and are no reason to say fine', async (t) => {
  const directory = storedAndKilled(t);
  const path = join(directory, SEGMENT);
  writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(3_000)]));
  assert.equal(verify(directory).status, 1);
  assert.deepEqual(await numbersKept(directory), upTo(COUNT));
});

test('of a segment that was cut to nothing it is said that messages may be lost', async (t) => {
  const directory = storedAndKilled(t);
  truncateSync(join(directory, SEGMENT), 0);
  const { status, stdout } = verify(directory);
  assert.equal(status, 1, stdout);
  assert.match(stdout, /lost: at least 1 message, perhaps already acknowledged to the sender/);
  assert.deepEqual(await numbersKept(directory), []);
});

test('what the start has saved is fine from then on, and the rest lies in quarantine', async (t) => {
  const directory = storedAndKilled(t);
  const path = join(directory, SEGMENT);
  const bytes = readFileSync(path);
  bytes[bytes.indexOf('letter 77 ')] = 0x4c;
  writeFileSync(path, bytes);
  assert.match(verify(directory).stdout, /lost: 1 message/);
  assert.deepEqual(await numbersKept(directory), [...upTo(77), ...upTo(COUNT).slice(78)]);
  const { status, stdout } = verify(directory);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /quarantine: 1 damaged parts/);
});
