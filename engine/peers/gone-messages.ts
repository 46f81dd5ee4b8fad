import type { AckPosition } from '../protocol/stream-frames.ts';
import type { Outbox } from '../queues/outbox.ts';
import type { Link } from './link.ts';

/** Answers a peer that misses messages and asks whether it will still receive them (engine/peers/PROTOCOL.md). */
export class GoneMessages {
  /** Positions after which the peer misses messages. */
  #gaps: readonly AckPosition[] = [];

  /** The peer has a connection and asks; or it is lost, and there are none. */
  setGaps(gaps: readonly AckPosition[]): void {
    this.#gaps = gaps;
  }

  /** Reports what is known now. Messages on the disk are only checked when they are loaded into the window. */
  report(link: Link | undefined, outboxesOf: (type: string) => readonly Outbox[]): void {
    if (this.#gaps.length === 0 || link === undefined) return;
    const gone: AckPosition[] = [];
    this.#gaps = this.#gaps.filter((position) => {
      const upTos = outboxesOf(position.type).map((outbox) => outbox.goneUpTo(position.epoch));
      if (upTos.includes('unknown')) return true;
      const upTo = Math.min(Number.MAX_SAFE_INTEGER, ...(upTos as number[]));
      gone.push({ ...position, upTo, hasGap: false });
      return false;
    });
    if (gone.length > 0) link.sendGone(gone);
  }
}
