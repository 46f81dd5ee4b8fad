import { writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { LogRow, PeerRow, QueueRow, Status, Update, View } from '../../engine/contract/views.ts';
import {
  type ConnectorEngineOptions,
  createCertificates,
  createConnectorEngine,
  type Engine,
  parseConfig,
} from '../../engine/index.ts';
import { freePort } from './free-port.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

export type Mode = 'plain' | 'tls-allow-all' | 'mutual-tls';

/** A connector in this process, made from a configuration like a daemon's; and that configuration as a file. */
export interface ConfiguredSide {
  readonly engine: Engine;
  readonly configPath: string;
  readonly directory: string;
  status(): Status;
  peers(): readonly PeerRow[];
  queues(): readonly QueueRow[];
  log(): readonly LogRow[];
}

export async function configuredSide(
  t: Pick<TestContext, 'after'>,
  config: Readonly<Record<string, unknown>>,
  directory: string,
  options: Partial<ConnectorEngineOptions> = {},
): Promise<ConfiguredSide> {
  const value = {
    connector_files_dirpath: join(directory, 'run'),
    certificates_directory_path: directory,
    default_logger_dirpath: directory,
    ...config,
  };
  const configPath = join(directory, 'config.json');
  writeFileSync(configPath, JSON.stringify(value));
  let level = 'INFO';
  const engine = await createConnectorEngine({
    config: parseConfig(value, { source: configPath, role: 'manager' }).config,
    version: '0.0.0',
    stateDirectory: join(directory, 'state'),
    receivedDirectory: join(directory, 'received'),
    onShutdown: () => undefined,
    logLevel: {
      get: () => level,
      set: (next) => {
        level = next;
      },
    },
    ...options,
  });
  t.after(() => engine.stop({ hard: true }));
  const look = (view: View): Update => {
    let seen: Update | undefined;
    engine.engine
      .open(view, (update) => {
        seen = update;
      })
      .close();
    return seen as Update;
  };
  const rows = <Row>(view: View): readonly Row[] => (look(view) as unknown as { rows: readonly Row[] }).rows;
  const list = { filter: '', sort: 'name', descending: false, offset: 0, rows: 100 } as const;
  return {
    engine,
    configPath,
    directory,
    status: () => (look({ pane: 'status' }) as { status: Status }).status,
    peers: () => rows<PeerRow>({ pane: 'peers', ...list }),
    queues: () => rows<QueueRow>({ pane: 'queues', ...list }),
    log: () => rows<LogRow>({ pane: 'log', filter: '', rows: 1000 }),
  };
}

export interface ConfiguredPair {
  readonly server: ConfiguredSide;
  readonly client: ConfiguredSide;
}

/** A server and a client that have found each other, each with its own directories. */
export async function configuredPair(
  t: TestContext,
  mode: Mode,
  config: Readonly<Record<string, unknown>> = {},
): Promise<ConfiguredPair> {
  const port = await freePort();
  const [serverDirectory, clientDirectory] = [tempDir(t), tempDir(t)];
  if (mode === 'mutual-tls') await makeCertificates(serverDirectory, clientDirectory);
  const common = {
    server_sockaddr: ['127.0.0.1', port],
    use_ssl: mode !== 'plain',
    ssl_allow_all: mode === 'tls-allow-all',
    ...config,
  };
  const server = await configuredSide(t, { ...common, is_server: true }, serverDirectory);
  await server.engine.start();
  const client = await configuredSide(
    t,
    { ...common, is_server: false, client_name: 'client1' },
    clientDirectory,
  );
  await client.engine.start();
  await waitFor(() => client.peers()[0]?.kind === 'aioc' && server.peers()[0]?.kind === 'aioc', {
    what: 'the connection',
    timeoutMs: 15_000,
  });
  return { server, client };
}

/** A server's directory, and a client's with what a client gets of it: the default certificate and the server's. */
export async function makeCertificates(serverDirectory: string, clientDirectory: string): Promise<void> {
  await createCertificates(serverDirectory);
  await cp(join(serverDirectory, 'certificates', 'client'), join(clientDirectory, 'certificates', 'client'), {
    recursive: true,
  });
}
