import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConnectorRemoteTool } from '../../source/index.ts';
import { makeCertificates } from '../helpers/configured-connectors.ts';
import { Daemon } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import type { PythonPeer } from '../helpers/python-peer.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { Driven, type Workshop } from './workshop.ts';

/** A program at each end of two connectors: `sender` on the client, `receiver` on the server, which listens. */
export interface System {
  readonly sender: Driven;
  readonly receiver: Driven;
}

export interface SystemOptions {
  readonly workshop: Workshop;
  readonly tls: boolean;
  /** Who serves and who calls; its presence makes that end the reference's. */
  readonly python?: { readonly server?: PythonPeer; readonly client?: PythonPeer };
  /** Besides the usual ones, for both connectors. */
  readonly config?: Readonly<Record<string, unknown>>;
}

const PROGRAMS = join(import.meta.dirname, 'programs');
const CONNECTED_MS = 30_000;

async function nodeProgram(workshop: Workshop, name: string, args: readonly string[]): Promise<Driven> {
  return new Driven(workshop, process.execPath, [await workshop.program(name), ...args]);
}

/** Two connectors in processes of their own, connected, and a program of the same language on each. */
export async function startSystem({
  workshop,
  tls,
  python = {},
  config = {},
}: SystemOptions): Promise<System> {
  const port = await freePort();
  const [serverDirectory, clientDirectory] = [workshop.directory(), workshop.directory()];
  if (tls) await makeCertificates(serverDirectory, clientDirectory);
  const types = { send_message_types: ['any'], recv_message_types: ['any'] };
  const address = { server_sockaddr: ['127.0.0.1', port], use_ssl: tls };
  const common = { ...config, ...types, ...address, debug_msg_counts: false };
  const server = { ...common, is_server: true };
  const client = { ...common, is_server: false, client_name: 'client1' };
  const receiver = await startSide(workshop, {
    directory: serverDirectory,
    config: server,
    python: python.server,
  });
  await receiver.do('listen');
  const sender = await startSide(workshop, {
    directory: clientDirectory,
    config: client,
    python: python.client,
  });
  const tool = new ConnectorRemoteTool({
    isServer: true,
    serverSockaddr: ['127.0.0.1', port],
    connectorFilesDirpath: join(serverDirectory, 'run'),
  });
  await waitFor(async () => 'client1' in (await tool.showConnectedPeers({ timeoutMs: 2_000 })), {
    what: 'the client to be connected',
    timeoutMs: CONNECTED_MS,
  });
  return { sender, receiver };
}

interface Side {
  readonly directory: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly python: PythonPeer | undefined;
}

async function startSide(workshop: Workshop, { directory, config, python }: Side): Promise<Driven> {
  const file = join(directory, 'connector.json');
  const places = {
    connector_files_dirpath: join(directory, 'run'),
    certificates_directory_path: directory,
    default_logger_dirpath: directory,
  };
  writeFileSync(file, JSON.stringify({ ...places, ...config }));
  mkdirSync(places.connector_files_dirpath);
  if (python === undefined) {
    await new Daemon(workshop, ['--headless', file], directory).ready();
    return nodeProgram(workshop, 'aioc-program.ts', [file]);
  }
  const connector = spawn(python.python, ['-m', 'aioconnectors', 'create_connector', file], {
    cwd: directory,
    stdio: 'ignore',
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  workshop.after(() => connector.kill('SIGKILL'));
  return new Driven(workshop, python.python, [join(PROGRAMS, 'python-program.py'), file]);
}

/** Nothing is written to a disk, as Python's templates have it. */
export const NOT_STORED = { disk_persistence_send: false, disk_persistence_recv: false };

/** The same shape in four plain Node processes (programs/floor.ts). */
export async function startFloor(workshop: Workshop): Promise<System> {
  const port = await freePort();
  const [directory, clientDirectory] = [workshop.directory(), workshop.directory()];
  await makeCertificates(directory, clientDirectory);
  const [near, far] = [join(directory, 'near'), join(directory, 'far')];
  const pem = join(directory, 'certificates/server/server-cert/server');
  const start = (...args: string[]): Promise<Driven> => nodeProgram(workshop, 'floor.ts', args);
  const receiver = await start('listener', far);
  await receiver.do('echo', { on: false });
  await (await start('acceptor', far, String(port), `${pem}.pem`, `${pem}.key`)).do('ready');
  await (await start('dialler', near, String(port))).do('ready');
  return { sender: await start('program', near), receiver };
}
