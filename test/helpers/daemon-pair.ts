import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Daemon } from './daemon.ts';
import { freePort } from './free-port.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

/** A daemon and its directory, in which all that is its own lies. */
export interface DaemonSide {
  readonly directory: string;
  readonly file: string;
  readonly daemon: Daemon;
  /** Runs it again, after its end. */
  start(): Promise<Daemon>;
}

/** A server and its client `client1`, without TLS, each the built program as a daemon, connected. */
export async function daemonPair(
  t: TestContext,
  common: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly server: DaemonSide; readonly client: DaemonSide }> {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const side = async (config: Readonly<Record<string, unknown>>): Promise<DaemonSide> => {
    const directory = tempDir(t);
    const file = join(directory, 'connector.json');
    const places = { connector_files_dirpath: directory, default_logger_dirpath: directory };
    writeFileSync(file, JSON.stringify({ server_sockaddr, use_ssl: false, ...places, ...common, ...config }));
    const start = async (): Promise<Daemon> => {
      const daemon = new Daemon(t, ['--headless', file], directory);
      await daemon.ready();
      return daemon;
    };
    return { directory, file, daemon: await start(), start };
  };
  const server = await side({ is_server: true });
  const client = await side({ is_server: false, client_name: 'client1' });
  await waitFor(() => /client1: connected/.test(logOf(server)), { what: 'the connection' });
  return { server, client };
}

export function logOf({ directory }: DaemonSide): string {
  return readFileSync(join(directory, 'aioconnectors.log'), 'utf8');
}
