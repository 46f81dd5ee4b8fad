/**
 * Kills a client and its server with -9 while they replay what they have stored, until it has all come:
 * `npm run campaign:replay-kills -- [KILLS] [SEED] [MESSAGES]`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../helpers/simulated-world.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { Heard, type Role, StoredPair, sendNumbers } from './stored-pair.ts';

const kills = Number(process.argv[2] ?? 200);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const messages = Number(process.argv[4] ?? 20_000);
const random = seededRandom(seed);
const pair = await StoredPair.make();
const heard = new Heard();
const stored: number[] = [];
let killed = 0;
try {
  await pair.start('client');
  const listening = await pair.program('server');
  // A little slower than they come, so that there is something to replay on both sides.
  await listening.listen('any', async (message) => {
    heard.take(Number(message.text().split(' ')[0]));
    if (heard.first.size % 20 === 0) await delay(1);
  });
  for (let from = 0; killed < kills; from += messages) {
    // The server is away: all of it waits on the client's disk.
    stored.push(...(await sendNumbers(await pair.program('client'), { from, count: messages })).stored);
    await pair.start('server');
    while (killed < kills && heard.missing(stored) > 0) {
      await delay(random.fraction() * 400);
      const role: Role = random.fraction() < 0.5 ? 'client' : 'server';
      await pair.kill(role);
      killed += 1;
      await pair.start(role);
    }
    await waitFor(() => heard.missing(stored) === 0, { what: 'all that is stored', timeoutMs: 120_000 });
    console.log(`${killed} kills, ${stored.length} stored, all of them have come`);
    if (killed < kills) await pair.kill('server');
  }
  console.log(
    `seed ${seed}: ${killed} kills, ${stored.length} stored, ${heard.missing(stored)} lost, ${heard.late} first arrivals out of order, ${heard.repeats} repeats`,
  );
  if (heard.missing(stored) + heard.late > 0) process.exitCode = 1;
} finally {
  pair.end();
}
process.exit();
