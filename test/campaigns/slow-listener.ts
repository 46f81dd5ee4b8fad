/**
 * A program sends as fast as it is let, and the listener at the other end needs its time for each message and is killed
 * twice: `npm run campaign:slow-listener -- [MESSAGES] [DELAY_MS] [QUEUE_MB]`. Says what came of them, how far the sender
 * was held back, and what memory it took. A queue holds as many bytes as a quarter of the messages has without anything
 * besides, so never more than that many messages, unless another bound is given, under which the sender need not wait.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ConnectorRemoteTool } from '../../engine/index.ts';
import { makeTempDir, removeDir } from '../helpers/temp-dir.ts';
import { NotedNumbers } from './noted-numbers.ts';
import { numberedTextBytes } from './numbered-text.ts';
import { type Role, StoredPair } from './stored-pair.ts';
import { Victim } from './victim.ts';

const messages = Number(process.argv[2] ?? 200_000);
const delayMs = Number(process.argv[3] ?? 2);
const RUN = '0';
const queueMb = Number(process.argv[4] ?? 0);
const queueBytes = queueMb * 1024 ** 2 || Math.ceil(numberedTextBytes(RUN, messages) / 4);
const MEMORY_MB = 150;
const SAMPLE_MS = 500;
/** Of an outbox memory holds so many; the others are on the disk only. */
const WINDOW = 1_024;
/** A listener's start, and what a busy machine adds to each of its timers. */
const patienceMs = 120_000 + messages * delayMs * 3;

const directory = makeTempDir();
const notes = new NotedNumbers(directory);
const bounds = { max_size_persistence_path: queueBytes };
const pair = await StoredPair.make({ server: bounds, client: bounds });
const sender = new Victim('send-numbers.ts', () => [
  pair.configFile('client'),
  notes.sent,
  RUN,
  String(messages),
]);
const listener = new Victim('hear-numbers.ts', () => [
  pair.configFile('server'),
  notes.heard,
  String(delayMs),
]);

const most = { server: 0, client: 0, sender: 0, listener: 0, 'client’s outbox': 0, 'server’s inbox': 0 };
const note = (what: keyof typeof most, value: number): void => {
  most[what] = Math.max(most[what], value);
};
const toolOf = (role: Role): Promise<ConnectorRemoteTool> =>
  ConnectorRemoteTool.fromConfig(pair.configFile(role));

async function sample(): Promise<void> {
  for (const role of ['server', 'client'] as const) {
    note(role, pair.memoryMb(role, 'VmRSS'));
    note(role, pair.memoryMb(role, 'VmHWM'));
  }
  note('sender', sender.memoryMb);
  note('listener', listener.memoryMb);
  const [there, here] = [
    await (await toolOf('server')).peekQueues(),
    await (await toolOf('client')).peekQueues(),
  ];
  note('server’s inbox', there.queueRecv);
  for (const depth of Object.values(here.queueSend)) note('client’s outbox', depth);
}

/** Samples until so many have been heard, or nothing has happened for too long. */
async function until(count: number): Promise<void> {
  const end = performance.now() + patienceMs;
  while (notes.heardCount < count && performance.now() < end) {
    await sample();
    await delay(SAMPLE_MS);
  }
}

async function killListener(): Promise<void> {
  const { confirmed, heard } = notes.outcome();
  console.log(`${confirmed} confirmed, ${heard} heard: the listener is killed`);
  await listener.kill();
  await listener.start();
}

const failures: string[] = [];
const must = (holds: boolean, otherwise: string): void => void (holds || failures.push(otherwise));

try {
  await Promise.all([pair.start('server'), pair.start('client')]);
  await Promise.all([sender.start(), listener.start()]);
  await pair.connected();
  const startedMs = performance.now();
  sender.say('full');
  await until(messages / 3);
  must(queueMb > 0 || !sender.hasSaid('done'), 'the sender was not held back');
  await killListener();
  await until(messages * 0.95);
  await killListener();
  await until(messages);
  await sample();
  const eachMs = (performance.now() - startedMs) / messages;
  const { confirmed, heard, lost, twice, late } = notes.outcome();
  console.log(
    `${confirmed} confirmed, ${heard} received, ${lost} lost, ${twice} twice, ${late} out of order; ${eachMs.toFixed(2)} ms each`,
  );
  for (const who of ['server', 'client', 'sender', 'listener'] as const)
    console.log(`  ${most[who].toFixed(0)} MB the ${who} at most`);
  for (const queue of ['client’s outbox', 'server’s inbox'] as const)
    console.log(`  ${most[queue]} messages in the ${queue} at most`);
  must(sender.hasSaid('done') && confirmed === messages, `${messages - confirmed} were not confirmed`);
  must(lost + twice + late === 0, 'not each once and in order');
  must(queueMb > 0 || most['client’s outbox'] > WINDOW, 'nothing waited on the client’s disk');
  must(Math.max(most.server, most.client) < MEMORY_MB, `a daemon took more than ${MEMORY_MB} MB`);
  console.log(failures.length === 0 ? 'OK' : `NOT OK: ${failures.join('; ')}`);
  if (failures.length > 0) process.exitCode = 1;
} finally {
  await sender.kill();
  await listener.kill();
  pair.end();
  removeDir(directory);
}
process.exit();
