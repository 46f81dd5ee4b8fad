import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { AiocPair, enterLine, paneText, programPid, startServer } from '../helpers/aioc-session.ts';
import { freePort } from '../helpers/free-port.ts';
import type { PtySession } from '../helpers/pty-session.ts';
import { type RealSide, realSide } from '../helpers/real-connectors.ts';
import { waitFor } from '../helpers/wait-for.ts';

const MINUTE_MS = 60_000;
const BYTES_A_MINUTE_MAX = 200;
const SLOW = { timeoutMs: 30_000 };
/** Where the clocks of the programs begin: 14 seconds before a full minute, enough to connect and to be idle a while. */
const START = '2026-01-05T14:01:46Z';
const AFTER_MINUTE_MS = 5_000;
const WIDE = { columns: 120, rows: 40 };
const CLEAR = '\x1b[2J';

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
    // The seconds watched have a full minute of the clock in them: multiplied up to a minute it counts several times,
    // so a real minute has less than this.
    const aMinute = (bytes * MINUTE_MS) / overMs;
    t.diagnostic(`${bytes} bytes in ${Math.round(overMs / 1000)} s: at most ${Math.round(aMinute)} a minute`);
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
  await ada.waitFor(() => ada.rawSince(mark).includes(CLEAR), { what: 'the screen to be drawn anew' });
});

/** Megabytes of the process that are in memory. */
function residentMb(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
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

test('chat from a peer fills the rings of the screen, and then no more memory', {
  skip: noProc(),
}, async (t) => {
  const port = await freePort();
  await using ada = startServer(port, { ...WIDE, args: ['--no_tls', '--accept'], afterwards: ':' });
  await ada.waitFor('On the other machine', SLOW);
  const ben = await realSide(t, { role: 'client', port, useTls: false, displayName: 'ben' });
  await ben.engine.start();
  await ada.waitFor('ben is connected', SLOW);
  const pid = programPid(ada);
  const newest = async (number: number): Promise<void> => {
    await ada.waitFor((screen) => paneText(screen, '4 Chat').includes(`line ${number} `), {
      ...SLOW,
      what: `line ${number} in the chat`,
    });
  };
  const start = residentMb(pid);
  // More than the log (10,000 rows) and the conversation (2,000 rows) keep.
  await say(ben, 1, 10_000);
  await newest(10_000);
  const full = residentMb(pid);
  await say(ben, 10_001, 30_000);
  await newest(30_000);
  const later = residentMb(pid);
  const figures = `${start} MB at first, ${full} MB after 10,000 lines, ${later} MB after 30,000`;
  t.diagnostic(figures);
  assert.ok(later - full < 40, figures);
});

function noProc(): string | false {
  try {
    residentMb(process.pid);
    return false;
  } catch {
    return 'memory is read from /proc, which this system lacks';
  }
}
