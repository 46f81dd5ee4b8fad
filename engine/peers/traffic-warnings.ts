import { LimitedWarnings } from '../base/limited-warnings.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { TrafficLog } from './traffic-log.ts';

/** Logs what peers send and this connector drops, at most once per LIMITS.peerWarningMs for each peer and reason. */
export class TrafficWarnings {
  readonly #log: TrafficLog;
  readonly #warnings: LimitedWarnings;

  constructor({ clock, log }: { readonly clock: Clock; readonly log: TrafficLog }) {
    this.#log = log;
    this.#warnings = new LimitedWarnings(clock, LIMITS.peerWarningMs);
  }

  forged(peerName: string, rejectionReason: string): void {
    this.#warnings.warn(peerName, (count) => {
      const what = count === 1 ? 'a frame was' : `${count} frames were`;
      this.#warn(peerName, `${what} dropped: ${rejectionReason}`);
    });
  }

  undeliverable(peerName: string, type: string, why: string): void {
    this.#warnings.warn(`undeliverable ${peerName}`, () =>
      this.#warn(peerName, `a message of the type ${type} was dropped: ${why}`),
    );
  }

  /** @param maxBytes max_size_message */
  oversized(peerName: string, type: string, { sizeBytes, maxBytes }: Sizes): void {
    this.#warnings.warn(`large ${peerName}`, (count) => {
      const why = `max_size_message is ${maxBytes}; raise it, or send a file instead`;
      const counted = count === 1 ? '' : ` (the last of ${count})`;
      this.#warn(peerName, `a ${type} message of ${sizeBytes} bytes was dropped: ${why}${counted}`);
    });
  }

  unknownType(peerName: string, type: string): void {
    const text = `a frame of the unknown type ${type} was dropped`;
    this.#log.event(text, { peerName, warning: true, repeats: 'unknown type' });
  }

  #warn(peerName: string, text: string): void {
    this.#log.event(text, { peerName, warning: true });
  }
}

interface Sizes {
  readonly sizeBytes: number;
  readonly maxBytes: number;
}
