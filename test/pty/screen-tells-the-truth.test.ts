import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { paneText } from '../helpers/aioc-session.ts';
import { builtProgram } from '../helpers/built-program.ts';
import { runProgram } from '../helpers/daemon.ts';
import { type DaemonSide, daemonPair } from '../helpers/daemon-pair.ts';
import { PtySession } from '../helpers/pty-session.ts';

const SLOW = { timeoutMs: 30_000 };
const MESSAGES = 2000;

function attachTo({ file }: DaemonSide, columns: number): PtySession {
  const args = [builtProgram(), 'attach', file];
  return PtySession.start({ command: process.execPath, args, columns, rows: columns > 100 ? 40 : 24 });
}

/** `aioc send`, one message for each number. */
async function sendNumbers({ file, directory }: DaemonSide, count: number): Promise<void> {
  const send = spawn(process.execPath, [builtProgram(), 'send', file], {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { ...process.env, HOME: directory },
  });
  send.stdin.end(Array.from({ length: count }, (_, index) => `number ${index + 1}\n`).join(''));
  assert.deepEqual(await once(send, 'close'), [0, null]);
}

async function statusOf(t: TestContext, { directory }: DaemonSide): Promise<string> {
  const args = ['status', '--connector_files_dirpath', directory];
  return (await runProgram(t, args, directory)).output;
}

test('q and Enter, typed at once on an attached screen with somebody connected, send nothing and leave', async (t) => {
  const { server, client } = await daemonPair(t);
  await using session = attachTo(server, 120);
  await session.waitFor(/● client1/, SLOW);
  // Typed before the screen is left, so that what is behind q would be a line of the chat.
  session.type('q\r');
  assert.deepEqual(await session.waitForExit(SLOW), { exitCode: 0, signal: 0 });
  assert.doesNotMatch(await statusOf(t, client), /received and not yet taken/);
  assert.doesNotMatch(await statusOf(t, server), /waiting for/);
});

/** What one screen says of the messages in the header, in the queue's row and in the last row of the log. */
interface Story {
  readonly header: string;
  readonly depth: string;
  readonly outcomes: readonly string[];
}

function storyOn(screen: readonly string[]): Story {
  const header = /waiting (\d[\d,]*(?: (?:in|out|stuck))?(?: · [\d,]+ (?:in|out|stuck))*)/.exec(
    screen[0] ?? '',
  );
  const depth = /inbox · any +([\d,]+)/.exec(paneText(screen, '2 Queues'));
  const rows = paneText(screen, '3 Log')
    .split('\n')
    .filter((row) => row.includes('number'));
  return {
    header: header?.[1] ?? '',
    depth: depth?.[1] ?? '',
    outcomes: [...new Set(rows.map((row) => /\d B +(.*)$/.exec(row)?.[1] ?? row))],
  };
}

test(`of ${MESSAGES} messages that nobody takes header, queue and log say the same, and what becomes of them, on 120 and on 80 columns`, async (t) => {
  const { server, client } = await daemonPair(t);
  await using wide = attachTo(server, 120);
  await using narrow = attachTo(server, 80);
  const screens = [wide, narrow];
  for (const session of screens) {
    await session.waitFor(/● client1/, SLOW);
    session.press('3');
  }
  await sendNumbers(client, MESSAGES);
  const says = async (wanted: Story): Promise<void> => {
    for (const session of screens)
      await session.waitFor((screen) => JSON.stringify(storyOn(screen)) === JSON.stringify(wanted), {
        what: JSON.stringify(wanted),
        ...SLOW,
      });
  };
  await says({ header: '2,000 in · 1 stuck', depth: '2,000', outcomes: ['stored'] });
  const listened = await runProgram(t, ['listen', server.file, '--count', '1999'], server.directory);
  assert.equal(listened.exitCode, 0, listened.errors);
  await says({ header: '1 in · 1 stuck', depth: '1', outcomes: ['taken', 'stored'] });
  const rest = await runProgram(t, ['listen', server.file, '--count', '1'], server.directory);
  assert.match(rest.output, /number 2000/);
  await says({ header: '0', depth: '0', outcomes: ['taken'] });
});
