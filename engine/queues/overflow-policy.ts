import { AiocError } from '../base/errors.ts';
import type { WhenFull } from '../config/shapes.ts';
import { messagesWithin } from '../protocol/record-batch.ts';
import type { Capacity } from './capacity.ts';
import type { MessageBatch } from './message-batch.ts';
import type { SenderPace } from './sender-pace.ts';

/** A queue with a limit. */
interface LimitedQueue {
  readonly depth: number;
  readonly bytes: number;
  /**
   * Drops the oldest messages, those of one batch.
   *
   * @returns how many; `look-again`: none was dropped, but there may be room by now
   */
  dropOldest(): Promise<number | 'look-again'>;
}

/** Messages that ask to enter a queue together. */
export interface Entrant {
  readonly count: number;
  readonly sizeBytes: number;
  /** Whether they wait while the queue is full; asked again after every change. */
  mayWait(): boolean;
  /** There is room: they enter before this returns. */
  enter(): void;
  /** @param error AiocError AIOC_QUEUE_FULL, or the error of `refuseAll` */
  refused(error: AiocError): void;
}

export interface OverflowPolicyOptions {
  readonly queue: LimitedQueue;
  readonly capacity: Capacity;
  readonly whenFull: WhenFull;
  /** Whether an empty queue accepts one message of any size. */
  readonly takesOneOfAnySize: boolean;
  /** Whether a refused message is lost, so that it counts as dropped even if `when_full` is `refuse`. */
  readonly refusedIsLost: boolean;
  /** Holds back senders although there is room. */
  readonly pace?: SenderPace;
}

interface WaitingForRoom {
  readonly entrant: Entrant;
  readonly settled: () => void;
}

/**
 * Handles messages that do not fit, according to `when_full`, and keeps those that wait for room in order. It does not
 * poll: the queue calls `changed`.
 */
export class OverflowPolicy {
  readonly #options: OverflowPolicyOptions;
  #line: WaitingForRoom[] = [];
  /** Messages in the line. */
  #waiting = 0;
  #isServing = false;
  #isClosing = false;
  #dropped = 0;

  constructor(options: OverflowPolicyOptions) {
    this.#options = options;
  }

  /** Messages that were lost because the queue was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The number of messages that wait for room. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * How many messages of a batch, from the first, may enter at once; none while earlier messages wait.
   *
   * @param besideBytes what the batch counts besides its records
   */
  fitting({ count, records }: MessageBatch, besideBytes: number): number {
    if (this.#line.length > 0) return 0;
    if (this.#hasRoom(count, besideBytes + records.length)) return count;
    const { queue, capacity, takesOneOfAnySize } = this.#options;
    const room = Math.min(count, capacity.messages - queue.depth);
    if (room <= 0) return 0;
    const within = messagesWithin(records, capacity.bytes - queue.bytes - besideBytes);
    return Math.min(room, within === 0 && takesOneOfAnySize && queue.depth === 0 ? 1 : within);
  }

  /**
   * How many messages of a batch, from the first, ask for room together: all, if an empty queue takes them; otherwise
   * what it takes, at least one. A queue that drops takes them one by one then, since it drops what came together
   * together.
   */
  largestPart({ count, records }: MessageBatch, besideBytes: number): number {
    const { capacity, whenFull } = this.#options;
    if (count <= capacity.messages && besideBytes + records.length <= capacity.bytes) return count;
    if (whenFull !== 'refuse') return 1;
    return Math.max(
      1,
      Math.min(count, capacity.messages, messagesWithin(records, capacity.bytes - besideBytes)),
    );
  }

  #hasRoom(count: number, sizeBytes: number): boolean {
    const { queue, capacity, takesOneOfAnySize } = this.#options;
    if (queue.depth + count > capacity.messages) return false;
    return (
      queue.bytes + sizeBytes <= capacity.bytes || (takesOneOfAnySize && queue.depth === 0 && count === 1)
    );
  }

  /**
   * Admits messages as soon as there is room for them and for the earlier ones. `mayWait` and `when_full` decide whether
   * it waits, is refused, or the oldest message is dropped for it.
   *
   * @returns undefined if it has entered; otherwise a promise that resolves when it has entered or was refused
   */
  whenRoom(entrant: Entrant): Promise<void> | undefined {
    if (this.#line.length === 0 && this.#hasRoom(entrant.count, entrant.sizeBytes)) {
      entrant.enter();
      return undefined;
    }
    return new Promise((settled) => {
      this.#line.push({ entrant, settled });
      this.#waiting += entrant.count;
      void this.#serve();
    });
  }

  /** Resolves when a sender may go on with its next messages; undefined: at once. */
  whenShort(): Promise<void> | undefined {
    return this.#isClosing ? undefined : this.#options.pace?.hold();
  }

  /** The queue has shrunk, or messages may no longer wait. */
  changed(): void {
    if (this.#line.length > 0) void this.#serve();
    this.#options.pace?.changed();
  }

  /** The queue is about to stop: waiting messages enter over the limit, and no others wait until `reopen`. */
  admitAll(): void {
    this.#isClosing = true;
    void this.#serve();
    this.#options.pace?.release();
  }

  reopen(): void {
    this.#isClosing = false;
  }

  /** Refuses all waiting messages for another reason than a full queue; they do not count as dropped. */
  refuseAll(error: AiocError): void {
    this.#waiting = 0;
    this.#options.pace?.release();
    for (const { entrant, settled } of this.#line.splice(0)) {
      settled();
      entrant.refused(error);
    }
  }

  /** The message that has waited longest is first; otherwise the order would be lost. */
  async #serve(): Promise<void> {
    if (this.#isServing) return;
    this.#isServing = true;
    for (let first = this.#line[0]; first !== undefined; first = this.#line[0]) {
      const { entrant } = first;
      if (this.#hasRoom(entrant.count, entrant.sizeBytes) || (this.#isClosing && this.#waits(entrant))) {
        this.#leaveLine(first);
        entrant.enter();
      } else if (this.#waits(entrant)) {
        this.#refuseImpatient();
        break;
      } else if (!(await this.#dropOldestFor(entrant))) this.#refuse(first);
    }
    this.#isServing = false;
  }

  /** A message that can never fit does not wait. */
  #waits(entrant: Entrant): boolean {
    return !this.#isTooLarge(entrant) && entrant.mayWait();
  }

  #isTooLarge({ sizeBytes }: Entrant): boolean {
    const { capacity, takesOneOfAnySize } = this.#options;
    return sizeBytes > capacity.bytes && !takesOneOfAnySize;
  }

  /** @returns whether there may be room now */
  async #dropOldestFor(entrant: Entrant): Promise<boolean> {
    const { queue, whenFull } = this.#options;
    // Nothing is dropped for a message that would not fit into an empty queue either.
    if (whenFull !== 'drop_oldest' || this.#isTooLarge(entrant)) return false;
    // A store that cannot be read has nothing to drop.
    const dropped = await queue.dropOldest().catch(() => 0 as const);
    if (dropped !== 'look-again') this.#dropped += dropped;
    return dropped !== 0;
  }

  /** Behind a waiting message, no impatient one may enter. */
  #refuseImpatient(): void {
    for (const waiting of this.#line.filter(({ entrant }) => !this.#waits(entrant))) this.#refuse(waiting);
  }

  #refuse(waiting: WaitingForRoom): void {
    // It may have been removed meanwhile.
    if (!this.#leaveLine(waiting)) return;
    const { queue, capacity, whenFull, refusedIsLost } = this.#options;
    const { sizeBytes, count } = waiting.entrant;
    if (refusedIsLost || whenFull !== 'refuse') this.#dropped += count;
    const text = this.#isTooLarge(waiting.entrant)
      ? `it needs ${sizeBytes} bytes, and the whole queue may hold ${capacity.bytes}: raise max_size_persistence_path, or send it as a file`
      : `${queue.depth} messages (${queue.bytes} bytes) are already queued and no more fit: wait until the peer is back`;
    waiting.entrant.refused(new AiocError('AIOC_QUEUE_FULL', text));
  }

  #leaveLine(waiting: WaitingForRoom): boolean {
    const at = this.#line[0] === waiting ? 0 : this.#line.indexOf(waiting);
    if (at < 0) return false;
    this.#line.splice(at, 1);
    this.#waiting -= waiting.entrant.count;
    waiting.settled();
    return true;
  }
}
