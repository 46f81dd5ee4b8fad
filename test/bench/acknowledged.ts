import { faults, held, type Rated, rate, ratio, spread, times } from './figures.ts';
import type { Bench } from './run.ts';
import { NOT_STORED, startSystem } from './systems.ts';

const BAR = 200;
/** Python waits 88 ms for each. */
const PYTHON_COUNT = 22;
/** Without waiting: how much the Python end can take at all. */
const UNWAITED_COUNT = 2_000;

/** Messages with wait_for_ack to a Python connector and the Python program behind it: from Python, and from aioc. */
export const acknowledged: Bench = {
  name: 'acks',
  async run({ workshop, python, rounds, sizes: { acks: count }, print }) {
    if (python === undefined) return print('needs Python at the other end');
    for (const tls of [false, true]) {
      const reference = await startSystem({ workshop, tls, python: { server: python, client: python } });
      const aioc = await startSystem({ workshop, tls, config: NOT_STORED, python: { server: python } });
      await rate(aioc, { count, waitForAck: true });
      const seen = { aioc: [] as Rated[], reference: [] as Rated[], unwaited: [] as Rated[] };
      for (let round = 0; round < rounds; round += 1) {
        seen.reference.push(await rate(reference, { count: PYTHON_COUNT, waitForAck: true }));
        // Its TLS stalls at speed.
        if (!tls) seen.unwaited.push(await rate(reference, { count: UNWAITED_COUNT }));
        seen.aioc.push(await rate(aioc, { count, waitForAck: true }));
      }
      const speeds = (rated: readonly Rated[]): number[] => rated.map(({ perSecond }) => perSecond);
      const over = ratio(speeds(seen.aioc), speeds(seen.reference));
      const line = (what: string, rated: readonly Rated[]): void =>
        print(`  ${what.padEnd(40)}${spread(speeds(rated)).padEnd(32)}${faults(rated)}`);
      print(
        `with wait_for_ack, ${tls ? 'mutual TLS' : 'no TLS'}, a second: median (min..max) of ${rounds} rounds`,
      );
      line(`Python to Python (${PYTHON_COUNT} a round)`, seen.reference);
      line(`aioc to Python (${count} a round)`, seen.aioc);
      if (!tls) line('Python to Python, without wait_for_ack', seen.unwaited);
      print(`  aioc over Python: ${times(over)} (bar: at least ${BAR}x, ${held(over >= BAR)})`);
    }
    print(
      "  (what is out of order is the Python listener's doing: its connector opens it several connections)",
    );
  },
};
