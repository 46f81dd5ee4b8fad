import { AiocError } from '../base/errors.ts';
import type { WhenFull } from '../config/shapes.ts';
import type { Capacity } from './capacity.ts';

/** A queue that has a limit. */
interface LimitedQueue {
  readonly depth: number;
  readonly bytes: number;
  /** Takes out the oldest that may go. `look-again`: none has gone, but there may be room by now. */
  dropOldest(): Promise<'dropped' | 'look-again' | 'none'>;
}

/** A message that is to enter a queue. */
export interface Entrant {
  readonly sizeBytes: number;
  /** Whether it waits while the queue is full. It is asked again whenever something has changed. */
  mayWait(): boolean;
  /** There is room: it takes its place before this returns. */
  enter(): void;
  /** @param error AiocError AIOC_QUEUE_FULL, or what `refuseAll` was given */
  refused(error: AiocError): void;
}

export interface OverflowPolicyOptions {
  readonly queue: LimitedQueue;
  readonly capacity: Capacity;
  readonly whenFull: WhenFull;
  /** Whether an empty queue takes one message of any size. */
  readonly takesOneOfAnySize: boolean;
  /** Whether what is refused is lost, so that it counts as dropped even where `when_full` says refuse. */
  readonly refusedIsLost: boolean;
}

interface WaitingForRoom {
  readonly entrant: Entrant;
  readonly settled: () => void;
}

/**
 * What a queue does with messages that do not fit, as `when_full` says, and the line in which those stand that wait for
 * room. Nobody looks now and then: the queue says when it has `changed`.
 */
export class OverflowPolicy {
  readonly #options: OverflowPolicyOptions;
  #line: WaitingForRoom[] = [];
  #isServing = false;
  #isClosing = false;
  #dropped = 0;

  constructor(options: OverflowPolicyOptions) {
    this.#options = options;
  }

  /** Messages that are gone because the queue was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** How many wait for room. */
  get waiting(): number {
    return this.#line.length;
  }

  /** Whether a message of this size may enter at once: there is room, and nobody who came before waits for it. */
  isOpen(sizeBytes: number): boolean {
    return this.#line.length === 0 && this.#hasRoom(sizeBytes);
  }

  #hasRoom(sizeBytes: number): boolean {
    const { queue, capacity, takesOneOfAnySize } = this.#options;
    if (queue.depth >= capacity.messages) return false;
    return queue.bytes + sizeBytes <= capacity.bytes || (takesOneOfAnySize && queue.depth === 0);
  }

  /**
   * Lets a message in as soon as there is room for it and for those that came before it. Whether it waits for that, is
   * refused, or has the oldest dropped for it, it and `when_full` say.
   *
   * @returns undefined when it is in; otherwise what settles when it is in or has been refused
   */
  whenRoom(entrant: Entrant): Promise<void> | undefined {
    if (this.isOpen(entrant.sizeBytes)) {
      entrant.enter();
      return undefined;
    }
    return new Promise((settled) => {
      this.#line.push({ entrant, settled });
      void this.#serve();
    });
  }

  /** The queue holds less than before, or who waits may not wait any more. */
  changed(): void {
    if (this.#line.length > 0) void this.#serve();
  }

  /** The queue is about to rest: who waits enters over the limit, and nobody waits any more until `reopen`. */
  admitAll(): void {
    this.#isClosing = true;
    void this.#serve();
  }

  reopen(): void {
    this.#isClosing = false;
  }

  /** Nobody waits any more: all are refused for another reason than a full queue, and count as nothing. */
  refuseAll(error: AiocError): void {
    for (const { entrant, settled } of this.#line.splice(0)) {
      settled();
      entrant.refused(error);
    }
  }

  /** Whoever has waited longest comes first, or the order would be lost. */
  async #serve(): Promise<void> {
    if (this.#isServing) return;
    this.#isServing = true;
    for (let first = this.#line[0]; first !== undefined; first = this.#line[0]) {
      const { entrant } = first;
      if (this.#hasRoom(entrant.sizeBytes) || (this.#isClosing && this.#waits(entrant))) {
        this.#leaveLine(first);
        entrant.enter();
      } else if (this.#waits(entrant)) {
        this.#refuseImpatient();
        break;
      } else if (!(await this.#dropOldestFor(entrant))) this.#refuse(first);
    }
    this.#isServing = false;
  }

  /** Nobody waits for a room that there will never be. */
  #waits(entrant: Entrant): boolean {
    return !this.#isTooLarge(entrant) && entrant.mayWait();
  }

  #isTooLarge({ sizeBytes }: Entrant): boolean {
    const { capacity, takesOneOfAnySize } = this.#options;
    return sizeBytes > capacity.bytes && !takesOneOfAnySize;
  }

  /** @returns whether there may be room for it now */
  async #dropOldestFor(entrant: Entrant): Promise<boolean> {
    const { queue, whenFull } = this.#options;
    // Nothing is dropped for one that would not fit into an empty queue either.
    if (whenFull !== 'drop_oldest' || this.#isTooLarge(entrant)) return false;
    const outcome = await queue.dropOldest();
    if (outcome === 'dropped') this.#dropped += 1;
    return outcome !== 'none';
  }

  /** Behind one that waits nobody gets in who does not. */
  #refuseImpatient(): void {
    for (const waiting of this.#line.filter(({ entrant }) => !this.#waits(entrant))) this.#refuse(waiting);
  }

  #refuse(waiting: WaitingForRoom): void {
    // It may have been taken out meanwhile.
    if (!this.#leaveLine(waiting)) return;
    const { queue, capacity, whenFull, refusedIsLost } = this.#options;
    if (refusedIsLost || whenFull !== 'refuse') this.#dropped += 1;
    const { sizeBytes } = waiting.entrant;
    const text = this.#isTooLarge(waiting.entrant)
      ? `it takes ${sizeBytes} bytes, and the whole queue may hold ${capacity.bytes}: raise max_size_persistence_path, or send it as a file`
      : `${queue.depth} messages (${queue.bytes} bytes) wait already and no more fit: wait until the peer is back`;
    waiting.entrant.refused(new AiocError('AIOC_QUEUE_FULL', text));
  }

  #leaveLine(waiting: WaitingForRoom): boolean {
    const at = this.#line[0] === waiting ? 0 : this.#line.indexOf(waiting);
    if (at < 0) return false;
    this.#line.splice(at, 1);
    waiting.settled();
    return true;
  }
}
