import { AiocError } from '../base/errors.ts';
import type { WhenFull } from '../config/shapes.ts';
import type { Capacity } from './capacity.ts';

/** What is to have room. */
export interface Fillable {
  readonly depth: number;
  readonly bytes: number;
  hasRoom(sizeBytes: number): boolean;
  /** @returns false when there is none that may go */
  dropOldest(): Promise<boolean>;
}

export interface RoomMakerOptions {
  readonly queue: Fillable;
  readonly capacity: Capacity;
  readonly whenFull: WhenFull;
}

/** Makes room in a full queue, for one message after the other, so that they keep their order. */
export class RoomMaker {
  readonly #options: RoomMakerOptions;
  #last: Promise<void> | undefined;
  #dropped = 0;

  constructor(options: RoomMakerOptions) {
    this.#options = options;
  }

  /** Messages that were dropped because the queue was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether others wait for room, and come first. */
  get isBusy(): boolean {
    return this.#last !== undefined;
  }

  /** @throws AiocError AIOC_QUEUE_FULL */
  room(sizeBytes: number): Promise<void> {
    const before = this.#last ?? Promise.resolve();
    const made = before.catch(() => undefined).then(() => this.#make(sizeBytes));
    this.#last = made;
    const ended = (): void => {
      if (this.#last === made) this.#last = undefined;
    };
    made.then(ended, ended);
    return made;
  }

  async #make(sizeBytes: number): Promise<void> {
    const { queue, whenFull, capacity } = this.#options;
    while (!queue.hasRoom(sizeBytes)) {
      // Nothing is dropped for one that would not fit into an empty queue either.
      const mayDrop = whenFull === 'drop_oldest' && sizeBytes <= capacity.bytes;
      const hasDropped = mayDrop && (await queue.dropOldest());
      if (hasDropped || whenFull !== 'refuse') this.#dropped += 1;
      if (hasDropped) continue;
      throw new AiocError(
        'AIOC_QUEUE_FULL',
        `${queue.depth} messages (${queue.bytes} bytes) wait already and no more fit: wait until the peer is back`,
      );
    }
  }
}
