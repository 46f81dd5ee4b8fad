/**
 * Attacks a real server and measures honest clients meanwhile, one of another address and one of an attacker's:
 * `npm run campaign:flood -- [NAME …]` of `flood/attacks.ts`, by default all. Attackers run at the lowest priority. Fails
 * where fewer than 49 of 50 messages of the one are acknowledged within 1 s, fewer than 45 of 50 of the other within 3 s,
 * where the server takes 100 MB more, or is not as before 30 s after the end.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bundleTests } from '../helpers/bundle-tests.ts';
import { makeTempDir, removeDir } from '../helpers/temp-dir.ts';
import { deadline, waitFor } from '../helpers/wait-for.ts';
import { ATTACKS, type Attack, attackerAddress } from './flood/attacks.ts';
import { FloodedServer } from './flood/flooded-server.ts';
import { deliver, type HonestClient } from './flood/honest-client.ts';

const TRIES = 50;
const PAUSE_MS = 150;
const MEMORY_MB = 100;
const RECOVERY_MS = 30_000;
const OTHER_ADDRESS = '127.0.200.1';
const NAMES = { other: 'honest-other', same: 'honest-same' } as const;
const BOUNDS = {
  other: { withinMs: 1_000, tries: 49 },
  same: { withinMs: 3_000, tries: 45 },
} as const;
type Who = keyof typeof NAMES;
const WHO: readonly Who[] = ['other', 'same'];

const chosen = process.argv.slice(2);
const attacks = ATTACKS.filter(({ name }) => chosen.length === 0 || chosen.includes(name));
if (attacks.length === 0)
  throw new Error(`no such attack: choose from ${ATTACKS.map(({ name }) => name).join(', ')}`);
const bundle = await bundleTests(['test/campaigns/programs/flood-attacker.ts']);
const directories: string[] = [];
process.once('exit', () => {
  rmSync(bundle, { recursive: true, force: true });
  for (const directory of directories) removeDir(directory);
});

class Attacker {
  readonly #process: ChildProcess;
  opened = 0;

  constructor() {
    const program = join(bundle, 'test/campaigns/programs', 'flood-attacker.mjs');
    this.#process = fork(program, { stdio: 'inherit' });
    process.once('exit', () => this.#process.kill('SIGKILL'));
  }

  /** Resolves when the attack is under way. */
  async start(attack: Attack, { port, byDefault, certificates }: FloodedServer): Promise<void> {
    const own = Array.from(certificates).flatMap(([name, pair]) =>
      name.startsWith('mallory') ? [pair] : [],
    );
    const ready = new Promise<void>((resolve) => {
      this.#process.on('message', (said) => {
        if (said === 'ready') resolve();
        else this.opened = said as number;
      });
    });
    this.#process.send({ attack, port, byDefault, own });
    await deadline(ready, 60_000, `${attack.name} to be under way`);
  }

  async stop(): Promise<void> {
    const over = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await over;
  }
}

function clientOf(who: Who, { port, certificates }: FloodedServer): HonestClient {
  const name = NAMES[who];
  const address = who === 'other' ? OTHER_ADDRESS : attackerAddress(0);
  return { name, address, port, certificate: certificates.get(name) };
}

/** The times of so many tries of both clients, in turn, and of more while the attack has to last. */
async function tries(server: FloodedServer, count: number, seconds = 0): Promise<Record<Who, number[]>> {
  const times: Record<Who, number[]> = { other: [], same: [] };
  const endMs = performance.now() + seconds * 1_000;
  const pauseMs = Math.max(PAUSE_MS, (seconds * 1_000) / count / 2);
  for (let made = 0; made < count || performance.now() < endMs; made += 1) {
    for (const who of WHO) {
      times[who].push(await deliver(clientOf(who, server)));
      await delay(pauseMs);
    }
  }
  return times;
}

function told(times: readonly number[], withinMs: number): string {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share: number): string =>
    `${(sorted[Math.ceil(share * sorted.length) - 1] as number).toFixed(0)} ms`;
  const good = times.filter((time) => time < withinMs).length;
  return `${good} of ${times.length} < ${withinMs / 1_000} s (median ${at(0.5)}, 95 % ${at(0.95)}, most ${at(1)})`;
}

/** What is not as it should be, of both clients. */
function missed(times: Record<Who, readonly number[]>): string[] {
  return WHO.flatMap((who) => {
    const { withinMs, tries: wanted } = BOUNDS[who];
    const good = times[who].filter((time) => time < withinMs).length;
    return good / times[who].length >= wanted / TRIES ? [] : [`the client of the ${who} address`];
  });
}

/** How long it took until everything was as before the attack; undefined if it did not come to that. */
async function recovery(server: FloodedServer, openFiles: number): Promise<number | undefined> {
  const startedMs = performance.now();
  const isAsBefore = async (): Promise<boolean> => {
    if (server.openFiles > openFiles + 2) return false;
    for (const who of WHO) if ((await deliver(clientOf(who, server))) > 1_000) return false;
    return true;
  };
  await waitFor(isAsBefore, { what: 'the server to be as before', timeoutMs: RECOVERY_MS }).catch(
    () => undefined,
  );
  const tookMs = performance.now() - startedMs;
  return tookMs < RECOVERY_MS ? tookMs : undefined;
}

async function underAttack(attack: Attack): Promise<string[]> {
  const directory = makeTempDir();
  directories.push(directory);
  const attackers = attack.does === 'unfinished frame' ? attack.connections : 0;
  const names = [
    ...Object.values(NAMES),
    ...Array.from({ length: attackers }, (_, number) => `mallory${number}`),
  ];
  const server = await FloodedServer.start(attack.mode, names, directory);
  // They are running: the server has let them in before.
  await tries(server, 5);
  await delay(500);
  const [beforeMb, openFiles] = [server.memoryMb, server.openFiles];
  server.mostMb = beforeMb;
  const attacker = new Attacker();
  await attacker.start(attack, server);
  const times = await tries(server, TRIES, attack.seconds);
  await attacker.stop();
  const recoveredMs = await recovery(server, openFiles);
  const grownMb = server.mostMb - beforeMb;
  console.log(`${attack.name} (${attack.mode}, ${attacker.opened} connections)`);
  for (const who of WHO) console.log(`  ${who} address: ${told(times[who], BOUNDS[who].withinMs)}`);
  const recovered = recoveredMs === undefined ? 'never' : `${(recoveredMs / 1_000).toFixed(1)} s`;
  console.log(
    `  ${grownMb.toFixed(0)} MB more at most (${beforeMb.toFixed(0)} before), as before after ${recovered}`,
  );
  const faults = missed(times);
  // Also if it has ended.
  if (!(grownMb < MEMORY_MB)) faults.push(`${grownMb.toFixed(0)} MB`);
  if (recoveredMs === undefined) faults.push('it is not as before');
  if (server.deliveries.count === 0) faults.push('nothing was delivered');
  await server.stop();
  return faults.map((fault) => `${attack.name}: ${fault}`);
}

const failures: string[] = [];
for (const attack of attacks) failures.push(...(await underAttack(attack)));
console.log(failures.length === 0 ? 'OK' : `NOT OK: ${failures.join('; ')}`);
process.exit(failures.length === 0 ? 0 : 1);
