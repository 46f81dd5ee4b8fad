/**
 * Kills with -9, one at a time, any of four processes while numbers go from a program over two connectors to another
 * program: at a random moment, or, of connectors, right before or after a write, a sync or an acknowledgement. What was
 * confirmed must come, once and in order: `npm run campaign:kills-everywhere -- [KILLS] [SEED] [MESSAGES_A_KILL]`, or
 * `full [PART/PARTS]` of 1,000 kills.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../helpers/simulated-world.ts';
import { makeTempDir, removeDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { campaignLength } from './campaign-length.ts';
import { NotedNumbers } from './noted-numbers.ts';
import { type Role, StoredPair } from './stored-pair.ts';
import { Victim } from './victim.ts';

const { count: cycles, seed } = campaignLength(process.argv.slice(2), { usual: 100, full: 1_000 });
const perCycle = Number(process.argv[4] ?? 1_000);
const random = seededRandom(seed);
const below = (bound: number): number => Math.floor(random.fraction() * bound);
const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;

const KILL_AT = new URL('../fixtures/kill-at.mjs', import.meta.url).href;
const MODERATE = '1000';

const directory = makeTempDir();
const notes = new NotedNumbers(directory);
const pair = await StoredPair.make();

let run = 0;
const sender = new Victim('send-numbers.ts', () => [pair.configFile('client'), notes.sent, String(run)]);
const listener = new Victim('hear-numbers.ts', () => [pair.configFile('server'), notes.heard]);
const counts = new Map<string, number>();

async function killOne(pace: string): Promise<string> {
  const role = pick<Role>(['server', 'client']);
  switch (below(4)) {
    case 0:
      await sender.kill();
      run += 1;
      await sender.start();
      sender.say(pace);
      return 'the sender';
    case 1:
      await listener.kill();
      await listener.start();
      return 'the listener';
    case 2:
      await pair.kill(role);
      await pair.start(role);
      return `the ${role}, at any moment`;
    default: {
      // It is started so that it will die at a certain call, and then without that.
      const point = `${pick(['write', 'sync', 'ack'])}:${pick(['before', 'after'])}`;
      await pair.kill(role);
      await dieAt(role, `${point}:${1 + below(200)}`);
      await pair.start(role);
      return `the ${role}, ${point.replace(':', ' ')}`;
    }
  }
}

/** Starts it so that it dies at this call, which comes soon where messages go through. */
async function dieAt(role: Role, call: string): Promise<void> {
  const [confirmed, heard] = [notes.confirmedCount, notes.heardCount];
  await pair.startDoomed(role, { KILL_AT: call }, KILL_AT).catch((cause: unknown) => {
    const went = `${notes.confirmedCount - confirmed} were confirmed and ${notes.heardCount - heard} heard`;
    throw new Error(`the ${role} did not die at ${call}, while ${went}`, { cause });
  });
}

function tellProgress(done: number): void {
  const { confirmed, heard, twice, late } = notes.outcome();
  console.log(
    `${done} kills: ${confirmed} confirmed, ${heard} heard so far, ${twice} twice, ${late} out of order`,
  );
}

try {
  await Promise.all([pair.start('server'), pair.start('client')]);
  await Promise.all([sender.start(), listener.start()]);
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    const pace = cycle % 2 === 0 ? 'full' : MODERATE;
    sender.say(pace);
    await delay(random.fraction() * 200);
    const killed = await killOne(pace);
    counts.set(killed, (counts.get(killed) ?? 0) + 1);
    await notes.heardMore(perCycle);
    if ((cycle + 1) % 20 === 0) tellProgress(cycle + 1);
  }
  sender.say('0');
  await waitFor(() => notes.outcome().lost === 0, { what: 'the rest', timeoutMs: 120_000 }).catch(
    () => undefined,
  );
  const { confirmed, lost, twice, late } = notes.outcome();
  console.log(
    `seed ${seed}, ${cycles} kills: ${[...counts].map(([what, count]) => `${count} × ${what}`).join('; ')}`,
  );
  console.log(`${confirmed} confirmed, ${lost} lost, ${twice} twice, ${late} out of order`);
  if (lost + twice + late > 0) process.exitCode = 1;
} finally {
  await sender.kill();
  await listener.kill();
  pair.end();
  removeDir(directory);
}
process.exit();
