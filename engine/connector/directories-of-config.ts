import { dirname } from 'node:path';
import {
  checkDirectory,
  type DirectoryUse,
  ensureDirectory,
  PRIVATE_DIRECTORY,
} from '../base/own-directory.ts';
import type { ConnectorConfig } from '../config/keys.ts';
import { certificatePaths } from '../security/certificate-paths.ts';

/**
 * Whether programs of the user nobody and its group may send: true for a connector of root, unless the configuration says
 * otherwise.
 */
export function everybodyCanSend(config: Pick<ConnectorConfig, 'everybody_can_send_messages'>): boolean {
  return config.everybody_can_send_messages && process.geteuid?.() === 0;
}

/** The mode of a socket directory: for programs of the connector's group, or for every user to pass through. */
export function socketsDirectoryMode(everybodySends: boolean): number {
  return everybodySends ? 0o711 : 0o750;
}

/**
 * Creates the missing directories of a configured connector and checks the existing ones, before
 * anything is written to them. A directory that also holds the sockets gets the mode of a socket directory.
 *
 * @throws AiocError AIOC_DIRECTORY, AIOC_CONFIG: see ensureDirectory
 */
export async function ensureDirectories(config: ConnectorConfig): Promise<void> {
  for (const use of directoriesOf(config)) await ensureDirectory(use);
  for (const [key, path] of placesForFiles(config)) {
    // With a placeholder, the path is known only when a file arrives.
    if (path.includes('{'))
      await checkDirectory({ key, path: path.slice(0, path.lastIndexOf('/', path.indexOf('{'))) || '/' });
    else await ensureDirectory({ key, path, mode: PRIVATE_DIRECTORY });
  }
}

/**
 * Checks the directories of certificates and keys: a user who can add a file there decides which peers are trusted.
 *
 * @throws AiocError AIOC_DIRECTORY
 */
export async function checkCertificates(config: ConnectorConfig): Promise<void> {
  const { root, server, clients, links, client, own, serverKey, pinned } = certificatePaths(
    config.certificates_directory_path,
  );
  const paths = config.is_server
    ? [root, server, dirname(serverKey), clients, links]
    : [root, client, own, dirname(pinned)];
  for (const path of paths) await checkDirectory({ path, key: 'certificates_directory_path' });
}

/** The socket directory comes first: programs must be able to enter the directories above it. */
function directoriesOf(config: ConnectorConfig): readonly DirectoryUse[] {
  const sockets = config.connector_files_dirpath;
  const socketsMode = socketsDirectoryMode(everybodyCanSend(config));
  const others = [
    ['default_logger_dirpath', config.default_logger_dirpath],
    ['journal_directory', config.journal_directory ?? sockets],
  ] as const;
  return [
    { key: 'connector_files_dirpath', path: sockets, mode: socketsMode },
    ...others
      .filter(([, path]) => path !== sockets)
      .map(([key, path]) => ({ key, path, mode: PRIVATE_DIRECTORY })),
  ];
}

function placesForFiles(config: ConnectorConfig): readonly (readonly [string, string])[] {
  return [
    ...[...config.file_type2dirpath.values()].map((path) => ['file_type2dirpath', path] as const),
    ...[...config.file_recv_config.values()].map(
      ({ target_directory: path }) => ['file_recv_config', path] as const,
    ),
  ];
}
