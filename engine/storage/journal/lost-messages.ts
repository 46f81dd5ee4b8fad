import { FLAG_MORE, KIND, lastPositionIn, type RecordView, type SegmentHeader } from './format.ts';

/** What is known about the messages that a damaged place had. */
export interface LostMessages {
  /** The kind of the record that started there, if readable, though no checksum confirms it. */
  readonly likelyKind?: number | undefined;
  readonly from: number;
  readonly to: number;
  /** Number of messages; it may increase during the scan of the segment. */
  lost: number;
  /** False: at least this many. */
  isExact: boolean;
  /** The highest possible position of a lost message; undefined if unknown. */
  lastPosition: number | undefined;
}

/**
 * Counts the messages that were lost in the damaged places of one segment. After the list of segments, positions have
 * no gaps, so missing positions between two records can be counted. Each record also says how many messages of its
 * write follow, so a missing end can be counted as well.
 */
export class LostMessageCounter {
  readonly #headerBytes: number;
  /** Damaged places after the last known position whose record headers are damaged too. */
  #open: LostMessages[] = [];
  #position: number | undefined;
  #following = 0;
  /** The same before the first open place. */
  #followingOpen = 0;
  /** From here, positions have no gaps. */
  #isGapless = false;
  #lastKind = 0;
  /** The last record, if it is damaged. */
  #last: LostMessages | undefined;
  /** More records of the last write follow. */
  #continues = false;

  /** @param headerBytes the length of a record's header in the segment */
  constructor(headerBytes: number) {
    this.#headerBytes = headerBytes;
  }

  /** The header of a record is valid; its body may not be. */
  header(record: RecordView): void {
    const { kind, flags, position, following, count } = record;
    this.#last = undefined;
    this.#settle(record);
    if (kind === KIND.segments) this.#isGapless = true;
    const saysPosition = count > 0 || kind === KIND.segments || (kind === KIND.mark && position > 0);
    if (saysPosition) this.#position = lastPositionIn(record);
    this.#following = following;
    this.#lastKind = kind;
    this.#continues = (flags & FLAG_MORE) !== 0;
  }

  /** A damaged place; `record` is its header if that is valid. */
  damage(loss: LostMessages, record: RecordView | undefined): void {
    if (record === undefined) {
      if (this.#open.length === 0) this.#followingOpen = this.#following;
      this.#open.push(loss);
      return;
    }
    this.header(record);
    this.#last = loss;
    loss.isExact = true;
    if (record.count === 0) return;
    loss.lost = record.count;
    loss.lastPosition = lastPositionIn(record);
  }

  /**
   * Ends the count of the segment.
   *
   * @param header a segment that was complete when it got its name ends in a mark, since format 2
   * @returns the number of messages missing after its last record that no damaged place accounts for
   */
  end({
    isWhole,
    format,
  }: Pick<SegmentHeader, 'isWhole' | 'format'>): Pick<LostMessages, 'lost' | 'isExact'> | undefined {
    const missing = this.#following;
    const isCut =
      this.#continues || (isWhole ? format > 1 && this.#lastKind !== KIND.mark : !this.#isGapless);
    // Before the list of segments, nothing tells what followed.
    const isUnknown = isWhole ? isCut : !this.#isGapless;
    const [first] = this.#open;
    // Later records may be missing without a trace.
    if (this.#last !== undefined) this.#last.isExact = false;
    if (first === undefined)
      return missing > 0 || isCut
        ? { lost: Math.max(missing, isUnknown ? 1 : 0), isExact: false }
        : undefined;
    // After the last message of an unfinished write, only the journal's own records follow.
    const isMessage =
      isUnknown || (!this.#continues && this.#open.some((loss) => this.#mayHaveMessage(loss)));
    // Of those that followed before the first place, the later records say how many still follow.
    const between = this.#followingOpen - missing;
    first.lost = Math.max(missing, between, isMessage ? 1 : 0);
    for (const loss of this.#open) loss.isExact = loss !== first;
    this.#open = [];
    return undefined;
  }

  #settle({ kind, position, following, count }: RecordView): void {
    const hasMessages = count > 0;
    const [first] = this.#open;
    if (first === undefined) return;
    if (this.#isGapless && this.#position !== undefined) {
      if (!hasMessages && !(kind === KIND.mark && position > 0)) return;
      const last = hasMessages ? position - 1 : position;
      this.#closed(first, Math.max(0, last - this.#position), last);
      return;
    }
    // Among copies, positions have gaps. If both belong to one write, its own count tells; it is a minimum, since they
    // need not belong to one write.
    const between = this.#following - following - count;
    const lost = between >= 0 && this.#following > 0 ? between : this.#following;
    this.#closed(first, lost, hasMessages ? position - 1 : undefined);
    first.isExact = false;
  }

  #closed(first: LostMessages, lost: number, lastPosition: number | undefined): void {
    for (const loss of this.#open) {
      loss.isExact = true;
      loss.lastPosition = lastPosition;
    }
    first.lost = lost;
    this.#open = [];
  }

  /**
   * A write that begins with an ack or a mark may have no messages. These records have a fixed size and state their
   * kind.
   */
  #mayHaveMessage({ from, to, likelyKind }: LostMessages): boolean {
    if (to - from === this.#headerBytes) return false;
    return to - from > this.#headerBytes || (likelyKind !== KIND.ack && likelyKind !== KIND.mark);
  }
}
