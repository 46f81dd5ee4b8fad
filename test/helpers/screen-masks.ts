import type { Mask } from './golden.ts';
import { maskWith } from './golden.ts';

/** Hides what differs from run to run on the program's screen; each in its own width, so that frames stay in place. */
export function screenMasks(...homes: readonly string[]): readonly Mask[] {
  return [
    ...homes.map((home) => maskWith('HOME', home)),
    maskWith('ADDRESS', /127\.0\.0\.1:[\d…]+/),
    maskWith('PORT', /(?<=--port |server :)\d{5}/),
    // The cell is of one width, whatever stands in it.
    maskWith('LAG', /(?<=[▁▂▃▄▅▆▇█] +\d+) +(?:\d+ ms|—)(?= )/),
    maskWith('VERSION', /(?<=aioc )\d+\.\d+\.\d+/),
  ];
}
