import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  AiocPair,
  accept,
  chatShows,
  enterChat,
  enterLine,
  paneText,
  promptOf,
  startClient,
  startServer,
  waitForWords,
} from '../helpers/aioc-session.ts';
import { freePort } from '../helpers/free-port.ts';
import { assertGoldenScreen } from '../helpers/golden-screen.ts';
import type { PtySession } from '../helpers/pty-session.ts';

const NOON = '2026-01-05T14:02:00Z';
const BIG_BYTES = 20 * 1024 * 1024;
const SLOW = { timeoutMs: 60_000 };
const SIZES = [
  { columns: 120, rows: 40 },
  { columns: 80, rows: 24 },
] as const;

const chatOf = (session: PtySession): string => paneText(session.screen(), '4 Chat');
const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
const received = (session: PtySession, name: string): string => join(session.home, 'aioc-received', name);

for (const size of SIZES) {
  const golden = (session: PtySession, name: string): Promise<void> =>
    assertGoldenScreen(session, { from: import.meta.url, name });

  // One after another with the same two: a program takes its time to start.
  test(`two people on ${size.columns}x${size.rows}`, async (t) => {
    const port = await freePort();
    await using ada = startServer(port, { ...size, fixedTime: NOON });
    await ada.waitFor('● server', SLOW);
    await using ben = startClient(port, { ...size, fixedTime: NOON });

    await t.test('a connection request shows words that both screens share, and waits', async () => {
      await ada.waitFor('Connection request', SLOW);
      for (const side of [ada, ben]) {
        await waitForWords(side, 'ada');
        await waitForWords(side, 'ben');
      }
      assert.match(ada.screenText(), /\[ Refuse ]/);
      assert.match(ben.screenText(), /[Ww]aiting to be accepted/);
      await golden(ada, 'join-request');
      await golden(ben, 'waiting');
      await accept(ada);
      await chatShows(ada, 'ben is connected');
      await chatShows(ben, 'ada is connected');
    });

    await t.test('what is typed into the chat is text, whatever it says', async () => {
      await enterChat(ben);
      await ben.waitFor(/\d ms/);
      await ben.waitFor('Enter send');
      const before = ben.screen();
      for (const character of 'did 1 quit?') ben.type(character);
      await ben.waitFor((screen) => promptOf(screen) === 'did 1 quit?', { what: 'the typed line' });
      const after = ben.screen();
      const row = after.findIndex((line) => line.includes('did 1 quit?'));
      assert.equal(after.filter((line) => line.includes('did 1 quit?')).length, 1);
      assert.deepEqual(after.toSpliced(row, 1), before.toSpliced(row, 1));
      ben.press('enter');
      await chatShows(ada, 'did 1 quit?');
      await chatShows(ben, /did 1 quit\? +✓/);
    });

    await t.test('they talk, run a command and send a file', async () => {
      await enterLine(ada, 'is the archive there yet?');
      await chatShows(ben, 'is the archive there yet');
      await enterLine(ben, 'not yet — 漢字 ✓');
      await chatShows(ada, 'not yet — 漢字 ✓');
      await enterLine(ben, '!echo hi');
      await chatShows(ben, /\$ echo hi +exit 0\s+hi/);
      writeFileSync(join(ada.home, 'note.txt'), 'a note');
      await enterLine(ada, '!upload note.txt');
      await chatShows(ada, /note\.txt.*done/);
      await chatShows(ben, /note\.txt.*done/);
      await chatShows(ada, /there yet\? +✓/);
      await chatShows(ben, /漢字 ✓ +✓/);
      assert.equal(readFileSync(received(ben, 'note.txt'), 'utf8'), 'a note');
      assert.ok(!chatOf(ada).includes('echo hi'), 'a shell command stays at home');
      // The lag is measured once, soon after the connection.
      await ada.waitFor(/\d ms/);
      await ben.waitFor(/\d ms/);
      await golden(ada, 'talk-server');
      await golden(ben, 'talk-client');
    });

    await t.test(
      'an ignored peer is dropped and counted, until he is no longer ignored; !exit leaves',
      async () => {
        ada.press('escape');
        await ada.waitFor('to write to ben');
        ada.press('1', 'i');
        await ada.waitFor(/ben +ignored, 0 dropped/);
        await enterLine(ben, 'can you hear me?');
        await ada.waitFor(/ben +ignored, 1 dropped/);
        await chatShows(ben, /can you hear me\? +⊘ dropped/);
        ada.press('4');
        await ada.waitFor((screen) => promptOf(screen) === '', { what: 'an empty line' });
        await enterLine(ada, 'I say nothing');
        await ada.waitFor(/ben +ignored, 2 dropped/);
        ada.press('escape');
        await ada.waitFor('to write to ben');
        ada.press('1', 'i');
        await ada.waitFor((screen) => !/ben +ignored,/.test(paneText(screen, '1 Peers')), {
          what: 'the end of ignoring',
        });
        await enterLine(ben, 'and now?');
        await chatShows(ada, 'and now?');
        assert.ok(!chatOf(ada).includes('can you hear me'), chatOf(ada));
        assert.ok(!chatOf(ben).includes('I say nothing'), chatOf(ben));
        // A line that was sent just now is waited for, without a question.
        await enterLine(ben, 'bye');
        await enterLine(ben, '!exit');
        assert.deepEqual(await ben.waitForExit(SLOW), { exitCode: 0, signal: 0 });
        await chatShows(ada, 'bye');
        await chatShows(ada, 'ben is away');
        assert.match(ada.screenText(), /○ ben +away/);
      },
    );
  });
}

test('20 MB go each way and a directory arrives whole', async () => {
  await using pair = await AiocPair.start({ ...SIZES[1], fixedTime: NOON });
  const { ada, ben } = pair;
  for (const [from, to, name] of [
    [ada, ben, 'from-ada.bin'],
    [ben, ada, 'from-ben.bin'],
  ] as const) {
    writeFileSync(join(from.home, name), randomBytes(BIG_BYTES));
    await enterLine(from, `!upload ${name}`);
    await chatShows(from, new RegExp(`${name}.*done.*saved by the peer`));
    assert.equal(sha256(received(to, name)), sha256(join(from.home, name)));
  }
  mkdirSync(join(ada.home, 'site/deep'), { recursive: true });
  writeFileSync(join(ada.home, 'site/index.html'), '<p>hello');
  writeFileSync(join(ada.home, 'site/deep/ünïcode.txt'), 'below');
  await enterLine(ada, '!upload site');
  await chatShows(ada, /site .*done/);
  await chatShows(ben, /site .*done/);
  assert.equal(readFileSync(received(ben, 'site/index.html'), 'utf8'), '<p>hello');
  assert.equal(readFileSync(received(ben, 'site/deep/ünïcode.txt'), 'utf8'), 'below');
  await enterLine(ben, '!import from-ada.bin');
  await chatShows(ben, 'from-ada.bin copied to');
  assert.equal(sha256(join(ben.home, 'from-ada.bin')), sha256(join(ada.home, 'from-ada.bin')));
});
