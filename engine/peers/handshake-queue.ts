import { limitedSource } from '../base/address-groups.ts';
import type { Clock, Timer } from '../base/ports.ts';
import { type Rate, TokenBucket, TokenBuckets } from '../base/token-bucket.ts';

export interface HandshakeQueueOptions {
  readonly clock: Clock;
  /** Of all connections together. */
  readonly rate: Rate;
  /** Of one address, or one network of IPv6. */
  readonly ratePerAddress: Rate;
  /** Tokens of `rate` that only preferred connections take. */
  readonly spare: number;
}

export interface HandshakeOptions {
  readonly address: string;
  /** Its address was let in before: it need not wait behind strangers. */
  readonly isPreferred: boolean;
  readonly start: () => void;
}

/**
 * Starts TLS handshakes at a limited rate, since each costs a signature. Connections beyond it wait, and the addresses
 * take turns: so an address that asks for few never waits for one that asks for many.
 */
export class HandshakeQueue {
  readonly #options: HandshakeQueueOptions;
  readonly #all: TokenBucket;
  readonly #perAddress: TokenBuckets;
  readonly #preferred: WaitingByAddress = new Map();
  readonly #unknown: WaitingByAddress = new Map();
  #timer: Timer | undefined;

  constructor(options: HandshakeQueueOptions) {
    this.#options = options;
    this.#all = new TokenBucket(options.rate, options.clock.now());
    this.#perAddress = new TokenBuckets(options.ratePerAddress);
  }

  /**
   * Calls `start` when it is this connection's turn, maybe at once.
   *
   * @returns a function that gives up the turn
   */
  enter({ address, isPreferred, start }: HandshakeOptions): () => void {
    const turns = isPreferred ? this.#preferred : this.#unknown;
    const source = limitedSource(address);
    const entry = { start };
    const waiting = turns.get(source) ?? new Set();
    waiting.add(entry);
    turns.set(source, waiting);
    this.#run();
    return () => {
      if (waiting.delete(entry) && waiting.size === 0 && turns.get(source) === waiting) turns.delete(source);
    };
  }

  #run(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const starts = [...this.#take(this.#preferred, 0), ...this.#take(this.#unknown, this.#options.spare)];
    const waitMs = Math.min(
      this.#waitMs(this.#preferred, 0),
      this.#waitMs(this.#unknown, this.#options.spare),
    );
    if (waitMs < Number.POSITIVE_INFINITY)
      this.#timer = this.#options.clock.after(Math.ceil(waitMs), () => this.#run());
    for (const start of starts) start();
  }

  /** One of each address in turn, as long as there are tokens. */
  #take(turns: WaitingByAddress, spare: number): (() => void)[] {
    const now = this.#options.clock.now();
    const starts: (() => void)[] = [];
    let passedOver = 0;
    while (passedOver < turns.size && this.#all.waitMs(now, spare) === 0) {
      const [source, waiting] = turns.entries().next().value as [string, Set<WaitingHandshake>];
      // To the end of the line, whether it gets a turn now or not.
      turns.delete(source);
      const [first] = waiting;
      if (first !== undefined && this.#perAddress.take(source, now)) {
        this.#all.take(now, spare);
        waiting.delete(first);
        starts.push(first.start);
        passedOver = 0;
      } else passedOver += 1;
      if (waiting.size > 0) turns.set(source, waiting);
    }
    return starts;
  }

  /** Milliseconds until one of them may start. */
  #waitMs(turns: WaitingByAddress, spare: number): number {
    if (turns.size === 0) return Number.POSITIVE_INFINITY;
    const now = this.#options.clock.now();
    const waitMs = this.#all.waitMs(now, spare);
    if (waitMs > 0) return waitMs;
    let soonest = Number.POSITIVE_INFINITY;
    for (const source of turns.keys()) soonest = Math.min(soonest, this.#perAddress.waitMs(source, now));
    return soonest;
  }
}

interface WaitingHandshake {
  readonly start: () => void;
}

/** The waiting connections of each address, in the order of their turns. */
type WaitingByAddress = Map<string, Set<WaitingHandshake>>;
