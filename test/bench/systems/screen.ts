import { setTimeout as delay } from 'node:timers/promises';
import { PtySession } from '../../helpers/pty-session.ts';
import type { Build } from '../builds.ts';
import type { Bench } from '../case.ts';
import { IN_MEMORY, type Pair, startPair } from './aioc.ts';

const SIZE = { columns: 120, rows: 40 };
export const SCREEN_SIZE = `${SIZE.columns}x${SIZE.rows}`;
const KEYS = 30;
const KEY_GAP_MS = 60;
/** More than the keys of `keyTimes` take, the time until the screen has shown each included. */
export const KEYS_SECONDS = Math.ceil((KEYS * 4 * KEY_GAP_MS) / 1000);
export const SLOW = { timeoutMs: 60_000 };

/** aioc with these arguments in a pseudo-terminal. */
export function openScreen({ workshop }: Bench, { cli }: Build, args: readonly string[]): PtySession {
  const session = PtySession.start({ command: process.execPath, args: [cli, ...args], ...SIZE });
  workshop.after(() => session.killAtOnce());
  return session;
}

/** A pair whose server runs in the process of a screen; nothing is stored. */
export async function startPairUnderScreen(
  bench: Bench,
  build: Build,
): Promise<{ readonly pair: Pair; readonly session: PtySession }> {
  let session: PtySession | undefined;
  const runServer = async (_build: Build, file: string): Promise<number> => {
    session = openScreen(bench, build, [file]);
    await session.waitFor('● server', SLOW);
    return session.pid;
  };
  const pair = await startPair(bench, { config: IN_MEMORY, build, runServer });
  return { pair, session: session as unknown as PtySession };
}

/** In the Queues pane, from a key to the screen that shows its effect: `s` names another order in the title. */
export async function keyTimes(session: PtySession): Promise<readonly number[]> {
  const order = (): string => /2 Queues.* by (\w+)/.exec(session.screen().join('\n'))?.[1] ?? '';
  const times: number[] = [];
  for (let key = 0; key < KEYS; key += 1) {
    const before = order();
    const pressedAt = performance.now();
    session.press('s');
    await session.waitFor(() => order() !== before, { what: 'another order', ...SLOW });
    times.push(performance.now() - pressedAt);
    await delay(KEY_GAP_MS);
  }
  return times;
}

/** What F12 says of the last 1,000 frames. */
export async function frameP99Ms(session: PtySession): Promise<number> {
  const shown = (): string | undefined => /frame, p99\s+([\d.]+) ms/.exec(session.screen().join('\n'))?.[1];
  session.press('f12');
  await session.waitFor(() => shown() !== undefined, { what: 'the time of a frame', ...SLOW });
  const p99Ms = Number(shown());
  session.press('f12');
  await session.waitFor(() => shown() === undefined, { what: 'the end of the figures', ...SLOW });
  return p99Ms;
}
