import { held, median, ratio, spread, times } from './figures.ts';
import type { Bench } from './run.ts';
import { NOT_STORED, startFloor, startSystem } from './systems.ts';

const BAR = 5;
const WARM_UP = 500;
/** Python waits 88 ms for each. */
const PYTHON_COUNT = 15;

/** A question from one program to the other and the answer back, through two connectors over TLS, one at a time. */
export const requestResponse: Bench = {
  name: 'request',
  async run({ workshop, python, rounds, sizes: { requests: count }, print }) {
    const floor = await startFloor(workshop);
    await floor.receiver.do('echo', { on: true });
    const aioc = await startSystem({ workshop, tls: true, config: NOT_STORED });
    const reference =
      python && (await startSystem({ workshop, tls: false, python: { server: python, client: python } }));
    const ask = ({ sender }: typeof floor, many: number): Promise<number[]> =>
      sender.do<number[]>('ask', { count: many });
    for (const system of [floor, aioc]) await ask(system, WARM_UP);
    const p50 = { floor: [] as number[], aioc: [] as number[], reference: [] as number[] };
    for (let round = 0; round < rounds; round += 1) {
      p50.floor.push(median(await ask(floor, count)));
      p50.aioc.push(median(await ask(aioc, count)));
      if (reference) p50.reference.push(median(await ask(reference, PYTHON_COUNT)));
    }
    const over = ratio(p50.aioc, p50.floor);
    print(`p50 of ${count} requests a round, ms: median (min..max) of ${rounds} rounds`);
    print(`  floor, four plain Node processes, TLS   ${spread(p50.floor, 3)}`);
    print(`  aioc, TLS                               ${spread(p50.aioc, 3)}`);
    if (reference)
      print(`  Python, no TLS (${PYTHON_COUNT} a round)             ${spread(p50.reference, 1)}`);
    print(`  aioc over the floor: ${times(over)} (bar: at most ${BAR}x, ${held(over <= BAR)})`);
    if (reference) print(`  Python over aioc: ${times(ratio(p50.reference, p50.aioc))}`);
  },
};
