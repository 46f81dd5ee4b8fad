import { type Case, ratioAtLeast } from '../case.ts';
import { rates } from '../rate.ts';
import { aiocs, IN_MEMORY } from '../systems/aioc.ts';

const AWAITED = { awaited: true };
const MEMORY = 'aioc, memory';
const STORED = 'aioc, stored';

export const awaited: Case = {
  name: 'awaited',
  about: 'Messages of 100 bytes, each sent when the connector has confirmed the one before.',
  async run(bench) {
    const rows = await rates(
      bench,
      [...aiocs(bench, MEMORY, { config: IN_MEMORY }, AWAITED), ...aiocs(bench, STORED, {}, AWAITED)],
      { bytes: 100 },
    );
    const bars = bench.builds
      .slice(1)
      .flatMap(({ suffix }) =>
        [MEMORY, STORED].flatMap((name) => ratioAtLeast(rows, 1, [name, `${name}${suffix}`])),
      );
    return { rows, bars };
  },
};
