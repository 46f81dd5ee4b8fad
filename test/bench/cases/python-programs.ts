import { type Case, ratioAtLeast } from '../case.ts';
import { rates } from '../rate.ts';
import { IN_MEMORY, PYTHONS, withPython } from '../systems/aioc.ts';

const OURS = 'Python programs on aioc';
const THEIRS = 'Python programs on Python';

export const pythonPrograms: Case = {
  name: 'python-programs',
  about: 'Messages of 100 bytes from one Python program to another without TLS, on both kinds of connectors.',
  async run(bench) {
    const side = { connector: 'aioc', program: 'python' } as const;
    const rows = await rates(
      bench,
      [
        withPython(OURS, { tls: false, config: IN_MEMORY, client: side, server: side }),
        withPython(THEIRS, { tls: false, client: PYTHONS, server: PYTHONS }),
      ],
      { bytes: 100 },
    );
    return { rows, bars: ratioAtLeast(rows, 1.5, [OURS, THEIRS]) };
  },
};
