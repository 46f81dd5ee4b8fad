import type net from 'node:net';
import { AiocError, systemCode } from '../base/errors.ts';
import { USUAL_CONNECTOR_DIRECTORIES } from '../config/keys-directories.ts';
import { type ConnectorOwner, ownerId, sendSocketPath } from '../local/socket-names.ts';
import { connectUnix, isLiveSocket } from '../local/unix-sockets.ts';
import { type ConnectorAddress, ownerOf } from './api-options.ts';

/** A connector on this machine, and the directories in which its sockets may be. */
export class ConnectorLocator {
  readonly owner: ConnectorOwner;
  readonly #directories: readonly string[];

  /** @throws AiocError AIOC_NAME_BAD */
  constructor(options: ConnectorAddress, usualDirectories: readonly string[] = USUAL_CONNECTOR_DIRECTORIES) {
    this.owner = ownerOf(options);
    const { connectorFilesDirpath } = options;
    this.#directories = connectorFilesDirpath === undefined ? usualDirectories : [connectorFilesDirpath];
  }

  /**
   * Connects to a socket of the connector, in the first directory in which it answers.
   *
   * @throws AiocError AIOC_CONNECTOR_AWAY, AIOC_SOCKET_PATH
   */
  async connect(
    pathIn: (directory: string, owner: ConnectorOwner) => string,
    connectTo: (path: string) => Promise<net.Socket> = connectUnix,
  ): Promise<net.Socket> {
    const tried: string[] = [];
    let cause: unknown;
    for (const directory of this.#directories) {
      const path = pathIn(directory, this.owner);
      try {
        return await connectTo(path);
      } catch (error) {
        cause = error;
        tried.push(`${path} (${WHY[systemCode(error) ?? ''] ?? String(error)})`);
      }
    }
    throw new AiocError(
      'AIOC_CONNECTOR_AWAY',
      `the connector ${ownerId(this.owner)} is not running here: start it, or give its configuration file if its connector_files_dirpath is another one (tried ${tried.join(' and ')})`,
      { cause },
    );
  }

  /**
   * The directory in which the connector's send socket answers, else the first one. A program that listens before its
   * connector runs must set the directory, unless it is the first of the default ones.
   */
  async directory(): Promise<string> {
    const [first = '', ...others] = this.#directories;
    if (others.length === 0) return first;
    for (const directory of this.#directories) {
      if (await isLiveSocket(sendSocketPath(directory, this.owner))) return directory;
    }
    return first;
  }
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'no such socket',
  ECONNREFUSED: 'nothing answers',
  EACCES: 'permission denied',
};
