import { readFileSync } from 'node:fs';
import { LIMITS } from '../../base/limits.ts';
import type { Inbox } from '../../queues/inbox.ts';
import type { StoredRecord } from '../../storage/store.ts';

/**
 * How many bytes behind a message have been written when a listener on Python's receive socket is certainly done with it:
 * what the socket holds, what the listener's reader holds, and what that reads at once when it is almost full.
 *
 * @param socketBytes what a unix socket buffers; absent: as the system says
 */
export function listenerHeldBytes(socketBytes = socketBufferBytes()): number {
  const { listenerReaderBytes, listenerReadBytes } = LIMITS;
  return socketBytes + listenerReaderBytes + Math.min(socketBytes, listenerReadBytes);
}

/**
 * What a unix socket takes that is not read. Its sender's buffer counts (with the overhead of each piece, so that it is
 * less in bytes), and one more piece of at most half of it may be begun when it is almost full.
 */
function socketBufferBytes(): number {
  try {
    const bytes = Number(readFileSync('/proc/sys/net/core/wmem_default', 'latin1'));
    if (Number.isSafeInteger(bytes) && bytes > 0) return Math.ceil(bytes * 1.5);
  } catch {
    // Another system than Linux.
  }
  return LIMITS.unixSocketBytes;
}

interface UnconfirmedMessage {
  readonly position: number;
  /** How many bytes of the connection went before its end. */
  readonly end: number;
}

/**
 * The messages that have been written on one connection to a listener and that may be lost with it: they stay in the
 * store until so many bytes went behind them that the listener must be done with them.
 */
export class UnconfirmedMessages {
  readonly #inbox: Inbox;
  readonly #heldBytes: number;
  #written = 0;
  #lent: UnconfirmedMessage[] = [];

  constructor(inbox: Inbox, heldBytes: number) {
    this.#inbox = inbox;
    this.#heldBytes = heldBytes;
  }

  /** These have left for the listener, in this order. */
  wrote(batch: readonly StoredRecord[]): void {
    for (const { position, payload } of batch) {
      this.#written += payload.length;
      this.#lent.push({ position, end: this.#written });
    }
    this.#inbox.lend(batch);
    const passed = this.#lent.findIndex(({ end }) => end + this.#heldBytes >= this.#written);
    const last = this.#lent[passed - 1];
    if (last === undefined) return;
    this.#lent = this.#lent.slice(passed);
    // A store that cannot note it now has them given again after a restart.
    this.#inbox.settle(last.position).catch(() => undefined);
  }
}
