import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ConnectorOptions } from './connector-options.ts';

/**
 * Where a connector keeps which of its peers are aioc. Several connectors share a state directory, and a client's name
 * is no file name, so each has a file named after a hash of who it is.
 */
export function knownAiocFile({
  stateDirectory,
  role,
  wireName,
  host,
  port,
}: Pick<ConnectorOptions, 'stateDirectory' | 'role' | 'wireName' | 'host' | 'port'>): string {
  const who = JSON.stringify([role, role === 'client' ? wireName : '', host, port]);
  const name = createHash('sha256').update(who).digest('hex').slice(0, 32);
  return join(stateDirectory, 'known-aioc', `${name}.json`);
}
