/** S10: a local process exchanges a directory for a symbolic link while a file is received into it. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SWAPPED_TRANSFERS, type Swap, swapped } from '../helpers/hostile-swaps.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/** All in `npm run campaign:hostile-files`. */
const STRIDE = 4;

for (const what of SWAPPED_TRANSFERS)
  for (const directory of ['rc', 'hidden', 'tree', 'inner'] as const)
    if (directory === 'rc' || what === 'a tree')
      test(`while ${what} arrives, ${directory} is exchanged for a link before a call: nothing is written through it`, async (t) => {
        const parent = tempDir(t);
        let exchanged = 0;
        const outcomes = new Set<string>();
        for (let call = 0; ; call += STRIDE) {
          const swap: Swap = { what, directory, call, forCalls: call % 2 === 0 ? 1 + (call % 5) : 10_000 };
          const top = join(parent, 'world');
          mkdirSync(top);
          const result = await swapped(top, swap);
          rmSync(top, { recursive: true });
          assert.deepEqual(result.outside, [], JSON.stringify(swap));
          outcomes.add(result.outcome);
          if (result.isSwapped) exchanged += 1;
          else if (call > 0) break;
        }
        assert.ok(exchanged >= 3, `exchanged ${exchanged} times`);
        for (const outcome of outcomes) assert.match(outcome, /^(placed|AiocError)$/);
      });
