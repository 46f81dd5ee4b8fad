import { LIMITS } from '../base/limits.ts';

/**
 * - `incomplete`: more bytes are needed.
 * - `complete`: the first message of TLS is there.
 * - `other`: it is no TLS, or larger than any client's; OpenSSL answers it.
 */
export type HelloState = 'incomplete' | 'complete' | 'other';

const RECORD_HEADER_BYTES = 5;
const HANDSHAKE_RECORD = 22;
const MESSAGE_HEADER_BYTES = 4;
const CLIENT_HELLO = 1;

/**
 * Finds out when the ClientHello of a TLS connection is complete (RFC 8446 §4.1.2, §5.1), so that a server spends
 * nothing on a connection that never sends one. It adds up the lengths of records and looks at nothing else; OpenSSL
 * reads the bytes afterwards.
 */
export class ClientHelloReader {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Of the current record's header, and the message's header at the start of the first record. */
  readonly #recordHeader: number[] = [];
  readonly #messageHeader: number[] = [];
  /** Bytes of the current record that have not arrived yet. */
  #recordRest = 0;
  /** Bytes of the message that have not arrived yet, once its header has. */
  #messageRest: number | undefined;
  #state: HelloState = 'incomplete';

  get state(): HelloState {
    return this.#state;
  }

  /** Everything that was pushed; forgets it. */
  take(): Buffer {
    const bytes = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#chunks = [];
    return bytes;
  }

  push(chunk: Buffer): HelloState {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    for (let at = 0; at < chunk.length && this.#state === 'incomplete'; ) at = this.#read(chunk, at);
    if (this.#state === 'incomplete' && this.#bytes > LIMITS.clientHelloBytes) this.#state = 'other';
    return this.#state;
  }

  /** @returns the index of the next byte to read */
  #read(chunk: Buffer, at: number): number {
    if (this.#recordRest === 0) {
      this.#recordHeader.push(chunk[at] as number);
      if (this.#recordHeader.length === RECORD_HEADER_BYTES) this.#beginRecord();
      return at + 1;
    }
    if (this.#messageRest === undefined) {
      this.#recordRest -= 1;
      this.#messageHeader.push(chunk[at] as number);
      if (this.#messageHeader.length === MESSAGE_HEADER_BYTES) this.#beginMessage();
      return at + 1;
    }
    const count = Math.min(chunk.length - at, this.#recordRest, this.#messageRest);
    this.#recordRest -= count;
    this.#messageRest -= count;
    if (this.#messageRest === 0) this.#state = 'complete';
    return at + count;
  }

  #beginRecord(): void {
    const [type, major, , high = 0, low = 0] = this.#recordHeader.splice(0);
    this.#recordRest = high * 256 + low;
    if (type !== HANDSHAKE_RECORD || major !== 3 || this.#recordRest === 0) this.#state = 'other';
  }

  #beginMessage(): void {
    const [type, high = 0, middle = 0, low = 0] = this.#messageHeader;
    this.#messageRest = high * 65_536 + middle * 256 + low;
    if (type !== CLIENT_HELLO || this.#messageRest === 0) this.#state = 'other';
  }
}
