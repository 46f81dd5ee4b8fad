/**
 * Files cross between two daemons over mutual TLS: `npm run campaign:files -- [MIB] [CUTS] [KILLS] [SEED]`, or `full`:
 * 1 GiB, 20 cuts and 3 kills of each connector.
 * 1. Undisturbed: messages that may overtake a file do so.
 * 2. Ten at once, beside 1,000 messages a second: no message is late.
 * 3. The link is cut and both daemons are killed with -9: the file arrives with the same digest, without much of it being
 *    sent twice.
 */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, createReadStream, fsyncSync, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS } from '../../engine/base/limits.ts';
import type { ConnectorAPI, ReceivedMessage } from '../../engine/index.ts';
import { FaultyRelay } from '../helpers/faulty-relay.ts';
import { seededRandom } from '../helpers/simulated-world.ts';
import { makeTempDir, removeDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { medianOf, Probe } from './files/probe.ts';
import { SteadyFlow } from './files/steady-flow.ts';
import { Wire } from './files/wire.ts';
import { type Role, StoredPair } from './stored-pair.ts';

const MIB = 1024 * 1024;
const [first = '64', ...others] = process.argv.slice(2);
const [megabytes = 0, cuts = 0, kills = 0, seed = Date.now() % 1_000_000] =
  first === 'full'
    ? [1_024, 20, 3, ...others.map(Number)]
    : [first, ...(others.length > 0 ? others : ['4', '1'])].map(Number);
const random = seededRandom(seed);
const sizeBytes = megabytes * MIB;
const MEMORY_MB = 120;
const LATENCY_FACTOR = 4;
const PROBES = 20;
const AT_ONCE = 10;
const MESSAGES_A_SECOND = 1_000;
const IDLE_MS = 4_000;
const LATEST_FACTOR = 10;
const TYPES = ['file', 'other', 'any order', 'steady'];
/** What is on its way when a link is cut, and what a receiver that is killed has not noted. */
const AGAIN_BYTES = LIMITS.transferMaxBytes + 4 * MIB;

interface World {
  readonly pair: StoredPair;
  readonly wire: Wire;
  readonly sender: ConnectorAPI;
  readonly listener: ConnectorAPI;
  readonly target: string;
  /** The messages with files that have arrived. */
  readonly files: ReceivedMessage[];
  /** All others. */
  readonly heard: string[];
  readonly probes: readonly Probe[];
  readonly flow: SteadyFlow;
}

function makeFile(path: string, count: number): string {
  const hash = createHash('sha256');
  const file = openSync(path, 'w');
  for (let written = 0; written < count; written += 1) {
    const piece = randomBytes(MIB);
    hash.update(piece);
    writeSync(file, piece);
  }
  // Otherwise the system would write it while latencies are measured.
  fsyncSync(file);
  closeSync(file);
  return hash.digest('hex');
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: MIB })) hash.update(chunk);
  return hash.digest('hex');
}

const failures: string[] = [];
function check(isRight: boolean, what: string): void {
  console.log(`${isRight ? 'ok  ' : 'FAIL'} ${what}`);
  if (!isRight) failures.push(what);
}

const memoryMb: Record<Role, number> = { server: 0, client: 0 };

function noteMemory({ pair }: World, when: string): void {
  const most = (['server', 'client'] as const).map((role) => {
    const mb = pair.memoryMb(role, 'VmHWM');
    memoryMb[role] = Math.max(memoryMb[role], mb);
    return `${role} ${mb.toFixed(0)} MB`;
  });
  console.log(`     ${when}: ${most.join(', ')} of memory at most`);
}

async function makeWorld(): Promise<World> {
  const target = makeTempDir();
  const pair = await StoredPair.make({
    client: { send_message_types: TYPES, everybody_can_send_messages: false },
    server: { recv_message_types: TYPES, file_recv_config: { any: { target_directory: target } } },
  });
  const wire = new Wire(await FaultyRelay.start(pair.port));
  pair.callThrough(wire.relay.port);
  await pair.start('server');
  await pair.start('client');
  await pair.connected();
  const [sender, listener] = [await pair.program('client'), await pair.program('server')];
  const probes = ['other', 'any order'].map(
    (type) => new Probe(type, (data) => sender.send({ messageType: type, data })),
  );
  const flow = new SteadyFlow(MESSAGES_A_SECOND, (data) => sender.send({ messageType: 'steady', data }));
  const world: World = { pair, wire, sender, listener, target, files: [], heard: [], probes, flow };
  const listen = (type: string, probe?: Pick<Probe, 'take'>): Promise<unknown> =>
    listener.listen(type, (message) => {
      if (message.withFile !== undefined) world.files.push(message);
      else world.heard.push(`${type}: ${message.text()}, behind ${world.files.length} files`);
      if (message.withFile === undefined) probe?.take(message.text());
    });
  await listen('file');
  for (const probe of probes) await listen(probe.name, probe);
  await listen('steady', flow);
  return world;
}

async function sendFile({ sender }: World, type: string, path: string, dstName: string): Promise<void> {
  const inOrder = type === 'file';
  await sender.send({
    messageType: type,
    data: 'the file',
    withFile: { srcPath: path, dstType: 'any', dstName, inOrder },
  });
}

async function arrived({ files }: World, count: number): Promise<void> {
  await waitFor(() => files.length >= count, { what: `${count} files`, timeoutMs: 400_000 });
}

/** Undisturbed: messages overtake. */
async function overtake(world: World, source: string): Promise<void> {
  const { wire, probes, sender, heard, files } = world;
  const medians = (): Promise<number[]> => Promise.all(probes.map((probe) => probe.median(PROBES)));
  await medians();
  for (const type of ['file', 'any order'] as const) {
    const idleMs = await medians();
    const [before, already] = [wire.bytes, files.length];
    const isUnderWay = new Promise<void>((resolve) => wire.after(sizeBytes / 20, resolve));
    await sendFile(world, type, source, type);
    if (type === 'file') await sender.send({ messageType: type, data: 'behind' });
    await isUnderWay;
    const busyMs = await medians();
    check(wire.bytes - before < sizeBytes, `messages were sent while a file of ${type} crossed`);
    probes.forEach((probe, index) => {
      const [idle = 0, busy = 0] = [idleMs[index], busyMs[index]];
      const text = `a message of ${probe.name} took ${busy.toFixed(1)} ms, ${idle.toFixed(1)} ms when idle`;
      check(busy <= LATENCY_FACTOR * idle, `beside ${type}: ${text}`);
    });
    await arrived(world, already + 1);
  }
  const behind = (): string | undefined => heard.find((text) => text.startsWith('file: behind'));
  await waitFor(behind, { what: 'the message behind', timeoutMs: 10_000 });
  check(behind() === 'file: behind, behind 1 files', 'the same type stays in order');
  noteMemory(world, 'undisturbed');
}

/** Ten at once, beside many messages. */
async function tenAtOnce(world: World, source: string): Promise<void> {
  const { flow, files, wire } = world;
  const allArrived = (isAll: () => boolean): Promise<unknown> =>
    waitFor(isAll, { what: 'all messages', timeoutMs: 60_000 });
  const during = async (isEnough: () => boolean): Promise<number[]> => {
    const from = flow.tookMs.length;
    await flow.run(isEnough, allArrived);
    return flow.tookMs.slice(from);
  };
  const idleUntil = performance.now() + IDLE_MS;
  const idle = await during(() => performance.now() > idleUntil);
  const before = files.length;
  const startedAt = performance.now();
  const bytes = wire.bytes;
  await Promise.all(
    Array.from({ length: AT_ONCE }, (_, index) => sendFile(world, 'any order', source, `ten-${index}`)),
  );
  const busy = await during(() => files.length >= before + AT_ONCE);
  const seconds = (performance.now() - startedAt) / 1000;
  const rate = (wire.bytes - bytes) / MIB / seconds;
  const [latestMs, medianMs] = [Math.max(...busy), medianOf(idle)];
  const sorted = [...busy].sort((a, b) => a - b);
  const at = (part: number): string => `${(sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(1)} ms`;
  console.log(
    `     ${AT_ONCE} files in ${seconds.toFixed(1)} s, ${rate.toFixed(0)} MiB/s, beside ${busy.length} messages`,
  );
  console.log(
    `     of them: median ${at(0.5)}, 99 % ${at(0.99)}, 99.9 % ${at(0.999)}; idle: latest ${Math.max(...idle).toFixed(1)} ms`,
  );
  check(flow.refused === 0 && flow.isInOrder, 'all messages arrived, in order');
  const text = `the latest took ${latestMs.toFixed(1)} ms, the median is ${medianMs.toFixed(1)} ms when idle`;
  check(latestMs <= LATEST_FACTOR * medianMs, text);
  noteMemory(world, 'ten at once');
}

/** Cuts and kills in any order, evenly spread over the file, each in the moment when its bytes have gone through. */
async function breakIt(world: World, isOver: () => boolean): Promise<number> {
  const { pair, wire } = world;
  const killOne = async (role: Role): Promise<void> => {
    noteMemory(world, `before the ${role} is killed`);
    await pair.kill(role);
    await pair.start(role);
  };
  const faults: (() => unknown)[] = [
    ...Array.from({ length: cuts }, () => () => wire.relay.cut()),
    ...Array.from({ length: kills }, () => () => killOne('client')),
    ...Array.from({ length: kills }, () => () => killOne('server')),
  ];
  const step = sizeBytes / (faults.length + 2);
  for (const until = performance.now() + 400_000; faults.length > 0; ) {
    const [fault] = faults.splice(Math.floor(random.fraction() * faults.length), 1);
    let done: Promise<unknown> | undefined;
    wire.after(step * (0.5 + random.fraction() / 2), () => {
      done = Promise.resolve(fault?.());
    });
    await waitFor(() => done !== undefined || isOver() || performance.now() > until, {
      what: 'bytes on the wire',
      timeoutMs: 120_000,
    });
    if (done === undefined) break;
    await done;
  }
  return faults.length;
}

/** Broken again and again. */
async function broken(world: World, source: string): Promise<void> {
  const { wire, files } = world;
  const before = wire.bytes;
  const already = files.length;
  const startedAt = performance.now();
  await sendFile(world, 'file', source, 'broken');
  const left = await breakIt(world, () => files.length > already);
  await arrived(world, already + 1);
  const seconds = (performance.now() - startedAt) / 1000;
  const sentBytes = wire.bytes - before;
  const mostBytes = sizeBytes + (cuts + 2 * kills) * AGAIN_BYTES + 4 * MIB;
  console.log(
    `seed ${seed}: ${megabytes} MiB, ${cuts} cuts, ${kills} kills of each connector, ${seconds.toFixed(0)} s`,
  );
  check(left === 0, 'all cuts and kills fell into the file');
  check(sentBytes <= mostBytes, `${(sentBytes / MIB).toFixed(1)} MiB sent, at most ${mostBytes / MIB}`);
  noteMemory(world, 'at the end');
}

const directory = makeTempDir();
const [source, part] = [join(directory, 'source'), join(directory, 'part')];
const digests = [makeFile(source, megabytes), makeFile(part, Math.ceil(megabytes / AT_ONCE))];
const world = await makeWorld();
const { pair, wire, target, files } = world;
try {
  await overtake(world, source);
  await tenAtOnce(world, part);
  await broken(world, source);
  check(
    files.every(({ withFile }) => withFile?.['file_error'] === undefined),
    'no file failed',
  );
  const names = readdirSync(target);
  check(names.length === 3 + AT_ONCE, `${3 + AT_ONCE} files, nothing else: ${names.join(', ')}`);
  for (const name of names) {
    const isRight = (await digestOf(join(target, name))) === digests[name.startsWith('ten') ? 1 : 0];
    if (!isRight) check(false, `${name}: digest`);
  }
  check(true, 'digests compared');
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
