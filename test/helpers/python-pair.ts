import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ConnectorAPI } from '../../engine/api/connector-api.ts';
import { ConnectorRemoteTool } from '../../engine/api/remote-tool.ts';
import { freePort } from './free-port.ts';
import { type PythonConnector, startPythonConnector } from './python-connector.ts';
import type { PythonPeer } from './python-peer.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

/** One of two connected Python connectors, with our library on its sockets. */
interface PythonSide {
  readonly connector: PythonConnector;
  readonly api: ConnectorAPI;
  readonly tool: ConnectorRemoteTool;
  /** The configuration, for other programs on this connector. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly configFile: string;
  /** Where files of dst_type `any` arrive. */
  readonly received: string;
}

export interface PythonPair {
  readonly server: PythonSide;
  readonly client: PythonSide;
  readonly serverId: string;
  readonly clientId: string;
}

const TYPES = ['event', 'order', 'other'];

/** A server and a client of the reference program without TLS, connected when this resolves. */
export async function startPythonPair(t: TestContext, python: PythonPeer): Promise<PythonPair> {
  const port = await freePort();
  const clientId = 'edge-1';
  const address = { server_sockaddr: ['127.0.0.1', port], use_ssl: false };
  const server = await startSide(t, python, { ...address, is_server: true });
  const client = await startSide(t, python, { ...address, is_server: false, client_name: clientId });
  const serverId = `('127.0.0.1', ${port})`;
  await waitFor(
    async () =>
      clientId in (await server.tool.showConnectedPeers()) &&
      serverId in (await client.tool.showConnectedPeers()),
    { timeoutMs: 20_000, what: 'two Python connectors to find each other' },
  );
  return { server, client, serverId, clientId };
}

async function startSide(
  t: TestContext,
  python: PythonPeer,
  own: Readonly<Record<string, unknown>>,
): Promise<PythonSide> {
  const types = { send_message_types: TYPES, recv_message_types: TYPES };
  const received = tempDir(t);
  const connector = startPythonConnector(t, python, {
    ...own,
    ...types,
    debug_msg_counts: false,
    file_recv_config: { any: { target_directory: received, owner: null, override_existing: false } },
  });
  const config = { ...own, ...types, connector_files_dirpath: connector.directory };
  const configFile = join(connector.directory, 'api.json');
  writeFileSync(configFile, JSON.stringify({ ...config, default_logger_dirpath: connector.directory }));
  const api = await ConnectorAPI.fromConfig(config);
  t.after(() => api.close());
  return {
    connector,
    api,
    tool: await ConnectorRemoteTool.fromConfig(configFile),
    config,
    configFile,
    received,
  };
}
