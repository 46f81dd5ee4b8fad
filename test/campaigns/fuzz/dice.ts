import { seededRandom } from '../../helpers/simulated-world.ts';

/** Choices that the seed decides. */
export class Dice {
  readonly #fraction: () => number;

  constructor(seed: number) {
    this.#fraction = seededRandom(seed).fraction;
  }

  /** A whole number from 0 to `end`, exclusive. */
  below(end: number): number {
    return Math.floor(this.#fraction() * end);
  }

  chance(probability: number): boolean {
    return this.#fraction() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }
}
