import { AiocError, ERROR_CODES, type ErrorCode, reasonForPeer } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { StopFrame } from '../protocol/transfer-frames.ts';

/**
 * Transfers that this side has stopped, until the peer confirms that: frames of them may still be
 * on their way, and the connection may be lost before the peer reads of it.
 */
export class StoppedTransfers {
  readonly #stops = new Map<string, StopFrame>();

  add(stop: StopFrame): void {
    this.#stops.set(stop.id, stop);
    const [oldest] = this.#stops.keys();
    if (this.#stops.size > LIMITS.transferStops && oldest !== undefined) this.#stops.delete(oldest);
  }

  get(id: string): StopFrame | undefined {
    return this.#stops.get(id);
  }

  /** What the peer has not confirmed. */
  get all(): readonly StopFrame[] {
    return [...this.#stops.values()];
  }

  /** @returns whether this side has stopped it */
  confirm(id: string): boolean {
    return this.#stops.delete(id);
  }
}

export function stopFrameOf(id: string, error: AiocError): StopFrame {
  const reason = reasonForPeer(error).slice(0, LIMITS.transferReasonCharacters);
  return { kind: 'stop', id, code: error.code, reason };
}

/** The error that a peer's stop says. */
export function errorOfStop({ code, reason }: StopFrame): AiocError {
  return new AiocError(Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'AIOC_CANCELLED', reason, {
    forPeer: reason,
  });
}
