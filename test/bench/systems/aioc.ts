import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConnectorRemoteTool } from '../../../source/index.ts';
import { makeCertificates } from '../../helpers/configured-connectors.ts';
import { Daemon } from '../../helpers/daemon.ts';
import { freePort } from '../../helpers/free-port.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { type Build, programOf } from '../builds.ts';
import type { Bench } from '../case.ts';
import { Driven } from '../workshop.ts';
import { startRelay } from './relay.ts';
import type { Contender, System } from './system.ts';

type Language = 'aioc' | 'python';

/** A connector and the program on it. */
interface SideKind {
  readonly connector: Language;
  readonly program: Language;
}

export interface PairOptions {
  readonly tls?: boolean;
  /** Besides the usual keys, for both connectors. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly client?: SideKind;
  readonly server?: SideKind;
  /** Of `programs`, for both sides that are aioc's. */
  readonly program?: string;
  /** What the link takes each way. */
  readonly delayMs?: number;
  /** Default: that of this checkout. */
  readonly build?: Build;
  /** How to run the server's connector, if not as a daemon. @returns its process id when it listens */
  readonly runServer?: (build: Build, file: string) => Promise<number>;
}

/** With the configuration files of its connectors. */
export interface Pair extends System {
  readonly files: { readonly near: string; readonly far: string };
}

const OURS: SideKind = { connector: 'aioc', program: 'aioc' };
export const PYTHONS: SideKind = { connector: 'python', program: 'python' };
const CONNECTED_MS = 30_000;

/** Nothing is written to a disk, as Python's templates have it. Without this, both disks have each message. */
export const IN_MEMORY = { disk_persistence_send: false, disk_persistence_recv: false };

/** aioc's own programs and connectors, of this checkout and of those to compare it with. */
export function aiocs(
  { builds }: Bench,
  name: string,
  options: PairOptions = {},
  manner: Contender['manner'] = {},
): readonly Contender[] {
  return builds.map((build) => ({
    name: `${name}${build.suffix}`,
    start: (bench) => startPair(bench, { ...options, build }),
    manner,
  }));
}

/** A pair of which some part is Python's. */
export function withPython(name: string, options: PairOptions, manner: Contender['manner'] = {}): Contender {
  return {
    name,
    missing: ({ python }) => ('unavailable' in python ? python.unavailable : undefined),
    start: (bench) => startPair(bench, options),
    manner,
  };
}

/** A server, which listens, and a client, which sends: two connectors and a program on each. */
export async function startPair(bench: Bench, options: PairOptions = {}): Promise<Pair> {
  const { tls = true, config = {}, client = OURS, server = OURS, delayMs, program } = options;
  const { workshop, builds } = bench;
  const build = options.build ?? (builds[0] as Build);
  const port = await freePort();
  const [serverDirectory, clientDirectory] = [workshop.directory(), workshop.directory()];
  if (tls) await makeCertificates(serverDirectory, clientDirectory);
  const types = { send_message_types: ['any'], recv_message_types: ['any'] };
  const common = { ...config, ...types, use_ssl: tls, debug_msg_counts: false };
  const far = await startSide(
    bench,
    build,
    { ...server, file: program, run: options.runServer },
    serverDirectory,
    {
      ...common,
      is_server: true,
      server_sockaddr: ['127.0.0.1', port],
    },
  );
  await far.program.do('listen');
  const relay = delayMs === undefined ? undefined : await startRelay(bench, port, delayMs);
  const near = await startSide(bench, build, { ...client, file: program }, clientDirectory, {
    ...common,
    is_server: false,
    client_name: 'client1',
    server_sockaddr: ['127.0.0.1', relay ?? port],
  });
  await connected(port, serverDirectory);
  return {
    files: { near: near.configFile, far: far.configFile },
    sender: near.program,
    receiver: far.program,
    processes: {
      producer: near.program.pid,
      near: near.connectorPid,
      far: far.connectorPid,
      consumer: far.program.pid,
    },
  };
}

/** Waits until the server has its client. */
export async function connected(port: number, directory: string, clients = 1): Promise<void> {
  const tool = new ConnectorRemoteTool({
    isServer: true,
    serverSockaddr: ['127.0.0.1', port],
    connectorFilesDirpath: join(directory, 'run'),
  });
  const isConnected = async (): Promise<boolean> =>
    Object.keys(await tool.showConnectedPeers({ timeoutMs: 10_000 })).length >= clients;
  await waitFor(isConnected, {
    what: `${clients} clients to be connected`,
    timeoutMs: CONNECTED_MS + 300 * clients,
  });
}

/** Writes a connector's configuration into its directory. @returns its path */
export function writeConfig(directory: string, config: Readonly<Record<string, unknown>>): string {
  const file = join(directory, 'connector.json');
  const places = {
    connector_files_dirpath: join(directory, 'run'),
    certificates_directory_path: directory,
    default_logger_dirpath: directory,
  };
  writeFileSync(file, JSON.stringify({ ...places, ...config }));
  mkdirSync(places.connector_files_dirpath);
  return file;
}

/** aioc's daemon, when it is ready. */
export async function startDaemon({ workshop }: Bench, { cli }: Build, file: string): Promise<Daemon> {
  const daemon = new Daemon(workshop, ['--headless', file], join(file, '..'), { program: cli });
  await daemon.ready();
  return daemon;
}

function startProgram({ workshop }: Bench, build: Build, [program, file]: readonly [string, string]): Driven {
  return new Driven(workshop, process.execPath, [programOf(build, program), file]);
}

async function startSide(
  bench: Bench,
  build: Build,
  kind: SideKind & { readonly file?: string | undefined; readonly run?: PairOptions['runServer'] },
  directory: string,
  config: Readonly<Record<string, unknown>>,
): Promise<{ readonly program: Driven; readonly connectorPid: number; readonly configFile: string }> {
  const { workshop } = bench;
  const file = writeConfig(directory, config);
  let pid: number | undefined;
  if (kind.run !== undefined) pid = await kind.run(build, file);
  else if (kind.connector === 'aioc') pid = (await startDaemon(bench, build, file)).process.pid;
  else {
    const connector = spawn(pythonOf(bench), ['-m', 'aioconnectors', 'create_connector', file], {
      cwd: directory,
      stdio: 'ignore',
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    workshop.after(() => connector.kill('SIGKILL'));
    pid = connector.pid;
  }
  const program =
    kind.program === 'aioc'
      ? startProgram(bench, build, [kind.file ?? 'aioc-program.ts', file])
      : new Driven(workshop, pythonOf(bench), [
          join(import.meta.dirname, '../programs/python-program.py'),
          file,
        ]);
  return { program, connectorPid: pid ?? Number.NaN, configFile: file };
}

function pythonOf({ python }: Bench): string {
  if ('unavailable' in python) throw new Error(python.unavailable);
  return python.python;
}
