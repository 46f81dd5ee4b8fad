import { join } from 'node:path';
import type { DiskSpace } from '../files/disk-space.ts';
import { PeerQuotas } from '../files/peer-quotas.ts';
import { TransferRecords } from '../files/transfer-records.ts';
import type { TransferOffer } from '../files/transfer-target.ts';
import { type TargetPlace, TransferTargets } from '../files/transfer-targets.ts';
import type { ConnectorOptions } from './connector-options.ts';
import { connectorKey } from './open-known-peers.ts';

/**
 * Where the files of aioc peers go, and what is known of those that are not complete.
 *
 * @param placeFor throws AiocError to refuse a file
 */
export function makeFileTargets(
  options: ConnectorOptions,
  space: DiskSpace,
  placeFor: (offer: TransferOffer) => Promise<TargetPlace>,
): TransferTargets {
  const { stateDirectory, namesAreIdentities, ports } = options;
  const { clock, random } = ports;
  const directory = join(stateDirectory, 'transfers', encodeURIComponent(connectorKey(options)));
  return new TransferTargets({
    records: new TransferRecords({ directory, random }),
    quotas: new PeerQuotas({ quota: QUOTA, areStrangers: !namesAreIdentities, clock }),
    ...{ space, clock, placeFor },
  });
}

const TIB = 1024 ** 4;
/** Of one peer. */
const QUOTA = { filesAtOnce: 1_000_000, bytesAtOnce: TIB, filesADay: 10_000_000, bytesADay: 10 * TIB };
