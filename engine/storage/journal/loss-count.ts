import { FLAG_MORE, KIND, RECORD_HEADER_BYTES, type RecordView, type SegmentHeader } from './format.ts';

/** What is known of the messages that a damaged place held. */
export interface Loss {
  /** Of the record that began there, where that can be read, though nothing vouches for it. */
  readonly likelyKind?: number | undefined;
  readonly from: number;
  readonly to: number;
  /** How many messages; it may become more while the segment is being gone through. */
  lost: number;
  /** False: at least so many. */
  isExact: boolean;
  /** No lost message has a higher position. Undefined: that is not known. */
  lastPosition: number | undefined;
}

/**
 * Counts the messages that damaged places of one segment held. Behind the list of segments positions follow each other
 * without a gap, so that what is missing between two records shows; and each record says how many messages of its write
 * come behind it, so that a missing end shows as well.
 */
export class LossCount {
  /** Places behind the last position that is known, of which the records' headers are gone, too. */
  #open: Loss[] = [];
  #position: number | undefined;
  #following = 0;
  /** Positions rise by one from here on. */
  #isGapless = false;
  #lastKind = 0;
  /** The last record, where it is damaged. */
  #last: Loss | undefined;
  /** More of the last write follows. */
  #goesOn = false;

  /** The header of a record is whole, whatever its body is. */
  header({ kind, flags, position, following }: RecordView): void {
    const isData = kind === KIND.data;
    this.#last = undefined;
    this.#settle(isData, position, kind, following);
    if (kind === KIND.segments) this.#isGapless = true;
    const saysPosition = isData || kind === KIND.segments || (kind === KIND.mark && position > 0);
    if (saysPosition) this.#position = position;
    this.#following = following;
    this.#lastKind = kind;
    this.#goesOn = (flags & FLAG_MORE) !== 0;
  }

  /** A damaged place; `record` is its header where that is whole. */
  damage(loss: Loss, record: RecordView | undefined): void {
    if (record === undefined) {
      this.#open.push(loss);
      return;
    }
    this.header(record);
    this.#last = loss;
    loss.isExact = true;
    if (record.kind !== KIND.data) return;
    loss.lost = 1;
    loss.lastPosition = record.position;
  }

  /**
   * The segment has been gone through.
   *
   * @param header a segment that came under its name with all that is in it ends in a mark since format 2
   * @returns how many messages are missing behind its last record, where no damaged place stands for them
   */
  end({
    isWhole,
    format,
  }: Pick<SegmentHeader, 'isWhole' | 'format'>): Pick<Loss, 'lost' | 'isExact'> | undefined {
    const missing = this.#following;
    const isCut = this.#goesOn || (isWhole ? format > 1 && this.#lastKind !== KIND.mark : !this.#isGapless);
    // Before the list of segments nothing tells what came later.
    const isUnknown = isWhole ? isCut : !this.#isGapless;
    const [first] = this.#open;
    // What was written later may be gone without a trace.
    if (this.#last !== undefined) this.#last.isExact = false;
    if (first === undefined)
      return missing > 0 || isCut
        ? { lost: Math.max(missing, isUnknown ? 1 : 0), isExact: false }
        : undefined;
    // Behind the last message of a write that goes on there are notes of the journal.
    const isMessage = isUnknown || (!this.#goesOn && this.#open.some(mayBeMessage));
    first.lost = Math.max(missing, isMessage ? 1 : 0);
    for (const loss of this.#open) loss.isExact = loss !== first;
    this.#open = [];
    return undefined;
  }

  #settle(isData: boolean, position: number, kind: number, following: number): void {
    const [first] = this.#open;
    if (first === undefined) return;
    if (this.#isGapless && this.#position !== undefined) {
      if (!isData && !(kind === KIND.mark && position > 0)) return;
      const last = isData ? position - 1 : position;
      this.#closed(first, Math.max(0, last - this.#position), last);
      return;
    }
    // Among copies positions have gaps. Where both belong to one write, what it says of itself tells; at least, since both need not.
    const between = this.#following - following - (isData ? 1 : 0);
    const lost = between >= 0 && this.#following > 0 ? between : this.#following;
    this.#closed(first, lost, isData ? position - 1 : undefined);
    first.isExact = false;
  }

  #closed(first: Loss, lost: number, lastPosition: number | undefined): void {
    for (const loss of this.#open) {
      loss.isExact = true;
      loss.lastPosition = lastPosition;
    }
    first.lost = lost;
    this.#open = [];
  }
}

/** A write that begins with an ack or a mark need not have any; these have one size, and say what they are. */
function mayBeMessage({ from, to, likelyKind }: Loss): boolean {
  if (to - from === RECORD_HEADER_BYTES) return false;
  return to - from > RECORD_HEADER_BYTES || (likelyKind !== KIND.ack && likelyKind !== KIND.mark);
}
