import { writeSync } from 'node:fs';
import type { IPty } from '@lydell/node-pty';
import { systemCode } from '../../engine/base/errors.ts';

const RETRY_MS = 2;

/** What node-pty doesn't tell in its types. */
interface PtyInside {
  readonly fd: number;
  readonly _socket: { readonly destroyed: boolean };
}

/**
 * Writes to a pseudo-terminal without ever blocking. node-pty's own `write` spins while the program doesn't read, and a
 * program that waits for its output to be read meanwhile waits forever: a large paste would stop both.
 */
export class PtyInput {
  readonly #inside: PtyInside;
  #waiting: Buffer[] = [];
  #retry: NodeJS.Timeout | undefined;

  constructor(pty: IPty) {
    this.#inside = pty as unknown as PtyInside;
  }

  write(text: string): void {
    this.#waiting.push(Buffer.from(text));
    if (this.#retry === undefined) this.#flush();
  }

  /** What has not been written is lost. */
  stop(): void {
    clearTimeout(this.#retry);
    this.#waiting = [];
  }

  #flush(): void {
    this.#retry = undefined;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      // A closed descriptor's number may belong to another file by now.
      if (this.#inside._socket.destroyed) return this.stop();
      const rest = next.subarray(this.#tryWrite(next));
      if (rest.length > 0) {
        this.#waiting[0] = rest;
        this.#retry = setTimeout(() => this.#flush(), RETRY_MS);
        return;
      }
      this.#waiting.shift();
    }
  }

  #tryWrite(bytes: Buffer): number {
    try {
      return writeSync(this.#inside.fd, bytes);
    } catch (error) {
      if (systemCode(error) === 'EAGAIN') return 0;
      // The program is gone; its exit is reported elsewhere.
      return bytes.length;
    }
  }
}
