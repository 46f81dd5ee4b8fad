/**
 * Kills with -9, one at a time, any of four processes while numbers go from a program over two connectors to another
 * program: at a random moment, or, of connectors, right before or after a write, a sync or an acknowledgement. What was
 * confirmed must come, once and in order: `npm run campaign:kills-everywhere -- [CYCLES] [SEED] [MESSAGES_A_CYCLE]`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../helpers/simulated-world.ts';
import { makeTempDir, removeDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { type Role, StoredPair } from './stored-pair.ts';

const cycles = Number(process.argv[2] ?? 100);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const perCycle = Number(process.argv[4] ?? 1_000);
const random = seededRandom(seed);
const below = (bound: number): number => Math.floor(random.fraction() * bound);
const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;

const PROGRAMS = fileURLToPath(new URL('programs/', import.meta.url));
const KILL_AT = new URL('../fixtures/kill-at.mjs', import.meta.url).href;
const MODERATE = '1000';

const notes = makeTempDir();
const [sentNotes, heardNotes] = [join(notes, 'sent'), join(notes, 'heard')];
const pair = await StoredPair.make();

/** A program in a process of its own, which is killed and started again. */
class Victim {
  readonly #file: string;
  readonly #args: () => readonly string[];
  #process: ChildProcess | undefined;

  constructor(file: string, args: () => readonly string[]) {
    this.#file = file;
    this.#args = args;
  }

  async start(): Promise<void> {
    const args = ['--import', 'tsx', join(PROGRAMS, this.#file), ...this.#args()];
    const started = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process = started;
    let output = '';
    started.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    started.stdin?.on('error', () => undefined);
    await waitFor(() => output.includes('ready'), { what: this.#file, timeoutMs: 30_000 });
  }

  say(line: string): void {
    this.#process?.stdin?.write(`${line}\n`);
  }

  async kill(): Promise<void> {
    const dying = this.#process;
    if (dying === undefined || dying.exitCode !== null || dying.signalCode !== null) return;
    const over = new Promise((resolve) => dying.once('exit', resolve));
    dying.kill('SIGKILL');
    await over;
  }
}

let run = 0;
const sender = new Victim('send-numbers.ts', () => [pair.configFile('client'), sentNotes, String(run)]);
const listener = new Victim('hear-numbers.ts', () => [pair.configFile('server'), heardNotes]);
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
      await pair.startDoomed(role, { KILL_AT: `${point}:${1 + below(200)}` }, KILL_AT);
      await pair.start(role);
      return `the ${role}, ${point.replace(':', ' ')}`;
    }
  }
}

const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0);

/** So much more is heard, a line being some 40 bytes. */
async function heardMore(lines: number): Promise<void> {
  const from = sizeOf(heardNotes);
  await waitFor(() => sizeOf(heardNotes) - from >= 30 * lines, {
    what: `${lines} messages to be heard`,
    timeoutMs: 60_000,
  });
}

interface Outcome {
  readonly confirmed: number;
  readonly lost: number;
  readonly twice: number;
  readonly late: number;
}

function outcome(): Outcome {
  const lines = (file: string): string[] =>
    existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  const heard = new Set<string>();
  const last = new Map<string, number>();
  let [twice, late] = [0, 0];
  for (const line of lines(heardNotes)) {
    const [of = '', number = ''] = line.split(' ');
    const name = `${of} ${number}`;
    if (heard.has(name)) twice += 1;
    else if (Number(number) < (last.get(of) ?? -1)) late += 1;
    heard.add(name);
    last.set(of, Math.max(Number(number), last.get(of) ?? -1));
  }
  const confirmed = lines(sentNotes);
  return {
    confirmed: confirmed.length,
    lost: confirmed.filter((name) => !heard.has(name)).length,
    twice,
    late,
  };
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
    await heardMore(perCycle);
    if ((cycle + 1) % 20 === 0) console.log(`${cycle + 1} cycles: ${JSON.stringify(outcome())}`);
  }
  sender.say('0');
  await waitFor(() => outcome().lost === 0, { what: 'the rest', timeoutMs: 120_000 }).catch(() => undefined);
  const { confirmed, lost, twice, late } = outcome();
  console.log(
    `seed ${seed}, ${cycles} kills: ${[...counts].map(([what, count]) => `${count} × ${what}`).join('; ')}`,
  );
  console.log(`${confirmed} confirmed, ${lost} lost, ${twice} twice, ${late} out of order`);
  if (lost + twice + late > 0) process.exitCode = 1;
} finally {
  await sender.kill();
  await listener.kill();
  pair.end();
  removeDir(notes);
}
process.exit();
