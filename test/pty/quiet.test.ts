import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AiocPair, enterLine, paneText, startServer } from '../helpers/aioc-session.ts';
import { freePort } from '../helpers/free-port.ts';
import type { PtySession } from '../helpers/pty-session.ts';
import { type RealSide, realSide } from '../helpers/real-connectors.ts';
import { waitFor } from '../helpers/wait-for.ts';

const MINUTE_MS = 60_000;
const BYTES_A_MINUTE_MAX = 200;
/** What showing the next minute takes on the screen: going there, writing it, and going back. */
const CLOCK_BYTES_MAX = 60;
const SLOW = { timeoutMs: 30_000 };
/** Where the clocks of the programs begin: 14 seconds before a full minute, enough to connect and to be idle a while. */
const START = '2026-01-05T14:01:46Z';
const AFTER_MINUTE_MS = 5_000;
const WIDE = { columns: 120, rows: 40 };
const CLEAR = '\x1b[2J';
/** Enough for the log's 10,000 rows and the conversation's 2,000, too little for all lines on Node 20. */
const HEAP_MB = 32;
const LINES = 45_000;

/** What an idle program writes from now until some seconds after the next full minute of its clock. */
async function idleBytes(session: PtySession): Promise<{ bytes: number; overMs: number }> {
  const startedAtMs = performance.now();
  const mark = session.bytesWritten();
  await session.waitFor((screen) => screen[0]?.endsWith('14:02') === true, {
    timeoutMs: MINUTE_MS,
    what: 'the next minute on the clock',
  });
  const tickedAtMs = performance.now();
  // Nothing tells that a program will write no more: the time itself is what is measured here.
  await waitFor(() => performance.now() - tickedAtMs >= AFTER_MINUTE_MS, {
    timeoutMs: 2 * AFTER_MINUTE_MS,
    what: 'a while after the minute',
  });
  return { bytes: session.bytesWritten() - mark, overMs: performance.now() - startedAtMs };
}

/** Says lines as fast as the outbox takes them, and waits until all are acknowledged. */
async function say(side: RealSide, first: number, last: number): Promise<void> {
  const [server] = side.peers();
  for (let number = first; number <= last; number += 1) {
    await side.do({ kind: 'chat.say', peer: server?.id ?? '', text: `line ${number} ${'.'.repeat(60)}` });
    if (number % 2_000 === 0 || number === last)
      await waitFor(() => side.status().waitingCount === 0, { ...SLOW, what: `line ${number} to arrive` });
  }
}

// Side by side: the first waits for the clock.
describe('a screen', { concurrency: true }, () => {
  test('idle screens write next to nothing', async (t) => {
    const env = { SHIFT_MS: String(Date.parse(START) - Date.now()) };
    await using pair = await AiocPair.start({
      ...WIDE,
      env,
      preloads: ['shifted-clock.mjs'],
      ada: { args: ['--accept'] },
    });
    const sides = [pair.ada, pair.ben];
    // The last that changes after a connection is the time that the first ping took.
    for (const side of sides) await side.waitFor(/\d ms/, SLOW);
    for (const { bytes, overMs } of await Promise.all(sides.map(idleBytes))) {
      // The seconds watched have the change of the minute in them, which a whole minute has once, too. Whatever else was
      // written would go on.
      const others = Math.max(0, bytes - CLOCK_BYTES_MAX);
      const aMinute = CLOCK_BYTES_MAX + (others * MINUTE_MS) / overMs;
      t.diagnostic(
        `${bytes} bytes in ${Math.round(overMs / 1000)} s: at most ${Math.round(aMinute)} a minute`,
      );
      assert.ok(bytes > 0, 'the clock goes on');
      assert.ok(aMinute <= BYTES_A_MINUTE_MAX, `${bytes} bytes in ${overMs} ms`);
    }
  });

  test('after the first frame the screen is never cleared, but for a new size', async () => {
    await using pair = await AiocPair.start(WIDE);
    const { ada, ben } = pair;
    const mark = ada.bytesWritten();
    await enterLine(ada, 'hello');
    await ben.waitFor('hello');
    ada.press('escape');
    await ada.waitFor('to write to ben');
    ada.press('?');
    await ada.waitFor('Help: keys');
    ada.press('escape');
    await ada.waitFor((screen) => !screen.join('\n').includes('Help: keys'), { what: 'the panes' });
    ada.press('3', 'z');
    await ada.waitFor((screen) => !screen.join('\n').includes('2 Queues'), { what: 'the log alone' });
    ada.press('z');
    await ada.waitFor('2 Queues');
    assert.ok(!ada.rawSince(mark).includes(CLEAR));
    ada.resize(80, 24);
    await ada.waitFor(() => ada.rawSince(mark).includes(CLEAR), { what: 'the screen to be redrawn' });
  });

  test('chat from a peer fills the rings of the screen, and then no more memory', async (t) => {
    const port = await freePort();
    // How much of its heap Node leaves uncollected differs from version to version: a heap that the rings fit in, and
    // everything that was said would not, shows it on each. A program whose heap is full ends.
    const env = { NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}` };
    const args = ['--no_tls', '--accept'];
    await using ada = startServer(port, { ...WIDE, args, env, afterwards: ':' });
    await ada.waitFor('On the other machine', SLOW);
    const ben = await realSide(t, { role: 'client', port, useTls: false, displayName: 'ben' });
    await ben.engine.start();
    await ada.waitFor('ben is connected', SLOW);
    await say(ben, 1, LINES);
    await ada.waitFor((screen) => paneText(screen, '4 Chat').includes(`line ${LINES} `), {
      ...SLOW,
      what: 'the last line in the chat',
    });
  });
});
