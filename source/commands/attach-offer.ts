import { basename } from 'node:path';
import { AiocError, apiOptionsFromConfig, attach, snapshotOf } from '../../engine/index.ts';
import { confirm } from '../ask.ts';
import { harmless } from '../harmless.ts';

/** How long a connector that holds its socket may take to answer. */
const TIMEOUT_MS = 3_000;

/**
 * For `aioc FILE.json` beside a connector of that file that runs already: asks whether to attach to it.
 *
 * @returns `start`: it does not run; `attach` or `nothing`: the user's answer
 * @throws AiocError AIOC_ALREADY_RUNNING without a terminal
 */
export async function offerToAttach(
  file: string,
  ask: ((question: string) => Promise<boolean>) | undefined = process.stdin.isTTY && process.stdout.isTTY
    ? confirm
    : undefined,
): Promise<'start' | 'attach' | 'nothing'> {
  const since = await runsSince(file);
  if (since === undefined) return 'start';
  const what = `${harmless(basename(file))} runs already, since ${new Date(since).toLocaleString('sv').slice(0, -3)}`;
  if (ask !== undefined) return (await ask(`aioc: ${what}. Attach to it?`)) ? 'attach' : 'nothing';
  throw new AiocError(
    'AIOC_ALREADY_RUNNING',
    `the connector of ${what}: "aioc attach ${file}" opens its screen on a terminal`,
  );
}

/** When the running connector of a file was started; undefined if none answers, or the file is faulty: a start tells why. */
async function runsSince(file: string): Promise<number | undefined> {
  try {
    const engine = await attach(await apiOptionsFromConfig(file), { isReadOnly: true });
    try {
      return (await snapshotOf(engine, TIMEOUT_MS)).status.startedAtMs;
    } finally {
      await engine.close();
    }
  } catch {
    return undefined;
  }
}
