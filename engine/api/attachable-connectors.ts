import { basename, dirname } from 'node:path';
import { activeConnectors } from '../local/active-connectors.ts';
import { attachSocketPath, attachSocketsIn, parseActiveConnectorEntry } from '../local/socket-names.ts';
import { connectUnix } from '../local/unix-sockets.ts';

/** A connector to which a screen of this user can be attached now. */
export interface AttachableConnector {
  /** Of its socket. */
  readonly path: string;
  /** As active_connectors.json has it, or, while the connector is connected to nobody or stopped, much like it. */
  readonly name: string;
}

/** The connectors with sockets in that directory to which this user can attach. */
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
