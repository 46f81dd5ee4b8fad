/** A place in the numbers of a source behind which records were found, though those before them may be lost. */
export interface Gap {
  /** The last number before it. */
  readonly after: number;
  readonly afterPosition: number | undefined;
  /** The first number behind it. */
  readonly next: number;
  readonly nextPosition: number | undefined;
  /** Damaged places from this one on, and before that one, may have held what is missing. */
  readonly fromHole: number;
  readonly toHole: number;
}

/** Follows the numbers of one source through all segments. */
export class SourceTrack {
  readonly number: number;
  stream: number;
  epoch = '';
  readonly gaps: Gap[] = [];
  last = 0;
  #lastPosition: number | undefined;
  #holes = 0;

  constructor(number: number, stream: number) {
    this.number = number;
    this.stream = stream;
  }

  /** A record under this number was found. @param holes how many damaged places were met before it */
  record(seq: number, position: number, holes: number): void {
    if (seq <= this.last) return;
    if (seq > this.last + 1) this.#gap(seq, position, holes);
    this.last = seq;
    this.#lastPosition = position;
    this.#holes = holes;
  }

  /** It is said that everything up to this number had been stored before. */
  statement(seq: number, holes: number): void {
    if (seq < this.last) return;
    if (seq > this.last) {
      this.#gap(seq + 1, undefined, holes);
      this.#lastPosition = undefined;
    }
    this.last = seq;
    this.#holes = holes;
  }

  #gap(next: number, nextPosition: number | undefined, holes: number): void {
    // Without damage in between, the numbers were left out, or what had them is done with.
    if (holes === this.#holes) return;
    this.gaps.push({
      after: this.last,
      afterPosition: this.#lastPosition,
      next,
      nextPosition,
      fromHole: this.#holes,
      toHole: holes,
    });
  }
}

/**
 * How far the numbers go without a hole, when something that is not acknowledged may be missing in this gap; undefined
 * when nothing is.
 *
 * @param lastLost no message that is missing has a higher position
 */
export function markBefore(gap: Gap, lastLost: number, acked: number): number | undefined {
  const { after, afterPosition, next, nextPosition } = gap;
  const end = Math.min(lastLost, nextPosition === undefined ? Number.POSITIVE_INFINITY : nextPosition - 1);
  if (acked >= end) return undefined;
  const isAllOfIt =
    afterPosition !== undefined &&
    nextPosition !== undefined &&
    nextPosition - afterPosition === next - after;
  // Where every position between them is one of these numbers, those that were acknowledged are known.
  return isAllOfIt ? after + Math.max(0, acked - afterPosition) : after;
}
