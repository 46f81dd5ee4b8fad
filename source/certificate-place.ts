import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  AiocError,
  type ConnectorConfig,
  ConnectorRemoteTool,
  connectorOfEntry,
  loadConfig,
  type StoppedServer,
  settleDirectories,
} from '../engine/index.ts';
import type { ConnectorWhere } from './commands/certificate-arguments.ts';
import { connectorTakingCommands, onlyRunning, toolAt } from './find-connector.ts';

/** Where the certificates of a connector are, and how to reach it. */
export interface CertificatePlace extends StoppedServer {
  /** Undefined for a directory that may have the part of a server and that of a client. */
  readonly part: 'server' | 'client' | undefined;
  readonly clientName: string | undefined;
  /** Commands to the connector, which may not run; undefined for a directory. */
  readonly tool: ConnectorRemoteTool | undefined;
}

/**
 * Finds the certificates of a connector that is given by its configuration file or its name (without either: of the only
 * one that runs), or by its certificates_directory_path.
 *
 * @throws AiocError AIOC_COMMAND if it has no mutual TLS, AIOC_CONFIG, AIOC_CONNECTOR_AWAY, AIOC_USAGE
 */
export async function certificatePlaceOf({
  connector,
  directories,
}: ConnectorWhere): Promise<CertificatePlace> {
  if (connector?.endsWith('.json')) return placeOfFile(connector);
  if (connector !== undefined && (await isDirectory(join(connector, 'certificates'))))
    return {
      ...NOWHERE,
      directory: resolve(connector),
      part: undefined,
      clientName: undefined,
      tool: undefined,
    };
  const { directory, entry } =
    connector === undefined
      ? await onlyRunning(directories)
      : await connectorTakingCommands(connector, directories);
  const tool = toolAt({ directory, entry });
  await checkMutualTls(entry, tool);
  const { isServer, clientName, serverSockaddr: [host, port] = ['', 0] } = connectorOfEntry(entry);
  return {
    directory: await tool.showAttribute('certificates_directory_path'),
    ...{ host, port, clientName, tool },
    part: isServer ? 'server' : 'client',
  };
}

const NOWHERE = { host: '', port: 0 } as const;

async function placeOfFile(file: string): Promise<CertificatePlace> {
  const { config } = await settleDirectories(await loadConfig({ file, role: 'manager' }), { source: file });
  if (!config.use_ssl || config.ssl_allow_all) throw withoutMutualTls(file);
  const [host, port] = config.server_sockaddr;
  return {
    directory: config.certificates_directory_path,
    ...{ host, port, maxCertificates: config.max_certs },
    part: config.is_server ? 'server' : 'client',
    clientName: config.client_name ?? undefined,
    tool: await toolOf(file, config),
  };
}

/** A client without a name gets one at each start, so nothing can reach it. */
async function toolOf(file: string, config: ConnectorConfig): Promise<ConnectorRemoteTool | undefined> {
  if (!config.is_server && config.client_name === null) return undefined;
  return ConnectorRemoteTool.fromConfig(file);
}

async function checkMutualTls(entry: string, tool: ConnectorRemoteTool): Promise<void> {
  const [usesTls, allowsAll] = await Promise.all([
    tool.showAttribute('use_ssl'),
    tool.showAttribute('ssl_allow_all'),
  ]);
  if (usesTls !== 'True' || allowsAll === 'True') throw withoutMutualTls(entry);
}

function withoutMutualTls(connector: string): AiocError {
  return new AiocError(
    'AIOC_COMMAND',
    `${connector} does not use mutual TLS (use_ssl: true, ssl_allow_all: false), so it has no certificates of clients`,
  );
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}

/**
 * Asks the running connector, or does it itself if none runs.
 *
 * @throws the error of `ask` or `otherwise`
 */
export async function askOrDo<T>(
  { tool }: CertificatePlace,
  ask: (tool: ConnectorRemoteTool) => Promise<T>,
  otherwise: () => Promise<T>,
): Promise<T> {
  if (tool === undefined) return otherwise();
  try {
    return await ask(tool);
  } catch (error) {
    if (!(error instanceof AiocError && error.code === 'AIOC_CONNECTOR_AWAY')) throw error;
    return otherwise();
  }
}
