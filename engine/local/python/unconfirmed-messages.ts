import { readFileSync } from 'node:fs';
import { LIMITS } from '../../base/limits.ts';
import type { Inbox } from '../../queues/inbox.ts';
import type { ListenerFrame } from './listener-frames.ts';

/**
 * The number of bytes written after a message at which a listener on Python's receive socket must have processed it: the
 * capacity of the socket, of the listener's reader, and one read of it.
 *
 * @param socketBytes the capacity of a unix socket; default: the system's
 */
export function listenerHeldBytes(socketBytes = socketBufferBytes()): number {
  const { listenerReaderBytes, listenerReadBytes } = LIMITS;
  return socketBytes + listenerReaderBytes + Math.min(socketBytes, listenerReadBytes);
}

/**
 * The number of unread bytes that a unix socket takes: its send buffer, and one more write of at most half of it, which may
 * start when the buffer is almost full.
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
  /** The number of bytes of the connection up to the end of this message. */
  readonly end: number;
}

/**
 * Messages written to a listener that may be lost if its connection ends. They stay in the store until enough bytes were
 * written after them that the listener must have processed them.
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

  /** Call when these were written, in this order. */
  wrote(frames: readonly ListenerFrame[]): void {
    for (const { position, bytes } of frames) {
      this.#written += bytes.length;
      this.#lent.push({ position, end: this.#written });
    }
    this.#inbox.lend(frames);
    const passed = this.#lent.findIndex(({ end }) => end + this.#heldBytes >= this.#written);
    const last = this.#lent[passed - 1];
    if (last === undefined) return;
    this.#lent = this.#lent.slice(passed);
    // If the store fails now, the messages are redelivered after a restart.
    this.#inbox.settle(last.position).catch(() => undefined);
  }
}
