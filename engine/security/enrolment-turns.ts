import { limitedSource } from '../base/address-groups.ts';
import { AiocError } from '../base/errors.ts';
import { FairPlaces } from '../base/fair-places.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import { TokenBucket, TokenBuckets } from '../base/token-bucket.ts';

interface Turn {
  readonly address: string;
  readonly isOpen: () => boolean;
  readonly start: () => Promise<void>;
  readonly giveUp: (error: AiocError) => void;
}

/**
 * The order in which a server answers certificate requests: one at a time, at a limited rate, and the addresses take
 * turns. So an address that asks for few never waits for one that asks for many. Requests whose connection has closed
 * are dropped. If too many wait, the oldest of the busiest address is refused.
 */
export class EnrolmentTurns {
  readonly #clock: Clock;
  readonly #all: TokenBucket;
  readonly #perAddress = new TokenBuckets({
    perSecond: LIMITS.enrolmentsPerSecondAndAddress,
    burst: LIMITS.enrolmentBurstPerAddress,
  });
  readonly #places = new FairPlaces<Turn>({ places: LIMITS.enrolmentsWaiting });
  /** The waiting requests of each address, in the order of their turns. */
  readonly #waiting = new Map<string, Set<Turn>>();
  #isRunning = false;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#all = new TokenBucket(
      { perSecond: LIMITS.enrolmentsPerSecond, burst: LIMITS.enrolmentBurst },
      clock.now(),
    );
  }

  /**
   * Runs `action` when it is its turn.
   *
   * @throws AiocError AIOC_CANCELLED if the connection has closed or there are too many; or the error of `action`
   */
  run<T>(
    { address, isOpen }: { readonly address: string; readonly isOpen: () => boolean },
    action: () => Promise<T>,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const start = (): Promise<void> => action().then(resolve, reject);
      this.#add({ address, isOpen, start, giveUp: reject });
      this.#next();
    });
  }

  #add(turn: Turn): void {
    const source = limitedSource(turn.address);
    const waiting = this.#waiting.get(source) ?? new Set();
    this.#waiting.set(source, waiting.add(turn));
    const evicted = this.#places.add(turn, { address: turn.address });
    if (evicted !== undefined) this.#giveUp(evicted, TOO_MANY);
  }

  #next(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#isRunning) return;
    const turn = this.#take();
    if (turn === undefined) return this.#wait();
    this.#isRunning = true;
    void turn.start().then(() => {
      this.#isRunning = false;
      this.#next();
    });
  }

  /** The first request of the next address that has a token. */
  #take(): Turn | undefined {
    const now = this.#clock.now();
    this.#dropClosed();
    if (this.#all.waitMs(now) > 0) return undefined;
    for (const [source, waiting] of this.#waiting) {
      const [turn] = waiting;
      if (turn === undefined || !this.#perAddress.take(source, now)) continue;
      this.#all.take(now);
      this.#remove(turn);
      // Behind the others.
      if (this.#waiting.delete(source) && waiting.size > 0) this.#waiting.set(source, waiting);
      return turn;
    }
    return undefined;
  }

  /** Comes back when the next token is there. */
  #wait(): void {
    if (this.#waiting.size === 0) return;
    const now = this.#clock.now();
    let waitMs = Number.POSITIVE_INFINITY;
    for (const source of this.#waiting.keys())
      waitMs = Math.min(waitMs, this.#perAddress.waitMs(source, now));
    const delayMs = Math.ceil(Math.max(waitMs, this.#all.waitMs(now), 1));
    this.#timer = this.#clock.after(delayMs, () => this.#next());
  }

  #dropClosed(): void {
    for (const waiting of this.#waiting.values())
      for (const turn of waiting) if (!turn.isOpen()) this.#giveUp(turn, 'the connection has closed');
  }

  #giveUp(turn: Turn, reason: string): void {
    this.#remove(turn);
    turn.giveUp(new AiocError('AIOC_CANCELLED', reason));
  }

  #remove(turn: Turn): void {
    this.#places.delete(turn);
    const source = limitedSource(turn.address);
    const waiting = this.#waiting.get(source);
    waiting?.delete(turn);
    if (waiting?.size === 0) this.#waiting.delete(source);
  }
}

const TOO_MANY = 'too many certificate requests are waiting, most of them from your address: try again later';
