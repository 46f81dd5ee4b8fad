import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';

/**
 * Keeps a Python peer from stalling over TLS.
 *
 * Python sets its TLS write limits to zero. Its asyncio (3.11) then treats "may write" as a switch that every arriving
 * chunk toggles: with the switch off, one more message leaves, and then Python waits, up to 50 s, until something
 * arrives (PROTOCOL §9: "can stall for good"). So after each burst from such a peer aioc sends one small frame that
 * Python ignores. The frame wakes a stalled peer; a peer that is not stalled loses at most the same short wait after
 * its next message.
 *
 * The frame must arrive: Python stops reading when 128 KiB are buffered, and reads nothing while it waits to write an
 * acknowledgement. So aioc never sends that much unacknowledged data (`Link.unreadMaxBytes`).
 */
export class PythonTlsUnstaller {
  readonly #clock: Clock;
  readonly #send: () => void;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(clock: Clock, send: () => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Bytes have arrived from the peer, or it may be stalled for another reason. */
  received(): void {
    if (this.#stopped) return;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(LIMITS.unstallQuietMs, this.#send);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
