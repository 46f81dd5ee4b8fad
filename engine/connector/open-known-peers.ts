import { join } from 'node:path';
import { KnownPeers } from '../peers/known-peers.ts';
import type { ConnectorOptions } from './connector-options.ts';

/** Which peers were aioc the last time, in a file that connectors share. */
export function knownPeersOf(options: ConnectorOptions): KnownPeers {
  const { stateDirectory, ports } = options;
  const { random, clock } = ports;
  return new KnownPeers({
    file: join(stateDirectory, 'known-aioc.json'),
    owner: connectorKey(options),
    random,
    clock,
  });
}

/** Identifies a connector among those that share a state directory. One word: neither names nor addresses have a space. */
export function connectorKey({ role, wireName, host, port }: ConnectorOptions): string {
  return [role, role === 'client' ? wireName : '', host, port].join();
}
