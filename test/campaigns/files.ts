/**
 * A file crosses between two daemons over mutual TLS while the link is cut and both are killed with -9:
 * `npm run campaign:files -- [MIB] [CUTS] [KILLS] [SEED]`, or `full`: 1 GiB, 20 cuts and 3 kills of each connector. It must
 * arrive with the same digest, without much of it being sent twice, and messages that may overtake it must do so.
 */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, createReadStream, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS } from '../../engine/base/limits.ts';
import type { ConnectorAPI, ReceivedMessage } from '../../engine/index.ts';
import { FaultyRelay } from '../helpers/faulty-relay.ts';
import { seededRandom } from '../helpers/simulated-world.ts';
import { makeTempDir, removeDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { type Role, StoredPair } from './stored-pair.ts';

const MIB = 1024 * 1024;
const [first = '64', ...others] = process.argv.slice(2);
const [megabytes = 0, cuts = 0, kills = 0, seed = Date.now() % 1_000_000] =
  first === 'full' ? [1_024, 20, 3] : [first, ...(others.length > 0 ? others : ['4', '1'])].map(Number);
const random = seededRandom(seed);
const sizeBytes = megabytes * MIB;
const MEMORY_MB = 120;
const LATENCY_FACTOR = 4;
const PROBES = 20;
/** What is on its way when a link is cut, and what a receiver that is killed has not noted. */
const AGAIN_BYTES = LIMITS.transferMaxBytes + 4 * MIB;

function makeFile(path: string): string {
  const hash = createHash('sha256');
  const file = openSync(path, 'w');
  for (let written = 0; written < megabytes; written += 1) {
    const piece = randomBytes(MIB);
    hash.update(piece);
    writeSync(file, piece);
  }
  closeSync(file);
  return hash.digest('hex');
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: MIB })) hash.update(chunk);
  return hash.digest('hex');
}

/** The relay in front of the server, which also counts. */
class Wire {
  bytes = 0;
  readonly relay: FaultyRelay;

  constructor(relay: FaultyRelay) {
    this.relay = relay;
    relay.onForward = (count) => {
      this.bytes += count;
    };
  }

  /** When so many more bytes have gone through. */
  async more(bytes: number): Promise<void> {
    const from = this.bytes;
    await waitFor(() => this.bytes - from >= bytes, { what: 'bytes on the wire', timeoutMs: 120_000 });
  }
}

/** Sends one message after another and notes how long each takes to its listener. */
class Probe {
  readonly name: string;
  readonly #send: (text: string) => Promise<unknown>;
  #arrived = (_text: string): void => undefined;

  constructor(name: string, send: (text: string) => Promise<unknown>) {
    this.name = name;
    this.#send = send;
  }

  take(text: string): void {
    this.#arrived(text);
  }

  async once(text: string): Promise<number> {
    const arrived = new Promise<void>((resolve) => {
      this.#arrived = (heard) => {
        if (heard === text) resolve();
      };
    });
    const startedAt = performance.now();
    await this.#send(text);
    await arrived;
    return performance.now() - startedAt;
  }

  async median(count: number): Promise<number> {
    const tookMs: number[] = [];
    for (let index = 0; index < count; index += 1) tookMs.push(await this.once(`${this.name} ${index}`));
    return tookMs.sort((a, b) => a - b)[count >> 1] ?? Number.NaN;
  }
}

const directory = makeTempDir();
const target = makeTempDir();
const pair = await StoredPair.make({
  client: { send_message_types: ['file', 'other', 'any order'], everybody_can_send_messages: false },
  server: {
    recv_message_types: ['file', 'other', 'any order'],
    file_recv_config: { any: { target_directory: target } },
  },
});
const wire = new Wire(await FaultyRelay.start(pair.port));
pair.callThrough(wire.relay.port);
const failures: string[] = [];
const check = (isRight: boolean, what: string): void => {
  console.log(`${isRight ? 'ok  ' : 'FAIL'} ${what}`);
  if (!isRight) failures.push(what);
};
const memoryMb: Record<Role, number> = { server: 0, client: 0 };

function noteMemory(): void {
  for (const role of ['server', 'client'] as const)
    memoryMb[role] = Math.max(memoryMb[role], pair.memoryMb(role, 'VmHWM'));
}

async function killOne(role: Role): Promise<void> {
  noteMemory();
  await pair.kill(role);
  await pair.start(role);
}

/** Cuts and kills in any order, evenly spread over the file. */
async function breakIt(): Promise<void> {
  const faults: (() => unknown)[] = [
    ...Array.from({ length: cuts }, () => () => wire.relay.cut()),
    ...Array.from({ length: kills }, () => () => killOne('client')),
    ...Array.from({ length: kills }, () => () => killOne('server')),
  ];
  const step = sizeBytes / (faults.length + 2);
  while (faults.length > 0) {
    await wire.more(step * (0.5 + random.fraction() / 2));
    const [fault] = faults.splice(Math.floor(random.fraction() * faults.length), 1);
    await fault?.();
  }
}

async function sendFile(api: ConnectorAPI, type: string, path: string, inOrder: boolean): Promise<void> {
  const withFile = { srcPath: path, dstType: 'any', dstName: `${type}-${inOrder}`, inOrder };
  await api.send({ messageType: type, data: 'the file', withFile });
}

try {
  const source = join(directory, 'source');
  const digest = makeFile(source);
  await pair.start('server');
  await pair.start('client');
  await pair.connected();
  const [sender, listener] = [await pair.program('client'), await pair.program('server')];
  const heard: string[] = [];
  const files: ReceivedMessage[] = [];
  const probes = ['other', 'any order'].map(
    (type) => new Probe(type, (data) => sender.send({ messageType: type, data })),
  );
  const listen = (type: string, probe?: Probe): Promise<unknown> =>
    listener.listen(type, (message) => {
      if (message.withFile !== undefined) files.push(message);
      heard.push(`${type}: ${message.text()}`);
      probe?.take(message.text());
    });
  await listen('file');
  for (const probe of probes) await listen(probe.name, probe);
  const idleMs = new Map<string, number>();
  for (const probe of probes) {
    await probe.median(PROBES);
    idleMs.set(probe.name, await probe.median(PROBES));
  }

  // Undisturbed: messages overtake.
  for (const [type, inOrder] of [
    ['file', true],
    ['any order', false],
  ] as const) {
    const before = wire.bytes;
    await sendFile(sender, type, source, inOrder);
    if (inOrder) await sender.send({ messageType: type, data: 'behind' });
    await wire.more(sizeBytes / 20);
    const busy = await Promise.all(probes.map(async (probe) => [probe, await probe.median(PROBES)] as const));
    const isCrossing = wire.bytes - before < sizeBytes;
    check(isCrossing, `messages were sent while ${type} crossed`);
    for (const [probe, tookMs] of busy) {
      const idle = idleMs.get(probe.name) ?? 0;
      const text = `beside ${type}: a message of ${probe.name} took ${tookMs.toFixed(1)} ms, ${idle.toFixed(1)} ms when idle`;
      check(tookMs <= LATENCY_FACTOR * idle, text);
    }
    const arrived = (): boolean => heard.includes(`${type}: the file`);
    await waitFor(arrived, { what: 'the file', timeoutMs: 300_000 });
  }
  await waitFor(() => heard.includes('file: behind'), { what: 'the message behind', timeoutMs: 10_000 });
  check(heard.indexOf('file: the file') < heard.indexOf('file: behind'), 'the same type stays in order');
  noteMemory();

  // Broken again and again.
  const before = wire.bytes;
  heard.length = 0;
  const startedAt = performance.now();
  await sendFile(sender, 'file', source, true);
  await breakIt();
  await waitFor(() => heard.includes('file: the file'), { what: 'the file', timeoutMs: 300_000 });
  const seconds = (performance.now() - startedAt) / 1000;
  noteMemory();
  const sentBytes = wire.bytes - before;
  const mostBytes = sizeBytes + (cuts + 2 * kills) * AGAIN_BYTES + 4 * MIB;
  console.log(
    `seed ${seed}: ${megabytes} MiB, ${cuts} cuts, ${kills} kills of each connector, ${seconds.toFixed(0)} s`,
  );
  check(sentBytes <= mostBytes, `${(sentBytes / MIB).toFixed(1)} MiB sent, at most ${mostBytes / MIB}`);
  check(
    files.every(({ withFile }) => withFile?.['file_error'] === undefined),
    'no file failed',
  );
  const names = readdirSync(target);
  check(names.length === 3, `three files, nothing else: ${names.join(', ')}`);
  for (const name of names) check((await digestOf(join(target, name))) === digest, `${name}: digest`);
  for (const role of ['server', 'client'] as const)
    check(memoryMb[role] < MEMORY_MB, `${memoryMb[role].toFixed(0)} MB of memory at most: ${role}`);
} finally {
  pair.end();
  wire.relay.close();
  removeDir(directory);
  removeDir(target);
}
process.exitCode = failures.length > 0 ? 1 : 0;
process.exit();
