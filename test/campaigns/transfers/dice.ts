import type { Randomness } from '../../../engine/base/ports.ts';
import { seededRandom } from '../../helpers/simulated-world.ts';

/** The same seed gives the same choices. */
export class Dice {
  readonly #random: Randomness;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** From 0 to below the limit. */
  below(limit: number): number {
    return Math.floor(this.#random.fraction() * Math.max(1, limit));
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  bytes(count: number): Buffer {
    return this.#random.bytes(count);
  }
}
