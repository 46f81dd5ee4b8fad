import { spawnSync } from 'node:child_process';
import { type Case, type Row, ratioAtMost } from '../case.ts';
import { median } from '../figures.ts';

/** Starts in each round, of which the median counts. */
const STARTS = 10;
const NODE = 'node -e 0';

function startMs(args: readonly string[]): number {
  const startedAt = performance.now();
  const { status } = spawnSync(process.execPath, args, { env: { ...process.env, NODE_EXTRA_CA_CERTS: '' } });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
  return performance.now() - startedAt;
}

export const startup: Case = {
  name: 'startup',
  about: `From the start to the end of a process: the median of ${STARTS} in each round.`,
  async run({ builds, options: { rounds } }) {
    const commands = [
      { system: NODE, args: ['-e', '0'], values: [] as number[] },
      ...builds.map(({ suffix, cli }) => ({
        system: `aioc --help${suffix}`,
        args: [cli, '--help'],
        values: [] as number[],
      })),
    ];
    for (let round = 0; round < rounds; round += 1) {
      const took = commands.map(() => [] as number[]);
      for (let start = 0; start < STARTS; start += 1)
        for (const [index, { args }] of commands.entries()) took[index]?.push(startMs(args));
      for (const [index, { values }] of commands.entries()) values.push(median(took[index] ?? []));
    }
    const rows: Row[] = commands.map(({ system, values }) => ({ system, unit: 'ms', values }));
    return { rows, bars: ratioAtMost(rows, 1.8, ['aioc --help', NODE]) };
  },
};
