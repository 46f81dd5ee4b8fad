/**
 * Dials simulated hosts of 1 to 8 addresses that refuse, are silent, answer late, or close in their TLS handshake:
 * `npm run campaign:dialling -- [HOSTS [SEED]]`. Wherever an address answers within a second, the connection must stand
 * within four; a host that is not reached is told of with every address; nothing may go unhandled.
 */
import { answersSoon, dialled, faultOf, randomList } from '../helpers/simulated-dialling.ts';
import { seededRandom } from '../helpers/simulated-world.ts';

const [hosts = 10_000, seed = 1] = process.argv.slice(2).map(Number);
const AT_ONCE = 500;

const random = seededRandom(seed);
const faults: string[] = [];
const openedMs: number[] = [];
let reachable = 0;
for (let done = 0; done < hosts; done += AT_ONCE) {
  const lists = Array.from({ length: Math.min(AT_ONCE, hosts - done) }, () => randomList(random.fraction));
  const results = await Promise.all(lists.map((list) => dialled(list)));
  for (const [index, result] of results.entries()) {
    const list = lists[index] ?? [];
    const isReachable = list.some(answersSoon);
    if (isReachable) reachable += 1;
    if (isReachable && result.openedAtMs !== undefined) openedMs.push(result.openedAtMs);
    const fault = faultOf(list, result);
    if (fault !== undefined) faults.push(`${fault}: ${JSON.stringify(list)}`);
  }
}
const sorted = openedMs.sort((a, b) => a - b);
const at = (part: number): number => sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
for (const fault of faults.slice(0, 10)) console.error(fault);
console.log(
  `${hosts} hosts, seed ${seed}: ${reachable} with an address that answers within 1 s, ${openedMs.length} of them connected, ` +
    `after ${at(0.5)} ms (median), ${at(0.99)} ms (99 %), ${at(1)} ms (longest); ${faults.length} faults`,
);
process.exitCode = faults.length === 0 ? 0 : 1;
