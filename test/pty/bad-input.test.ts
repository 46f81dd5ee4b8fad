import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  AiocPair,
  chatSays,
  chatShows,
  enterLine,
  promptOf,
  startAioc,
  startServer,
} from '../helpers/aioc-session.ts';
import { freePort } from '../helpers/free-port.ts';
import type { PtySession } from '../helpers/pty-session.ts';
import { rawZip } from '../helpers/raw-zip.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { withoutOverride } from '../helpers/without-override.ts';

const SLOW = { timeoutMs: 30_000 };
const WIDE = { columns: 120, rows: 40 };
const PASTE_BYTES = 10_000_000;

/** The program still does what it is told. */
async function isAlive(session: PtySession): Promise<void> {
  session.press('q');
  assert.deepEqual(await session.waitForExit(SLOW), { exitCode: 0, signal: 0 });
}

test('a port that another aioc has: who that is, and trying again helps when it is gone', async (t) => {
  const port = await freePort();
  // Both must belong to one user.
  const env = { XDG_STATE_HOME: tempDir(t) };
  await using first = startServer(port, { ...WIDE, env });
  await first.waitFor('● server', SLOW);
  await using second = startServer(port, { ...WIDE, env });
  await chatSays(
    second,
    `port ${port} is taken by aioc "ada" (process ${first.pid}): stop that one, or choose`,
  );
  await isAlive(first);
  second.press('r');
  await second.waitFor('● server', SLOW);
  await isAlive(second);
});

test('a port that another program has', async (t) => {
  const other = net.createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.after(() => other.close());
  const { port } = other.address() as net.AddressInfo;
  await using session = startServer(port, WIDE);
  await chatSays(session, `port ${port} is used by another program: choose another with --port`);
  await isAlive(session);
});

test('a host that nobody knows', async () => {
  await using session = startAioc({ who: 'ben', args: ['--target', 'no-such-host.invalid'], ...WIDE });
  // Without any network the name is not even looked up.
  await chatSays(
    session,
    /no-such-host\.invalid:10673: (unknown host name: check the spelling|the host name could not be resolved now)/,
  );
  await isAlive(session);
});

test('a port on which nobody listens', async () => {
  const port = await freePort();
  await using session = startAioc({
    who: 'ben',
    args: ['--target', '127.0.0.1', '--port', `${port}`],
    ...WIDE,
  });
  await chatSays(
    session,
    `127.0.0.1:${port}: nothing listens there (connection refused): is aioc running, and is the port correct and open?`,
  );
  await isAlive(session);
});

const launcher = withoutOverride();

// One after another with the same two: a program takes its time to start.
test('two that are connected', async (t) => {
  await using pair = await AiocPair.start({ ...WIDE, ben: { launcher: launcher ?? [] } });
  const { ada, ben } = pair;
  await t.test(
    'files and directories that are missing or closed to us',
    {
      skip: launcher === undefined && 'root reads everything here, and setpriv is not there to prevent it',
    },
    async () => {
      await enterLine(ben, '!upload nowhere.txt');
      await chatSays(ben, /⇡ nowhere\.txt ✕ failed(?: ·)? There is no "/);
      mkdirSync(join(ben.home, 'closed'));
      writeFileSync(join(ben.home, 'closed/secret'), 'secret');
      chmodSync(join(ben.home, 'closed'), 0);
      writeFileSync(join(ben.home, 'closed.txt'), 'secret');
      chmodSync(join(ben.home, 'closed.txt'), 0);
      await enterLine(ben, '!upload closed');
      await chatSays(ben, /closed ✕ failed(?: ·)? Cannot read/);
      await enterLine(ben, '!upload closed.txt');
      await chatSays(ben, /closed\.txt ✕ failed(?: ·)? Cannot read/);
      await enterLine(ben, '!import nothing.bin');
      await chatSays(ben, 'No file "nothing.bin" was received');
      await enterLine(ben, '!no-such-command');
      await chatSays(ben, /\$ !?no-such-command exit 127/);
      await enterLine(ben, 'still here');
      await chatShows(ada, 'still here');
      assert.deepEqual(readdirSync(join(ada.home, 'aioc-received')), []);
    },
  );

  await t.test('an archive that would write outside of its directory unpacks nothing', async () => {
    const evil = rawZip([
      { name: 'good.txt', content: 'good' },
      { name: '../evil.txt', content: 'evil' },
    ]);
    writeFileSync(join(ben.home, 'evil.zip'), evil);
    await enterLine(ben, '!upload evil.zip');
    await chatShows(ada, /evil\.zip.*done/);
    mkdirSync(join(ada.home, 'deep'));
    await enterLine(ada, '!zimport evil.zip');
    await chatSays(ada, /entry "\.\.\/evil\.txt" .* Nothing was unpacked\./);
    assert.ok(!existsSync(join(ada.home, '../evil.txt')));
    assert.deepEqual(
      readdirSync(ada.home).filter((name) => /evil|good/.test(name)),
      [],
    );
  });

  await t.test('a pasted line of 10 MB is refused with advice, and one of 100 kB too', async () => {
    for (const size of [PASTE_BYTES, 100_000]) {
      ben.paste('x'.repeat(size));
      await ben.waitFor('was not inserted. Send it as a file: !upload <path>', SLOW);
      await ben.waitFor((screen) => promptOf(screen) === '', { what: 'the prompt without it' });
      await enterLine(ben, `alive after ${size}`);
      await chatShows(ada, `alive after ${size}`);
    }
    ben.paste('one short line');
    await ben.waitFor((screen) => promptOf(screen) === 'one short line', { what: 'the pasted line' });
    ben.press('enter');
    await chatShows(ada, 'one short line');
  });

  await t.test('a window of 10x3 says so, takes no keys but Ctrl-C, and comes back', async () => {
    ben.press('escape');
    await ben.waitFor('to write to ada');
    for (const [columns, rows] of [
      [10, 3],
      [1, 1],
      [10, 3],
    ] as const) {
      ben.resize(columns, rows);
      await ben.waitFor((screen) => screen.length === rows && !screen.join('').includes('╭'), {
        ...SLOW,
        what: `${columns}x${rows}`,
      });
    }
    await ben.waitFor((screen) => screen.join(' ').includes('10x3'), SLOW);
    // Were they obeyed, the peer would be ignored and the chat's line not empty.
    ben.press('1', 'i', '4');
    ben.type('unseen');
    // A new size may overtake keys on their way in; what is drawn for it comes after them.
    ben.resize(9, 3);
    await ben.waitFor((screen) => screen.join(' ').includes('9x3'), SLOW);
    ben.resize(80, 24);
    await ben.waitFor(/● ada/, SLOW);
    assert.ok(!ben.screenText().includes('unseen'));
    await isAlive(ben);
  });
});
