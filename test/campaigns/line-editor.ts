/**
 * Random keys, pastes in pieces and late completions in the chat line, against the simplest possible editor:
 * `npm run campaign:line-editor -- [SEQUENCES [SEED]]`.
 */
import { lineFault, randomSteps } from '../helpers/line-model.ts';
import { seededRandom } from '../helpers/simulated-world.ts';

const [sequences = 100_000, seed = 1] = process.argv.slice(2).map(Number);
const FAULTS_SHOWN = 10;

const random = seededRandom(seed);
const faults: string[] = [];
let steps = 0;
for (let done = 0; done < sequences && faults.length < FAULTS_SHOWN; done += 1) {
  const sequence = randomSteps(random.fraction);
  steps += sequence.length;
  const fault = await lineFault(sequence, random.fraction);
  if (fault !== undefined) faults.push(`sequence ${done}: ${fault}`);
}
for (const fault of faults) console.error(fault);
console.log(`${sequences} sequences with ${steps} steps, seed ${seed}: ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
