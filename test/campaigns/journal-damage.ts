/**
 * Cuts a journal of 200 records at every byte, and flips every byte of it, and looks what is missing then:
 * `npm run campaign:journal-damage -- [RECORDS] [SEED]`.
 */
import { seededRandom } from '../helpers/simulated-world.ts';
import { checkCut, checkFlip, makeSample } from './journal-damage-cases.ts';
import { checkEndOfGroup, checkFlipInGroup, GROUPS, makeGroup } from './journal-group-cases.ts';

const records = Number(process.argv[2] ?? 200);
const seed = Number(process.argv[3] ?? 1);
const sample = await makeSample(records, seed);
const random = seededRandom(seed);
let cuts = 0;
let flips = 0;
for (const [path, bytes] of sample.files) {
  for (let at = 0; at < bytes.length; at += 1) {
    await checkFlip(sample, path, at, 1 << Math.floor(random.fraction() * 8));
    flips += 1;
    await checkCut(sample, path, at);
    cuts += 1;
  }
}
console.log(
  `${sample.keys.length} records in ${sample.files.size} segments: ${cuts} cuts and ${flips} flips, no crash, only what was touched is missing; all are reported but cuts between two records`,
);
for (const options of GROUPS) {
  const group = await makeGroup(records, options);
  const last = group.batches.at(-1)?.end ?? 0;
  for (let at = group.from; at < last; at += 1) {
    await checkFlipInGroup(group, at);
    await checkEndOfGroup(group, at, 'cut');
    await checkEndOfGroup(group, at, 'zeroed');
  }
  console.log(
    `a group of ${group.count} messages in ${group.batches.length} batches${options.isNoted ? ', noted as on the disk' : ''}${group.acked > 0 ? `, ${group.acked} acknowledged` : ''}: ${last - group.from} flips, cuts and zeroed ends; all else is kept, each loss is counted, no mark passes a hole`,
  );
}
