import { statSync } from 'node:fs';
import { join } from 'node:path';
import { AiocError } from '../base/errors.ts';
import { homeDirectory } from '../base/home.ts';
import type { ConnectorConfig } from './keys.ts';

type DirectoryEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The directory of this user's key, chat history and transfer state (XDG base directories).
 *
 * @throws AiocError AIOC_STATE_DIRECTORY for a user who has no home directory
 */
export function stateDirectory(env: DirectoryEnvironment = process.env): string {
  const said = stateHome(env);
  if (said !== undefined) return join(said, 'aioc');
  return join(homeOrError('AIOC_STATE_DIRECTORY', 'XDG_STATE_HOME', env), '.local', 'state', 'aioc');
}

/** @throws AiocError AIOC_CONFIG for a user who has no home directory */
export function defaultReceivedDirectory(env: DirectoryEnvironment = process.env): string {
  return join(homeOrError('AIOC_CONFIG', '--received', env), 'aioc-received');
}

/**
 * The same directories for a connector with a configuration file. Without a usable home directory they are beside its
 * sockets.
 */
export function placesOfConnector(
  config: Pick<ConnectorConfig, 'connector_files_dirpath'>,
  env: DirectoryEnvironment = process.env,
): { readonly stateDirectory: string; readonly receivedDirectory: string } {
  const home = homeDirectory(env);
  const isHome = home !== undefined && isUsable(home);
  const files = config.connector_files_dirpath;
  return {
    stateDirectory: stateHome(env) !== undefined || isHome ? stateDirectory(env) : join(files, 'aioc_state'),
    receivedDirectory: isHome ? defaultReceivedDirectory(env) : join(files, 'aioc_received'),
  };
}

function stateHome(env: DirectoryEnvironment): string | undefined {
  const base = env['XDG_STATE_HOME'];
  // The XDG specification forbids relative paths, which would depend on the working directory.
  return base?.startsWith('/') ? base : undefined;
}

function homeOrError(
  code: 'AIOC_STATE_DIRECTORY' | 'AIOC_CONFIG',
  other: string,
  env: DirectoryEnvironment,
): string {
  const home = homeDirectory(env);
  if (home !== undefined) return home;
  throw new AiocError(
    code,
    `this user has no home directory: set HOME to an absolute path, or ${other} to a directory`,
  );
}

/** Whether the home directory exists: the list of users may name one that nobody created, such as /nonexistent. */
function isUsable(home: string): boolean {
  return statSync(home, { throwIfNoEntry: false })?.isDirectory() === true;
}
