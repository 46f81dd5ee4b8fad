import { join } from 'node:path';
import type { DiskSpace } from '../files/disk-space.ts';
import { type FileQuota, PeerQuotas } from '../files/peer-quotas.ts';
import { TransferRecords } from '../files/transfer-records.ts';
import type { TransferOffer } from '../files/transfer-target.ts';
import { type TargetPlace, TransferTargets } from '../files/transfer-targets.ts';
import type { ConnectorOptions } from './connector-options.ts';
import { connectorKey } from './open-known-peers.ts';

export interface FileTargetsOptions {
  readonly space: DiskSpace;
  /** Whose files they are: each has its own records. */
  readonly of: 'messages' | 'chat';
  readonly quotas?: PeerQuotas;
  /** @throws AiocError to refuse a file */
  placeFor(offer: TransferOffer): Promise<TargetPlace>;
}

/** Where the files of aioc peers go, and what is known of those that are not complete. */
export function makeFileTargets(
  options: ConnectorOptions,
  { space, of, quotas = quotasOf(options), placeFor }: FileTargetsOptions,
): TransferTargets {
  const { stateDirectory, ports } = options;
  const { clock, random } = ports;
  const directory = join(stateDirectory, 'transfers', encodeURIComponent(connectorKey(options)), of);
  return new TransferTargets({
    records: new TransferRecords({ directory, random }),
    ...{ quotas, space, clock, placeFor },
  });
}

/** Peers whose certificates say who they are, and those that a user has admitted, get generous quotas. */
export function quotasOf({ security, acceptAll, local, ports: { clock } }: ConnectorOptions): PeerQuotas {
  const areStrangers = acceptAll && security.mode !== 'mutual-tls';
  const usual = areStrangers ? STRANGERS_QUOTA : KNOWN_QUOTA;
  const set = Object.entries(local?.fileQuota ?? {}).filter(([, value]) => value !== null);
  return new PeerQuotas({ quota: { ...usual, ...Object.fromEntries(set) }, areStrangers, clock });
}

const GIB = 1024 ** 3;
const KNOWN_QUOTA: FileQuota = {
  filesAtOnce: 1_000_000,
  bytesAtOnce: 1024 * GIB,
  filesADay: 10_000_000,
  bytesADay: 10 * 1024 * GIB,
};
const STRANGERS_QUOTA: FileQuota = {
  filesAtOnce: 100_000,
  bytesAtOnce: 32 * GIB,
  filesADay: 200_000,
  bytesADay: 128 * GIB,
};
