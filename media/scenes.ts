import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { enterChat } from '../test/helpers/aioc-session.ts';
import { freePort } from '../test/helpers/free-port.ts';
import type { PtySession } from '../test/helpers/pty-session.ts';
import type { Scene, Stage } from './film.ts';
import { plant } from './plant.ts';

const WIDE = { columns: 120, rows: 34 } as const;
interface Size {
  readonly columns: number;
  readonly rows: number;
}

interface Two {
  readonly server: PtySession;
  readonly client: PtySession;
}

/** Larger than what crosses while a picture is taken. */
const RECORDING_BYTES = 600_000_000;
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
      const { server, client } = await accepted(stage);
      await talk(server, client);
      return server;
    },
  },
  {
    name: 'transfer',
    title: 'aioc',
    async play(stage) {
      const { server, client } = await accepted(stage, { rows: 26 });
      await say(client, server, 'here is the recording');
      client.type('!upload recording.wav');
      client.press('enter');
      await server.waitFor(/recording\.wav .* [2-9]\d %/);
      return server;
    },
  },
  {
    name: 'help',
    title: 'aioc',
    async play(stage) {
      const { server } = await accepted(stage, { rows: 30 });
      server.press('escape');
      await server.waitFor('to write to laptop');
      server.press('1', '?');
      await server.waitFor('Help: keys');
      return server;
    },
  },
  {
    name: 'small',
    title: 'aioc, 60x16',
    async play(stage) {
      const { server, client } = await accepted(stage, { columns: 60, rows: 16 });
      await say(client, server, 'is the new catalogue there yet?');
      await say(server, client, 'no, please send it');
      client.type('!upload site');
      client.press('enter');
      await server.waitFor(/site .*done/);
      return server;
    },
  },
  {
    name: 'attach',
    title: 'aioc attach server.json',
    async play(stage) {
      const { serverFile } = await plant(stage);
      return attached(stage, serverFile);
    },
  },
  {
    name: 'stuck-queue',
    title: 'aioc attach server.json',
    async play(stage) {
      const { serverFile } = await plant(stage);
      const screen = await attached(stage, serverFile, { rows: 26 });
      screen.press('2', 'w');
      await screen.waitFor('Why?');
      return screen;
    },
  },
  {
    name: 'delete-certificate',
    title: 'aioc attach server.json',
    async play(stage) {
      const { serverFile } = await plant(stage);
      const screen = await attached(stage, serverFile, { rows: 26 });
      screen.press('1', 'g', 'd');
      await screen.waitFor('certificate?');
      screen.type('press');
      await screen.waitFor('› press ');
      return screen;
    },
  },
];

/** A screen on the daemon of a plant, with what waits there. Its clock is the daemon's. */
async function attached(stage: Stage, file: string, size: Partial<Size> = {}): Promise<PtySession> {
  const screen = stage.start(['attach', file], { ...WIDE, ...size });
  for (const text of [/○ press-2/, /order +24/, /event +24/])
    await screen.waitFor(text, { timeoutMs: 30_000 });
  return screen;
}

function start(
  stage: Stage,
  args: readonly string[],
  size: Partial<Size> & { readonly cwd?: string } = {},
): PtySession {
  return stage.start(['--received', stage.directory(), ...args], { ...WIDE, ...size, env: ENVIRONMENT });
}

/** The same two, connected. */
async function accepted(stage: Stage, size: Partial<Size> = {}): Promise<Two> {
  const { server, client } = await called(stage, size);
  server.press('right');
  server.press('enter');
  await client.waitFor('workshop is connected');
  await server.waitFor('laptop is connected');
  return { server, client };
}

/** A server, and a client that waits to be accepted. */
async function called(stage: Stage, size: Partial<Size> = {}): Promise<Two> {
  const port = String(await freePort());
  const home = stage.directory();
  mkdirSync(join(home, 'site'));
  writeFileSync(join(home, 'site', 'index.html'), '<h1>Spring catalogue</h1>'.repeat(40_000));
  writeFileSync(join(home, 'recording.wav'), '');
  truncateSync(join(home, 'recording.wav'), RECORDING_BYTES);
  const server = start(stage, ['--bind_server_ip', '127.0.0.1', '--port', port, '--name', 'workshop'], size);
  await server.waitFor('On the other machine');
  const client = start(stage, ['--target', '127.0.0.1', '--port', port, '--name', 'laptop'], { cwd: home });
  await server.waitFor('Connection request');
  return { server, client };
}

async function say(from: PtySession, to: PtySession, line: string): Promise<void> {
  await enterChat(from);
  from.type(line);
  from.press('enter');
  await to.waitFor(line);
}

async function talk(server: PtySession, client: PtySession): Promise<void> {
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
