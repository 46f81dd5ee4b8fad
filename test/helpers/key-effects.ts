import type { TestContext } from 'node:test';
import {
  ConnectorAPI,
  type ConnectorApiOptions,
  type ConnectorEngineOptions,
  type ListenerMessage,
} from '../../engine/index.ts';
import { type ConfiguredSide, configuredSide, makeCertificates } from './configured-connectors.ts';
import { freePort } from './free-port.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

export type Config = Readonly<Record<string, unknown>>;

export interface StartOptions extends Partial<ConnectorEngineOptions> {
  readonly directory?: string;
}

/** A connector that has been started: a server without TLS unless the configuration says otherwise. */
export async function started(
  t: TestContext,
  config: Config,
  { directory = tempDir(t), ...options }: StartOptions = {},
): Promise<ConfiguredSide> {
  const side = await configuredSide(t, { use_ssl: false, ...config }, directory, options);
  await side.engine.start();
  return side;
}

/** A server and a client that have found each other, each with settings of its own; without TLS unless asked for. */
export async function connectedPair(
  t: TestContext,
  configs: { readonly server?: Config; readonly client?: Config } = {},
  mode: 'plain' | 'mutual-tls' = 'plain',
): Promise<{ server: ConfiguredSide; client: ConfiguredSide }> {
  const common = { server_sockaddr: ['127.0.0.1', await freePort()], use_ssl: mode === 'mutual-tls' };
  const [serverDirectory, clientDirectory] = [tempDir(t), tempDir(t)];
  if (mode === 'mutual-tls') await makeCertificates(serverDirectory, clientDirectory);
  const server = await started(
    t,
    { ...common, is_server: true, ...configs.server },
    { directory: serverDirectory },
  );
  const client = await started(
    t,
    { ...common, is_server: false, client_name: 'client1', ...configs.client },
    { directory: clientDirectory },
  );
  await connected(server, client);
  return { server, client };
}

export async function connected(...sides: readonly ConfiguredSide[]): Promise<void> {
  await waitFor(() => sides.every((side) => side.peers().some(({ state }) => state === 'connected')), {
    what: 'the connection',
    timeoutMs: 15_000,
  });
}

/** A program of a connector, which reads the connector's own configuration. */
export async function program(
  t: TestContext,
  side: { readonly configPath: string | Config },
  options: Partial<ConnectorApiOptions> = {},
): Promise<ConnectorAPI> {
  const api = await ConnectorAPI.fromConfig(side.configPath, options);
  t.after(() => api.close());
  return api;
}

/** What a program of the connector gets to hear of a type. */
export async function heardBy(
  t: TestContext,
  side: ConfiguredSide,
  type = 'any',
): Promise<readonly ListenerMessage[]> {
  const heard: ListenerMessage[] = [];
  const listener = await (await program(t, side)).listen(type, (message) => {
    heard.push(message);
  });
  t.after(() => listener.stop());
  return heard;
}

/** Whether a line of the connector's log, its peer's name included, is like that. */
export function logged(side: ConfiguredSide, pattern: RegExp): boolean {
  return side.log().some(({ peerName, text }) => pattern.test(`${peerName}: ${text}`));
}

export function until(condition: () => unknown, what: string, timeoutMs = 10_000): Promise<unknown> {
  return waitFor(condition, { what, timeoutMs });
}
