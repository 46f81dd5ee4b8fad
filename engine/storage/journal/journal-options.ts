import type { Disk } from '../../base/disk.ts';
import type { AiocError } from '../../base/errors.ts';
import type { Clock, Randomness } from '../../base/ports.ts';
import type { Durability } from '../../config/shapes.ts';

/** What an operator should know of. */
export type JournalTrouble =
  /** Appends are being refused from now on; they are tried anew each time. */
  | { readonly kind: 'refusing'; readonly error: AiocError }
  | { readonly kind: 'storing again' }
  /** Stored bytes are damaged. What they held is lost; a copy of them lies in quarantine. */
  | { readonly kind: 'damage'; readonly segment: number; readonly from: number; readonly to: number };

export interface JournalOptions {
  readonly disk: Disk;
  /** Of this journal alone; it is made when there is none. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Pick<Randomness, 'bytes'>;
  readonly durability?: Durability;
  /** For tests; LIMITS.journalSegmentBytes otherwise. */
  readonly segmentBytes?: number;
  readonly onTrouble?: (trouble: JournalTrouble) => void;
}
