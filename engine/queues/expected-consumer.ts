import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';

/** Whether an inbox has a consumer, or had one recently that may return: then waiting for room makes sense. */
export class ExpectedConsumer {
  readonly #clock: Clock;
  readonly #onGivenUp: () => void;
  #isThere = false;
  #isExpected = false;
  #timer: Timer | undefined;

  /** @param onGivenUp no consumer is expected any more, so that waiting messages must be decided again */
  constructor(clock: Clock, onGivenUp: () => void) {
    this.#clock = clock;
    this.#onGivenUp = onGivenUp;
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  get isExpected(): boolean {
    return this.#isExpected;
  }

  set(isThere: boolean): void {
    if (isThere === this.#isThere) return;
    this.#isThere = isThere;
    this.#timer?.cancel();
    if (isThere) this.#isExpected = true;
    // A restarted program returns soon. Without a consumer, nothing makes room.
    else this.#timer = this.#clock.after(LIMITS.listenerGraceMs, () => this.giveUp());
  }

  /** No consumer is expected for now. */
  giveUp(): void {
    this.stop();
    this.#onGivenUp();
  }

  /** The same when the connector stops. */
  stop(): void {
    this.#timer?.cancel();
    this.#isExpected = false;
  }
}
