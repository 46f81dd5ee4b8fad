/**
 * Runs a campaign as plain JavaScript, as tests are run: what compiles modules at their import keeps names of functions
 * with calls that cost a tenth of a simulated history. `node --import tsx test/campaigns/bundled.ts simulator ...`
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundleTests } from '../helpers/bundle-tests.ts';

const [name = '', ...rest] = process.argv.slice(2);
const bundle = await bundleTests([`test/campaigns/${name}.ts`]);
try {
  const program = join(bundle, `test/campaigns/${name}.mjs`);
  // A history leaves much garbage: more room for it takes a tenth less time.
  const flags = ['--max-semi-space-size=32', '--enable-source-maps'];
  const run = spawnSync(process.execPath, [...flags, program, ...rest], { stdio: 'inherit' });
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(bundle, { recursive: true, force: true });
}
