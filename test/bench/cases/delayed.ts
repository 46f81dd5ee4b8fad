import { type Case, ratioAtLeast } from '../case.ts';
import { rates } from '../rate.ts';
import { aiocs } from '../systems/aioc.ts';
import { floor } from '../systems/floor.ts';

const DELAYS_MS = [0, 50, 150];
/** What is to be kept of the undelayed rate, by delay. */
const KEPT: Readonly<Record<number, number>> = { 50: 0.6, 150: 0.4 };
const LOADS = [
  { bytes: 100, size: '100 B' },
  { bytes: 16 * 1024, size: '16 KiB' },
];

export const delayed: Case = {
  name: 'delayed',
  about: 'Stored messages through a TCP proxy that delays every byte by 0, 50 or 150 ms each way.',
  async run(bench) {
    const rows = [];
    const bars = [];
    for (const { bytes, size } of LOADS) {
      const name = (system: string, delayMs: number): string => `${system}, ${size}, ${delayMs} ms each way`;
      const contenders = DELAYS_MS.flatMap((delayMs) => [
        floor(name('floor, stored', delayMs), { stored: true, delayMs }),
        ...aiocs(bench, name('aioc, stored', delayMs), { delayMs }),
      ]);
      const measured = await rates(bench, contenders, { bytes });
      rows.push(...measured);
      for (const [delayMs, kept] of Object.entries(KEPT)) {
        const pair = [name('aioc, stored', Number(delayMs)), name('aioc, stored', 0)] as const;
        bars.push(...ratioAtLeast(measured, kept, pair));
      }
    }
    return { rows, bars };
  },
};
