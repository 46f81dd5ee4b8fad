import { setTimeout as delay } from 'node:timers/promises';
import { memoryMbOf } from '../../helpers/process-memory.ts';
import type { PtySession } from '../../helpers/pty-session.ts';
import type { Build } from '../builds.ts';
import { atMost, type Bench, type Case, type Row, ratioAtLeast } from '../case.ts';
import { median } from '../figures.ts';
import { QUIET_MS, rates } from '../rate.ts';
import { aiocs, IN_MEMORY, type Pair, startPair } from '../systems/aioc.ts';
import { openScreen, SCREEN_SIZE, SLOW, startPairUnderScreen } from '../systems/screen.ts';
import type { Contender } from '../systems/system.ts';

const BYTES = 100;
const [WITHOUT, ATTACHED, SAME_PROCESS] = [
  'without a screen',
  'a screen attached',
  'in the process of a screen',
];
/** Messages after which the memory of a screen is taken. */
const MESSAGES = [100_000, 1_000_000] as const;
const GROWTH_MB_MAX = 10;
/** Until what can be collected has been. */
const SETTLED_MS = 3_000;

interface Shown {
  readonly pair: Pair;
  readonly session: PtySession;
}

async function attached(bench: Bench, build: Build): Promise<Shown> {
  const pair = await startPair(bench, { config: IN_MEMORY, build });
  const session = openScreen(bench, build, ['attach', pair.files.far]);
  await session.waitFor(/● client1/, SLOW);
  return { pair, session };
}

/** Of the screen's process after each number of messages, in MB. */
async function memoryAfter({ pair, session }: Shown, most: number): Promise<readonly number[]> {
  const memory: number[] = [];
  let sent = 0;
  for (const messages of MESSAGES) {
    const count = Math.min(messages, most) - sent;
    if (count > 0) {
      await pair.receiver.do('expect', { count, bytes: BYTES });
      const sending = pair.sender.do('send', { count, bytes: BYTES });
      await Promise.all([sending, pair.receiver.do('all', { quietMs: QUIET_MS })]);
    }
    sent += count;
    await delay(SETTLED_MS);
    memory.push(memoryMbOf(session.pid, 'VmRSS'));
  }
  return memory;
}

export const screenLoad: Case = {
  name: 'screen-load',
  about: `Messages of ${BYTES} bytes at full speed, without a screen and with one of ${SCREEN_SIZE}; and the memory of a screen.`,
  async run(bench) {
    const underScreens = bench.builds.flatMap((build): Contender[] => [
      { name: `${ATTACHED}${build.suffix}`, start: async () => (await attached(bench, build)).pair },
      {
        name: `${SAME_PROCESS}${build.suffix}`,
        start: async () => (await startPairUnderScreen(bench, build)).pair,
      },
    ]);
    const contenders = [...aiocs(bench, WITHOUT, { config: IN_MEMORY }), ...underScreens];
    const rows: Row[] = await rates(bench, contenders, { bytes: BYTES });
    const bars = [ATTACHED, SAME_PROCESS].flatMap((name) => ratioAtLeast(rows, 0.9, [name, WITHOUT]));
    const [build] = bench.builds;
    if (build === undefined) return { rows, bars };
    const shown = [
      [ATTACHED, await attached(bench, build)],
      [SAME_PROCESS, await startPairUnderScreen(bench, build)],
    ] as const;
    for (const [name, one] of shown) {
      const memory = await memoryAfter(one, bench.options.messages);
      for (const [index, messages] of MESSAGES.entries())
        rows.push({
          system: `${name}: its process after ${messages.toLocaleString('en')} messages`,
          unit: 'MB',
          values: [memory[index] ?? Number.NaN],
        });
      const grown = Math.max(...memory) - median(memory.slice(0, 1));
      bars.push(
        atMost(GROWTH_MB_MAX, `${name}: its process from 100,000 to 1,000,000 messages, MB more`, grown),
      );
    }
    return { rows, bars };
  },
};
