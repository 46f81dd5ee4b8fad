import type { Disk } from '../../base/disk.ts';
import type { AiocError } from '../../base/errors.ts';
import type { Clock, Randomness } from '../../base/ports.ts';
import type { Durability } from '../../config/shapes.ts';

/** Events that an operator should know. */
export type JournalEvent =
  /** Appends fail from now on. Each new append tries again. */
  | { readonly kind: 'refusing'; readonly error: AiocError }
  | { readonly kind: 'storing again' }
  /** Stored bytes are damaged and their records are lost. The quarantine directory has a copy of the bytes. */
  | { readonly kind: 'damage'; readonly segment: number; readonly from: number; readonly to: number };

export interface JournalOptions {
  readonly disk: Disk;
  /** The directory of this journal only; it is created if missing. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Pick<Randomness, 'bytes'>;
  readonly durability?: Durability;
  /** For tests. Default: LIMITS.journalSegmentBytes. */
  readonly segmentBytes?: number;
  readonly onEvent?: (event: JournalEvent) => void;
}
