import { LIMITS } from '../base/limits.ts';
import type { Checkpoint } from '../protocol/transfer-frames.ts';
import { StreamHash } from './stream-hash.ts';

/**
 * Positions of a stream from which it can be continued, increasing. Only a limited number is kept: the latest ones, since
 * a connection is lost near the end of what has arrived, and others in about equal distances.
 */
export class Checkpoints {
  readonly #max: number;
  #hashes: StreamHash[] = [];

  constructor(max: number = LIMITS.transferHashStates) {
    this.#max = max;
  }

  get all(): readonly Checkpoint[] {
    return this.#hashes.map(({ bytes, digest }) => ({ bytes, digest }));
  }

  /** @param hash of more bytes than all before */
  add(hash: StreamHash): void {
    this.#hashes.push(hash);
    if (this.#hashes.length > this.#max) this.#hashes.splice(this.#leastUseful(), 1);
  }

  /** The state at a position: of none, or of a checkpoint. Undefined: there is none. */
  at(bytes: number): StreamHash | undefined {
    return bytes === 0 ? StreamHash.EMPTY : this.#hashes.find((hash) => hash.bytes === bytes);
  }

  /** What is behind this position is no longer there. */
  dropAfter(bytes: number): void {
    this.#hashes = this.#hashes.filter((hash) => hash.bytes <= bytes);
  }

  /** What is before this position will not be needed. */
  dropBefore(bytes: number): void {
    this.#hashes = this.#hashes.filter((hash) => hash.bytes >= bytes);
  }

  clear(): void {
    this.#hashes = [];
  }

  /** Among the older half, the one between the two that are closest to each other. */
  #leastUseful(): number {
    let best = 0;
    let bestDistance = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#hashes.length >> 1; index += 1) {
      const distance = this.#bytesAt(index + 1) - this.#bytesAt(index - 1);
      if (distance >= bestDistance) continue;
      best = index;
      bestDistance = distance;
    }
    return best;
  }

  #bytesAt(index: number): number {
    return this.#hashes[index]?.bytes ?? 0;
  }
}
