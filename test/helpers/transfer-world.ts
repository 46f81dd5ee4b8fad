import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { realRandomness } from '../../engine/base/real-ports.ts';
import { DiskSpace, type StatFileSystem } from '../../engine/files/disk-space.ts';
import { FileDestinations } from '../../engine/files/file-destinations.ts';
import { type FileQuota, PeerQuotas } from '../../engine/files/peer-quotas.ts';
import { TransferRecords } from '../../engine/files/transfer-records.ts';
import type { TransferOffer, TransferTarget } from '../../engine/files/transfer-target.ts';
import { TransferTargets } from '../../engine/files/transfer-targets.ts';
import { FakeClock } from './fake-clock.ts';
import { tempDir } from './temp-dir.ts';

const AMPLE_QUOTA: FileQuota = {
  filesAtOnce: 1_000_000,
  bytesAtOnce: 2 ** 50,
  filesADay: 1_000_000,
  bytesADay: 2 ** 50,
};

export interface TransferWorldOptions {
  /** Of the configured directory, below `top`. */
  readonly target?: string;
  readonly override?: boolean;
  readonly quota?: Partial<FileQuota>;
  readonly areStrangers?: boolean;
  readonly stat?: StatFileSystem;
}

/** A directory for received files, and what one run of a connector after the other knows of it. */
export class TransferWorld {
  readonly top: string;
  readonly target: string;
  readonly clock: FakeClock;
  readonly #options: TransferWorldOptions;

  constructor(t: TestContext | string, options: TransferWorldOptions = {}) {
    this.top = typeof t === 'string' ? t : tempDir(t);
    this.target = join(this.top, options.target ?? 'in');
    this.clock = new FakeClock(Date.now());
    this.#options = options;
    mkdirSync(join(this.top, 'run'), { recursive: true });
  }

  /** A run of the connector: what it knows of earlier ones is on the disk. */
  run(): TransferTargets {
    const { quota, areStrangers = false, override = false, stat } = this.#options;
    const space = new DiskSpace(stat);
    const random = realRandomness();
    const destinations = new FileDestinations({
      byType: new Map([['any', { targetDirectory: this.target, overrideExisting: override }]]),
      ...{ sizeMaxBytes: 2 ** 50, random, space },
    });
    return new TransferTargets({
      records: new TransferRecords({ directory: join(this.top, 'run/records'), random }),
      quotas: new PeerQuotas({ quota: { ...AMPLE_QUOTA, ...quota }, areStrangers, clock: this.clock }),
      space,
      clock: this.clock,
      placeFor: ({ header, sizeBytes }) => destinations.placeFor(header, sizeBytes),
    });
  }

  /** All that is below the top, without the directories of the test itself. */
  get paths(): readonly string[] {
    return readdirSync(this.top, { recursive: true, encoding: 'utf8' })
      .filter((path) => !['run', 'run/records', 'in'].includes(path))
      .sort();
  }
}

export function offerOf(name: string, offer: Partial<TransferOffer> = {}): TransferOffer {
  return {
    id: 'epoch.1',
    kind: 'file',
    sizeBytes: offer.kind === 'tree' ? undefined : 0,
    mode: 0o644,
    mtimeMs: 1_000_000_000_000,
    header: { message_type: 'any', with_file: { dst_type: 'any', dst_name: name } },
    peerName: 'alice',
    ...offer,
  };
}

/** What is there of a stream. */
export async function existingOf(target: TransferTarget): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of target.existing()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
