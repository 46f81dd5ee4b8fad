/** A server with mutual TLS and its clients: what the pictures of the monitor show. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../test/helpers/free-port.ts';
import type { PtySession } from '../test/helpers/pty-session.ts';
import type { Stage } from './film.ts';

const SLOW = { timeoutMs: 30_000 };
const LINES = 24;

export interface Plant {
  readonly serverFile: string;
}

/** Somebody sends to a client that is away, and to a type that no program of the server takes. */
export async function plant(stage: Stage): Promise<Plant> {
  const common = { server_sockaddr: ['127.0.0.1', await freePort()], send_message_types: ['order', 'event'] };
  const server = side(stage, 'server', {
    ...common,
    is_server: true,
    recv_message_types: ['order', 'event'],
  });
  await ended(stage.start(['create_certificates', server.directory]));
  await daemon(stage, server.file);
  const clients = new Map<string, { file: string; program: PtySession }>();
  for (const name of ['press-1', 'press-2', 'sensor-07']) {
    const client = side(stage, name, { ...common, is_server: false, client_name: name });
    const certificates = 'certificates/client';
    cpSync(join(server.directory, certificates), join(client.directory, certificates), { recursive: true });
    clients.set(name, { file: client.file, program: await daemon(stage, client.file) });
  }
  await send(
    stage,
    [clients.get('sensor-07')?.file ?? '', '--type', 'event'],
    (n) => `{"temp": 2${n % 10}.${n % 7}, "n": ${n}}`,
  );
  await send(stage, [clients.get('press-1')?.file ?? '', '--type', 'order'], (n) => `{"order": ${4000 + n}}`);
  const gone = clients.get('press-2')?.program;
  gone?.kill('SIGKILL');
  await gone?.waitForExit(SLOW);
  await send(stage, [server.file, '--type', 'order', '--to', 'press-2'], (n) => `{"cut": ${n}}`);
  return { serverFile: server.file };
}

/** Sends lines, and waits until the connector has them. */
async function send(stage: Stage, args: readonly string[], lineOf: (n: number) => string): Promise<void> {
  const program = stage.start(['send', ...args]);
  for (let n = 1; n <= LINES; n += 1) program.type(`${lineOf(n)}\r`);
  program.type('\x04');
  await ended(program);
}

async function daemon(stage: Stage, file: string): Promise<PtySession> {
  const program = stage.start(['--headless', file]);
  await program.waitFor('aioc ready', SLOW);
  return program;
}

async function ended(program: PtySession): Promise<void> {
  const { exitCode } = await program.waitForExit(SLOW);
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${program.screenText()}`);
}

/** A directory with a configuration, in which everything of that connector lies. */
function side(
  stage: Stage,
  name: string,
  config: Readonly<Record<string, unknown>>,
): { directory: string; file: string } {
  const directory = stage.directory();
  const file = join(directory, `${name}.json`);
  const places = {
    connector_files_dirpath: directory,
    certificates_directory_path: directory,
    default_logger_dirpath: directory,
  };
  writeFileSync(file, JSON.stringify({ ...places, ...config }));
  return { directory, file };
}
