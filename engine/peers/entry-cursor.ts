import { AiocError } from '../base/errors.ts';
import { framesOf, type SharedHeader } from '../protocol/batched-messages.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { MessageBatch } from '../queues/message-batch.ts';
import type { OutboxEntry } from '../queues/outbox-entry.ts';

interface OpenedEntry {
  readonly entry: OutboxEntry;
  readonly frames: Iterator<Frame>;
  /** Of the next message. */
  index: number;
  /** A message that could not be sent yet. */
  next: Frame | undefined;
}

/** Opens batches into single messages, for peers that receive one by one. It remembers its place in one entry. */
export class EntryCursor {
  readonly #sharedOf: (type: string) => SharedHeader;
  #opened: OpenedEntry | undefined;

  /** @param sharedOf what the headers of messages of a type share */
  constructor(sharedOf: (type: string) => SharedHeader) {
    this.#sharedOf = sharedOf;
  }

  /** Whether it is between two messages of this entry. */
  isIn(entry: OutboxEntry): boolean {
    return this.#opened?.entry === entry;
  }

  /**
   * The next unsent message of an entry; `advance` follows when it is dealt with. Undefined: that message has left the
   * queue, and counts as sent now.
   */
  next(entry: OutboxEntry, type: string): Frame | undefined {
    const from = Math.max(entry.sent, entry.left);
    if (this.#opened?.entry !== entry || this.#opened.index > from) {
      const frames = framesOf(this.#sharedOf(type), recordsIn(entry).records)[Symbol.iterator]();
      this.#opened = { entry, frames, index: 0, next: undefined };
    }
    const opened = this.#opened;
    while (opened.index < from) {
      if (opened.next === undefined) opened.frames.next();
      opened.next = undefined;
      opened.index += 1;
    }
    if (entry.hasLeft(from)) {
      entry.sent = from + 1;
      return undefined;
    }
    opened.next ??= opened.frames.next().value as Frame;
    return opened.next;
  }

  /** The message that `next` has returned is sent or given up. */
  advance(): void {
    const opened = this.#opened;
    if (opened === undefined) return;
    opened.next = undefined;
    opened.index += 1;
    if (opened.index === opened.entry.count) this.#opened = undefined;
  }

  /** The only message of an entry. */
  only(entry: OutboxEntry, type: string): Frame {
    for (const frame of framesOf(this.#sharedOf(type), recordsIn(entry).records)) return frame;
    throw new AiocError('AIOC_INTERNAL', 'a batch without messages');
  }

  /** The connection is lost: messages are sent again. */
  reset(): void {
    this.#opened = undefined;
  }
}

/** The messages of an entry that is in memory. */
export function recordsIn({ count, records }: OutboxEntry): MessageBatch {
  if (records === undefined) throw new AiocError('AIOC_INTERNAL', 'a batch that is only in the store');
  return { count, records };
}
