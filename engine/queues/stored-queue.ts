import type { StoredBatch } from '../storage/store.ts';

/** A part of a queue's stream, for people who look at its messages: nothing is taken. */
export interface StoredQueue {
  /** The name of its stream in the store. */
  readonly stream: string;
  /** The batches behind a position, as many as fit into `maxBytes` but at least one; some of their messages may be gone. */
  read(after: number, maxBytes: number): Promise<readonly StoredBatch[]>;
  /** Whether the message at a position is on its way, or has left the queue. */
  stateAt(position: number): 'waiting' | 'sent' | 'gone';
  /** The position of the last message that is stored. */
  end(): Promise<number>;
  /**
   * Drops the messages up to a position that are not on their way; later ones stay. Resolves when the store has recorded
   * it.
   *
   * @returns how many
   * @throws AiocError AIOC_COMMAND, AIOC_DISK, AIOC_DISK_FULL
   */
  purge(upTo: number, why: string): Promise<number>;
}
