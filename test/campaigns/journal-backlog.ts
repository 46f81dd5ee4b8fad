/**
 * A large backlog on the real disk: appends it in batches, opens it in a process of its own, reads all of it in order and
 * acknowledges it: `npm run campaign:journal-backlog -- [MESSAGES] [BYTES] [DURABILITY]`. Says the rates and the memory.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { realDisk } from '../../engine/base/real-disk.ts';
import { realClock, realRandomness } from '../../engine/base/real-ports.ts';
import type { Durability } from '../../engine/config/shapes.ts';
import { Journal } from '../../engine/storage/journal/journal.ts';
import type { Batch } from '../../engine/storage/store.ts';
import { makeTempDir, removeDir } from '../helpers/temp-dir.ts';

const records = Number(process.argv[2] ?? 1_000_000);
const bytes = Number(process.argv[3] ?? 100);
const durability = (process.argv[4] ?? 'batch') as Durability;
const [part, given] = [process.argv[5], process.argv[6]];
const BATCH = 500;
const BATCHES_PER_ROUND = 8;
const ACK_EACH = 100;

function openJournal(directory: string): Promise<Journal> {
  return Journal.open({
    disk: realDisk(),
    clock: realClock(),
    random: realRandomness(),
    directory,
    durability,
  });
}

/** The most memory that this process has ever held, where the system says it. */
function peakMib(): number {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
  return Math.round(Number(line?.[1] ?? process.memoryUsage().rss / 1024) / 1024);
}

function told(what: string, startedMs: number, count = records): void {
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(
    `${what}: ${Math.round(count / seconds).toLocaleString('en')} a second, at most ${peakMib()} MiB held`,
  );
}

async function append(directory: string): Promise<void> {
  const journal = await openJournal(directory);
  const startedMs = performance.now();
  for (let first = 0; first < records; first += BATCHES_PER_ROUND * BATCH) {
    const batches = Array.from({ length: BATCHES_PER_ROUND }, (_, at) => batchFrom(first + at * BATCH));
    await Promise.all(batches.map((batch) => journal.append('out/alice/news', [batch])));
  }
  told(`appended in batches of ${BATCH} (${durability})`, startedMs);
  await journal.close();
}

function payload(number: number): Buffer {
  const made = Buffer.alloc(bytes, 'x');
  made.writeUInt32LE(number, 0);
  return made;
}

function batchFrom(first: number): Batch {
  const messages = Array.from({ length: BATCH }, (_, index) => payload(first + index));
  return { count: BATCH, head: Buffer.alloc(0), records: Buffer.concat(messages) };
}

async function drain(directory: string): Promise<void> {
  console.log(`before anything: at most ${peakMib()} MiB held`);
  const openedMs = performance.now();
  const journal = await openJournal(directory);
  told('opened', openedMs);
  const startedMs = performance.now();
  let after = 0;
  let count = 0;
  for (;;) {
    const found = await journal.read('out/alice/news', after, 1024 * 1024);
    if (found.length === 0) break;
    for (const batch of found) {
      for (let index = 0; index < batch.count; index += 1) {
        assert.equal(batch.records.readUInt32LE(index * bytes), count, 'in order');
        count += 1;
        after = batch.position + index;
        if (count % ACK_EACH === 0) await journal.ack('out/alice/news', after);
      }
    }
  }
  await journal.ack('out/alice/news', after);
  told(`read in order, and acknowledged each ${ACK_EACH}`, startedMs);
  assert.ok(count >= records);
  assert.equal((await journal.stat('out/alice/news')).count, 0);
  const { segments } = journal.condition;
  await journal.close();
  console.log(`${count} messages read; segments left: ${segments}`);
}

async function single(directory: string): Promise<void> {
  const journal = await openJournal(directory);
  const startedMs = performance.now();
  const count = Math.min(records, 50_000);
  for (let first = 0; first < count; first += 256) {
    const appends = Array.from({ length: 256 }, (_, index) =>
      journal.append('in/news', [{ count: 1, head: Buffer.alloc(0), records: payload(first + index) }]),
    );
    await Promise.all(appends);
  }
  told('appended one by one, 256 under way', startedMs, count);
  await journal.close();
}

const PARTS = { append, drain, single };

if (part !== undefined) await PARTS[part as keyof typeof PARTS](given as string);
else {
  const directory = makeTempDir();
  try {
    for (const name of Object.keys(PARTS)) {
      const args = [String(records), String(bytes), durability, name, directory];
      const child = fork(fileURLToPath(import.meta.url), args, { execArgv: ['--import', 'tsx'] });
      const code = await new Promise((resolve) => child.on('exit', resolve));
      if (code !== 0) process.exitCode = 1;
    }
  } finally {
    removeDir(directory);
  }
}
