import { LIMITS } from '../base/limits.ts';
import { parseMarkName } from '../storage/mark-name.ts';

/**
 * The last stored number of each sender's epochs, by the names of their marks. What it costs to find those of one sender
 * does not depend on how many others there are: without TLS, anybody can make up names.
 */
export class StoredMarks {
  /** By sender, longest unused first; each one's epochs are in order, oldest first. */
  readonly #bySender = new Map<string, Map<string, number>>();
  #latestSender: string | undefined;

  get(name: string): number | undefined {
    return this.#bySender.get(parseMarkName(name).sender)?.get(name);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** The marks of one sender, oldest epoch first. */
  of(sender: string): Iterable<readonly [name: string, seq: number]> {
    return this.#bySender.get(sender) ?? [];
  }

  /**
   * Sets the number of an epoch.
   *
   * @returns the names of marks that are too many now, and were forgotten
   */
  set(name: string, seq: number): readonly string[] {
    const { sender } = parseMarkName(name);
    const marks = this.#bySender.get(sender) ?? new Map<string, number>();
    if (sender !== this.#latestSender) {
      this.#latestSender = sender;
      this.#bySender.delete(sender);
      this.#bySender.set(sender, marks);
    }
    const isNew = !marks.has(name);
    marks.set(name, seq);
    return isNew ? [...this.#oldEpochs(marks), ...this.#unusedSenders()] : NONE;
  }

  clear(): void {
    this.#bySender.clear();
    this.#latestSender = undefined;
  }

  #oldEpochs(marks: Map<string, number>): readonly string[] {
    const [oldest] = marks.keys();
    if (marks.size <= LIMITS.epochsPerQueue || oldest === undefined) return NONE;
    marks.delete(oldest);
    return [oldest];
  }

  #unusedSenders(): readonly string[] {
    if (this.#bySender.size <= LIMITS.sendersPerQueue) return NONE;
    const [unused] = this.#bySender;
    if (unused === undefined) return NONE;
    const [sender, marks] = unused;
    this.#bySender.delete(sender);
    return [...marks.keys()];
  }
}

const NONE: readonly string[] = [];
