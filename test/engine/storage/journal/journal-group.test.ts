import { test } from 'node:test';
import {
  checkEndOfGroup,
  checkFlipInGroup,
  GROUPS,
  makeGroup,
} from '../../../campaigns/journal-group-cases.ts';

// Every byte is the campaign's (npm run campaign:journal-damage).
const STEP = 97;

for (const options of GROUPS) {
  const acked = options.acked === undefined ? '' : ' and acknowledged in part';
  const how = `${options.isNoted ? 'that is known to be on the disk' : 'that was written last'}${acked}`;

  test(`a flipped byte takes one batch of a group ${how}, and no other`, async () => {
    const sample = await makeGroup(200, options);
    for (let at = sample.from; at < (sample.batches.at(-1)?.end ?? 0); at += STEP)
      await checkFlipInGroup(sample, at);
  });

  test(`of a group ${how} all before the place is kept from which on it is cut or zeroed`, async () => {
    const sample = await makeGroup(200, options);
    const last = sample.batches.at(-1)?.end ?? 0;
    for (let at = sample.from; at < last; at += STEP)
      for (const way of ['cut', 'zeroed'] as const) await checkEndOfGroup(sample, at, way);
    for (const { offset, end } of sample.batches.slice(-2))
      for (const at of [offset, offset + 1, offset + 43, offset + 44, end - 1])
        for (const way of ['cut', 'zeroed'] as const) await checkEndOfGroup(sample, at, way);
  });
}
