import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CONTRACT_VERSION } from '../../engine/contract/engine-api.ts';
import { encodePacket, jsonBody, PacketReader } from '../../engine/local/native/packets.ts';
import { enterLine, paneText } from '../helpers/aioc-session.ts';
import { builtProgram } from '../helpers/built-program.ts';
import { runProgram } from '../helpers/daemon.ts';
import { type DaemonSide, daemonPair } from '../helpers/daemon-pair.ts';
import { RESTORED } from '../helpers/pty-modes.ts';
import { PtySession } from '../helpers/pty-session.ts';

const SLOW = { timeoutMs: 30_000 };
const DOOR = 'aioc_door_client_client1/socket';

function attachTo(...words: readonly string[]): PtySession {
  const args = [builtProgram(), 'attach', ...words];
  return PtySession.start({ command: process.execPath, args, columns: 120, rows: 40 });
}

async function leave(session: PtySession): Promise<void> {
  session.press('alt-1');
  await session.waitFor('q detach', SLOW);
  session.press('q');
  assert.deepEqual(await session.waitForExit(SLOW), { exitCode: 0, signal: 0 });
  assert.deepEqual(session.modes(), RESTORED);
}

async function statusOf(t: TestContext, { directory }: DaemonSide): Promise<string> {
  const args = ['status', '--connector_files_dirpath', directory];
  return (await runProgram(t, args, directory)).output;
}

/** In the place of a killed daemon's door: one of a later release, as far as a screen can tell. */
async function otherVersion(t: TestContext, path: string): Promise<net.Server> {
  rmSync(path);
  const server = net.createServer((socket) => {
    const reader = new PacketReader();
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
        const { number } = packet;
        const answer =
          packet.kind === 'hello'
            ? ({ kind: 'welcome', number, body: jsonBody({ protocol: 1, version: '99.0.0' }) } as const)
            : ({ kind: 'engineReply', number, body: jsonBody(LATER_HELLO) } as const);
        socket.write(Buffer.concat(encodePacket(answer)));
      }
    });
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return server;
}

const LATER_HELLO = { kind: 'hello', version: CONTRACT_VERSION + 1 };

/** Whatever pane has the focus. */
async function enterInChat(session: PtySession, line: string): Promise<void> {
  session.press('alt-4');
  await session.waitFor('Enter send', SLOW);
  await enterLine(session, line);
}

/** Lines that the terminal has broken are one. */
const saidBy = (session: PtySession): string => session.transcript().replaceAll('\n', '');

// One after another on the same two daemons; the last ends both.
test('aioc attach', async (tests) => {
  const { server, client } = await daemonPair(tests);
  let { daemon } = client;

  await tests.test(
    'two screens on one daemon: peers and queues, i ignores for both, q leaves it running',
    async (t) => {
      await using one = attachTo(server.file);
      await using other = attachTo('--connector_files_dirpath', server.directory);
      for (const session of [one, other]) {
        await session.waitFor(/● server 127\.0\.0\.1:\d+ · attached/, SLOW);
        await session.waitFor(/›● client1/, SLOW);
        await session.waitFor(/inbox · any +0/, SLOW);
      }
      one.press('alt-1');
      await one.waitFor('q detach');
      one.press('i');
      for (const session of [one, other])
        await session.waitFor((screen) => paneText(screen, '1 Peers').includes('ignored'), {
          what: 'ignored',
          ...SLOW,
        });
      await enterInChat(other, '!echo shown $((1 + 1))');
      await other.waitFor(/exit 0/, SLOW);
      one.press('4');
      await one.waitFor('shown 2', SLOW);
      await leave(one);
      await leave(other);
      assert.match(
        await statusOf(t, server),
        /● 127\.0\.0\.1.*\n.*client1 .*connected.*\n.*ignored: client1/s,
      );
      assert.equal(server.daemon.process.exitCode, null);
    },
  );

  await tests.test(
    'a command that runs in a screen is shown as ended when that screen is killed',
    async () => {
      await using doomed = attachTo(client.file);
      await doomed.waitFor(/● client .*· attached/, SLOW);
      await enterInChat(doomed, '!echo begun; sleep 100');
      await doomed.waitFor('running (Ctrl-C: stop)', SLOW);
      await using other = attachTo(client.file);
      await other.waitFor(/● client .*· attached/, SLOW);
      other.press('4');
      await other.waitFor('running (Ctrl-C: stop)', SLOW);
      doomed.kill('SIGKILL');
      await other.waitFor('stopped by SIGHUP', SLOW);
    },
  );

  await tests.test('a daemon that is killed is a state, and is shown again when it is back', async () => {
    await using session = attachTo('client1', '--connector_files_dirpath', client.directory);
    await session.waitFor(/● client .*· attached/, SLOW);
    await daemon.killed();
    await session.waitFor(/✕ client .*connector not reachable, waiting/, SLOW);
    daemon = await client.start();
    await session.waitFor(/● client .*· attached/, SLOW);
    await leave(session);
    assert.equal(daemon.process.exitCode, null);
  });

  await tests.test(
    'without a connector, and with one of another version, it says so in one line and ends with 1',
    async (t) => {
      await daemon.killed();
      await using nobody = attachTo(client.file);
      assert.equal((await nobody.waitForExit(SLOW)).exitCode, 1);
      assert.match(
        saidBy(nobody),
        /^aioc: the connector client1 is not running here: start it.*\[AIOC_CONNECTOR_AWAY]$/,
      );
      const fake = await otherVersion(t, join(client.directory, DOOR));
      await using mismatch = attachTo(client.file);
      assert.equal((await mismatch.waitForExit(SLOW)).exitCode, 1);
      assert.match(saidBy(mismatch), /use the same release of aioc for both \[AIOC_CONTRACT_VERSION]/);
      fake.close();
      await using session = attachTo(server.file);
      await session.waitFor(/● server .*· attached/, SLOW);
      await server.daemon.killed();
      await session.waitFor('connector not reachable', SLOW);
      const [name = ''] = readdirSync(server.directory).filter((one) => one.startsWith('aioc_door_'));
      await otherVersion(t, join(server.directory, name, 'socket'));
      assert.equal((await session.waitForExit(SLOW)).exitCode, 1);
      assert.match(saidBy(session), /use the same release of aioc for both \[AIOC_CONTRACT_VERSION]/);
      assert.deepEqual(session.modes(), RESTORED);
    },
  );
});
