import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';

/**
 * Keeps a Python peer from standing still over TLS.
 *
 * Python sets its TLS write limits to zero, and its asyncio (3.11) then takes "may write" for a switch that each
 * arriving piece of data turns over: with the switch off, the next message still leaves, and Python waits, up to 50 s,
 * for something to arrive from us before it goes on (PROTOCOL §9: "can stall for good"). So after each burst from
 * such a peer one small frame is sent that Python takes without a word: it starts a peer that stands, and costs one
 * that does not at most the same short wait after its next message.
 *
 * The nudge must get there: Python stops taking data in when 128 KiB wait to be read, and reads nothing while it waits
 * to write an acknowledgement. So it is never sent that much before it has acknowledged (`Link.unreadMaxBytes`).
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

  /** Something has arrived from the peer, or it may be waiting for some other reason. */
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
