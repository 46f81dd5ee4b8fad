import type net from 'node:net';
import { LIMITS } from '../base/limits.ts';
import { ClientHelloReader } from './client-hello.ts';

/**
 * Reads a server's new socket until the ClientHello is complete. TLS takes over when `pass` is called: it gets all bytes
 * as if they arrived only then. Meanwhile the end of the connection is noticed.
 */
export class ClientHelloWait {
  readonly #raw: net.Socket;
  readonly #hello = new ClientHelloReader();
  readonly #onHello: () => void;
  readonly #read = (): void => this.#onReadable();
  #heldBytes = 0;

  /** @param onHello the ClientHello is complete, or it is no TLS at all; called once */
  constructor(raw: net.Socket, onHello: () => void) {
    this.#raw = raw;
    this.#onHello = onHello;
    raw.on('readable', this.#read);
  }

  /**
   * Stops reading, and puts everything back.
   *
   * @returns false if the connection has ended
   */
  pass(): boolean {
    this.#raw.off('readable', this.#read);
    if (this.#raw.destroyed || this.#raw.readableEnded) return false;
    const bytes = this.#hello.take();
    if (bytes.length > 0) this.#raw.unshift(bytes);
    return true;
  }

  #onReadable(): void {
    const wasWaiting = this.#hello.state === 'incomplete';
    while (this.#heldBytes <= LIMITS.clientHelloBytes) {
      const chunk: Buffer | null = this.#raw.read();
      if (chunk === null) break;
      this.#heldBytes += chunk.length;
      this.#hello.push(chunk);
    }
    if (wasWaiting && this.#hello.state !== 'incomplete') this.#onHello();
  }
}
