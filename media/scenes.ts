import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { enterChat } from '../test/helpers/aioc-session.ts';
import { freePort } from '../test/helpers/free-port.ts';
import type { PtySession } from '../test/helpers/pty-session.ts';
import type { Scene, Stage } from './film.ts';

const WIDE = { columns: 120, rows: 34 } as const;
/** The clock is fixed, so that a new picture differs only where the program does. */
const ENVIRONMENT = { AIOC_FIXED_TIME: '2026-01-02T14:02:00Z' };

/** The pictures that `make.ts` makes. */
export const SCENES: readonly Scene[] = [
  {
    name: 'first-run',
    title: 'aioc',
    async play(stage) {
      const session = start(stage, ['--port', String(await freePort()), '--name', 'workshop'], { rows: 26 });
      for (const text of ['On the other machine', 'No queues yet', 'No log entries yet'])
        await session.waitFor(text);
      return session;
    },
  },
  {
    name: 'connection-request',
    title: 'aioc',
    async play(stage) {
      const { server } = await called(stage, { rows: 26 });
      return server;
    },
  },
  {
    name: 'together',
    title: 'aioc',
    async play(stage) {
      const { server, client } = await called(stage);
      server.press('right');
      server.press('enter');
      await client.waitFor('workshop is connected');
      await server.waitFor('laptop is connected');
      await talk(server, client);
      return server;
    },
  },
];

function start(
  stage: Stage,
  args: readonly string[],
  size: { readonly rows?: number; readonly cwd?: string } = {},
): PtySession {
  return stage.start(['--received', stage.directory(), ...args], { ...WIDE, ...size, env: ENVIRONMENT });
}

/** A server, and a client that waits to be accepted. */
async function called(
  stage: Stage,
  size: { readonly rows?: number } = {},
): Promise<{ server: PtySession; client: PtySession }> {
  const port = String(await freePort());
  const home = stage.directory();
  mkdirSync(join(home, 'site'));
  writeFileSync(join(home, 'site', 'index.html'), '<h1>Spring catalogue</h1>'.repeat(40_000));
  const server = start(stage, ['--bind_server_ip', '127.0.0.1', '--port', port, '--name', 'workshop'], size);
  await server.waitFor('On the other machine');
  const client = start(stage, ['--target', '127.0.0.1', '--port', port, '--name', 'laptop'], { cwd: home });
  await server.waitFor('Connection request');
  return { server, client };
}

async function talk(server: PtySession, client: PtySession): Promise<void> {
  const say = async (from: PtySession, to: PtySession, line: string): Promise<void> => {
    await enterChat(from);
    from.type(line);
    from.press('enter');
    await to.waitFor(line);
  };
  await say(client, server, 'is the new catalogue there yet?');
  await say(server, client, 'no, please send it');
  client.type('!upload site');
  client.press('enter');
  await server.waitFor(/site .*done/);
  server.type('!import site');
  server.press('enter');
  await server.waitFor('copied');
  server.type('!ls site');
  server.press('enter');
  await server.waitFor('index.html');
  await say(server, client, 'got it, thanks');
  // The mark of the last line: the peer has it.
  await server.waitFor(/got it, thanks +✓/);
}
