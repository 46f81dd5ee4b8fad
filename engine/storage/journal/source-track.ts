/** A gap in the sequence numbers of a source: messages were found after it, but the ones in it may be lost. */
export interface Gap {
  /** The last number before it. */
  readonly after: number;
  readonly afterPosition: number | undefined;
  /** The first number after it. */
  readonly next: number;
  readonly nextPosition: number | undefined;
  /** The missing messages may have been in the damaged places from this one up to the other. */
  readonly fromDamage: number;
  readonly toDamage: number;
}

/** Follows the sequence numbers of one source through all segments. */
export class SourceTrack {
  readonly number: number;
  stream: number;
  markName = '';
  readonly gaps: Gap[] = [];
  last: number;
  #lastPosition: number | undefined;
  #damages = 0;

  /** @param last everything up to this number was stored, whatever is found of it */
  constructor(number: number, stream: number, last: number) {
    this.number = number;
    this.stream = stream;
    this.last = last;
  }

  /**
   * A record was found whose messages have the numbers from `seq` on.
   *
   * @param damages the number of damaged places before it
   */
  record(
    { seq, position, count }: { readonly seq: number; readonly position: number; readonly count: number },
    damages: number,
  ): void {
    const last = seq + count - 1;
    if (last <= this.last) return;
    if (seq > this.last + 1) this.#gap(seq, position, damages);
    this.last = last;
    this.#lastPosition = position + count - 1;
    this.#damages = damages;
  }

  /** A record states that everything up to this number was stored before. */
  statement(seq: number, damages: number): void {
    if (seq < this.last) return;
    if (seq > this.last) {
      this.#gap(seq + 1, undefined, damages);
      this.#lastPosition = undefined;
    }
    this.last = seq;
    this.#damages = damages;
  }

  #gap(next: number, nextPosition: number | undefined, damages: number): void {
    // Without damage in between, the numbers were never used, or their records were acknowledged and removed.
    if (damages === this.#damages) return;
    this.gaps.push({
      after: this.last,
      afterPosition: this.#lastPosition,
      next,
      nextPosition,
      fromDamage: this.#damages,
      toDamage: damages,
    });
  }
}

/**
 * The last number before the gap, if an unacknowledged message may be missing in it; undefined if not.
 *
 * @param lastLost the highest possible position of a missing message
 */
export function lastBeforeGap(gap: Gap, lastLost: number, acked: number): number | undefined {
  const { after, afterPosition, next, nextPosition } = gap;
  const end = Math.min(lastLost, nextPosition === undefined ? Number.POSITIVE_INFINITY : nextPosition - 1);
  if (acked >= end) return undefined;
  const isAllOfIt =
    afterPosition !== undefined &&
    nextPosition !== undefined &&
    nextPosition - afterPosition === next - after;
  // If every position between them has one of these numbers, it is known which were acknowledged.
  return isAllOfIt ? after + Math.max(0, acked - afterPosition) : after;
}
