import { basename, dirname } from 'node:path';
import { activeConnectors } from '../local/active-connectors.ts';
import { attachSocketPath, attachSocketsIn, parseActiveConnectorEntry } from '../local/socket-names.ts';
import { connectUnix } from '../local/unix-sockets.ts';

/** A running connector that this user can attach to. */
export interface AttachableConnector {
  /** The path of its attach socket. */
  readonly path: string;
  /** Its entry in active_connectors.json, or a similar name if it has no entry (while stopped or not connected). */
  readonly name: string;
}

/** The connectors in a directory that this user can attach to. */
export async function attachableConnectors(directory: string): Promise<readonly AttachableConnector[]> {
  const paths = await attachSocketsIn(directory);
  const answering = await Promise.all(paths.map(answers));
  const names = new Map(
    (await activeConnectors(directory)).map((entry) => [
      attachSocketPath(directory, parseActiveConnectorEntry(entry)),
      entry,
    ]),
  );
  return paths
    .filter((_, index) => answering[index])
    .map((path) => ({ path, name: names.get(path) ?? ownerIn(path) }));
}

async function answers(path: string): Promise<boolean> {
  try {
    (await connectUnix(path)).destroy();
    return true;
  } catch {
    return false;
  }
}

/** `client1` of `…/aioc_door_client_client1/socket`. */
function ownerIn(path: string): string {
  return basename(dirname(path)).replace(/^aioc_door_(client|server)_/, '');
}
