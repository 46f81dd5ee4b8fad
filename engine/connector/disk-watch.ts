import { dirname } from 'node:path';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { DiskRoom } from '../contract/views.ts';
import type { DiskSpace } from '../files/disk-space.ts';

const LOOK_MS = 5_000;
/** Below this share of the disk, or this multiple of the reserve, little is free. */
const LOW_SHARE = 0.05;
const LOW_RESERVES = 10;
/** Free space is told in thousandths of the disk, so that it does not change with every message. */
const STEPS = 1_000;

/** What is free on the disk of a directory. It looks only while somebody asks, at most every 5 s. */
export class DiskWatch {
  readonly #clock: Clock;
  readonly #space: Pick<DiskSpace, 'room'>;
  readonly #directory: string;
  readonly #onChange: () => void;
  #seen: Omit<DiskRoom, 'state'> | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: {
    readonly clock: Clock;
    readonly space: Pick<DiskSpace, 'room'>;
    readonly directory: string;
    /** Called when a look has found something else than the one before. */
    readonly onChange: () => void;
  }) {
    this.#clock = options.clock;
    this.#space = options.space;
    this.#directory = options.directory;
    this.#onChange = options.onChange;
  }

  /** What the last look has found; undefined before the first answer. */
  room({ isRefusing }: { readonly isRefusing: boolean }): DiskRoom | undefined {
    if (this.#clock.now() - this.#lookedAtMs >= LOOK_MS) this.#look();
    if (this.#seen === undefined) return undefined;
    const { freeBytes, totalBytes } = this.#seen;
    const lowBytes = Math.max(LOW_RESERVES * LIMITS.diskReserveBytes, totalBytes * LOW_SHARE);
    return { ...this.#seen, state: isRefusing ? 'refusing' : freeBytes < lowBytes ? 'low' : 'ok' };
  }

  #look(): void {
    this.#lookedAtMs = this.#clock.now();
    this.#roomFor(this.#directory).then(
      ({ freeBytes, totalBytes }) => {
        const step = Math.max(1, totalBytes / STEPS);
        this.#see({ freeBytes: Math.floor(Math.floor(freeBytes / step) * step), totalBytes });
      },
      () => this.#see(undefined),
    );
  }

  #see(seen: Omit<DiskRoom, 'state'> | undefined): void {
    const isNew = seen?.freeBytes !== this.#seen?.freeBytes || seen?.totalBytes !== this.#seen?.totalBytes;
    this.#seen = seen;
    if (isNew) this.#onChange();
  }

  /** A directory that is not there yet will be on the disk of the nearest one above it. */
  async #roomFor(directory: string): ReturnType<DiskSpace['room']> {
    try {
      return await this.#space.room(directory);
    } catch (error) {
      const above = dirname(directory);
      if (above === directory) throw error;
      return this.#roomFor(above);
    }
  }
}
