import type { Mask } from './golden.ts';
import { assertGolden, maskWith } from './golden.ts';
import type { PtySession } from './pty-session.ts';
import { waitFor } from './wait-for.ts';

/** The program writes nothing while nothing changes: a screen that was left alone this long is whole. */
const STILL_MS = 300;
const TIMEOUT_MS = 30_000;

/** What differs from run to run; each is hidden in its own width, so that frames stay in place. */
function masks(home: string): readonly Mask[] {
  return [
    maskWith('HOME', home),
    maskWith('ADDRESS', /127\.0\.0\.1:[\d…]+/),
    maskWith('PORT', /(?<=--port |server :)\d{5}/),
    // Trend, rate and lag of a peer; their cells are of one width, whatever stands in them.
    maskWith('TRAFFIC', /[▁▂▃▄▅▆▇█]{5,6} +\d+ +(?:\d+ ms|—)(?= )/),
    maskWith('LAG', /lag \d+ ms · [^│]*/),
    // Up to the clock at the right, since the number may have one digit more.
    maskWith('DISK', /(?<= · )[\d.]+ [KMGTP]?B free +(?=\d\d:\d\d(?:\n|$))/),
    maskWith('VERSION', /(?<=aioc )\d+\.\d+\.\d+/),
  ];
}

/**
 * Compares the program's screen with a golden one once it is still. The last row is left out: a remark about what just
 * happened stands there for some seconds, and then the keys.
 * @throws Error with the rows that differ
 */
export async function assertGoldenScreen(
  session: PtySession,
  { from, name }: { readonly from: string; readonly name: string },
): Promise<void> {
  await stillness(session);
  const { cols, rows } = session.terminal;
  const compare = (): void =>
    assertGolden(session.screen().slice(0, -1), {
      from,
      name: `${name}-${cols}x${rows}`,
      masks: masks(session.home),
    });
  if (process.env['UPDATE_GOLDEN'] === '1') return compare();
  let difference: unknown;
  const matches = (): boolean => {
    try {
      compare();
      return true;
    } catch (error) {
      difference = error;
      return false;
    }
  };
  // Stillness may also be that of a program which gets no time to run.
  await waitFor(matches, { timeoutMs: TIMEOUT_MS, what: `the screen ${name}` }).catch(() => {
    throw difference;
  });
}

/** Waits until the program has written nothing for a moment. */
async function stillness(session: PtySession): Promise<void> {
  let [bytes, sinceMs] = [-1, 0];
  await waitFor(
    () => {
      const now = performance.now();
      if (session.bytesWritten() !== bytes) [bytes, sinceMs] = [session.bytesWritten(), now];
      return now - sinceMs >= STILL_MS;
    },
    { timeoutMs: TIMEOUT_MS, what: 'a still screen' },
  );
}
