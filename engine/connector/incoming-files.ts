import { join } from 'node:path';
import type { DiskSpace } from '../files/disk-space.ts';
import { FileDestinations } from '../files/file-destinations.ts';
import { ReceivedPieces } from '../files/received-pieces.ts';
import { TransferRecords } from '../files/transfer-records.ts';
import type { LocalBrokerOptions } from '../local/local-broker-types.ts';
import type { ConnectorOptions, LocalOptions } from './connector-options.ts';
import { makeFileTargets, quotasOf } from './file-targets.ts';
import type { MessageLog } from './message-log.ts';
import { connectorKey } from './open-known-peers.ts';

export interface IncomingFilesOptions {
  readonly local: LocalOptions;
  readonly space: DiskSpace;
  readonly log: MessageLog;
}

/** Where the files of messages from peers go: whole ones, pieces from Python, and transfers of aioc peers. */
export function incomingFiles(
  connector: ConnectorOptions,
  { local, space, log }: IncomingFilesOptions,
): Pick<LocalBrokerOptions, 'destinations' | 'pieces' | 'files'> {
  const { stateDirectory, ports } = connector;
  const { clock, random } = ports;
  const quotas = quotasOf(connector);
  const destinations = new FileDestinations({
    byType: local.destinations,
    sizeMaxBytes: local.receiveFileMaxBytes,
    ...{ random, space, quotas },
  });
  const directory = join(stateDirectory, 'pieces', encodeURIComponent(connectorKey(connector)));
  const pieces = new ReceivedPieces({
    ...{ destinations, space, quotas, random, clock },
    records: new TransferRecords({ directory, random }),
    onEvent: (peerName, text, warning) => log.event(text, { peerName, warning, repeats: 'pieces' }),
  });
  const files = makeFileTargets(connector, {
    ...{ space, of: 'messages', quotas },
    placeFor: ({ header, sizeBytes }) => destinations.placeFor(header, sizeBytes),
  });
  return { destinations, pieces, files };
}
