import type { TrafficLog } from './traffic-log.ts';

/** Logs what peers send and this connector drops: one line a second for each peer and reason, with a count. */
export class TrafficWarnings {
  readonly #log: TrafficLog;

  constructor(log: TrafficLog) {
    this.#log = log;
  }

  forged(peerName: string, rejectionReason: string): void {
    this.#warn(peerName, `a frame was dropped: ${rejectionReason}`, 'forged');
  }

  undeliverable(peerName: string, type: string, why: string): void {
    this.#warn(peerName, `a message of the type ${type} was dropped: ${why}`, 'undeliverable');
  }

  /** @param maxBytes max_size_message */
  oversized(peerName: string, type: string, { sizeBytes, maxBytes }: Sizes): void {
    const why = `max_size_message is ${maxBytes}; raise it, or send a file instead`;
    this.#warn(peerName, `a ${type} message of ${sizeBytes} bytes was dropped: ${why}`, 'oversized');
  }

  unknownType(peerName: string, type: string): void {
    this.#warn(peerName, `a frame of the unknown type ${type} was dropped`, 'unknown type');
  }

  #warn(peerName: string, text: string, repeats: string): void {
    this.#log.event(text, { peerName, warning: true, repeats });
  }
}

interface Sizes {
  readonly sizeBytes: number;
  readonly maxBytes: number;
}
