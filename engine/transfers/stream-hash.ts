import { createHash, type Hash } from 'node:crypto';
import { LIMITS } from '../base/limits.ts';

const ZEROS = Buffer.alloc(LIMITS.transferPieceBytes);

/** The SHA-256 of a stream so far. It never changes: more bytes give another one. */
export class StreamHash {
  static readonly EMPTY = new StreamHash(createHash('sha256'), 0);
  /** How many bytes of the stream it contains. */
  readonly bytes: number;
  /** In base64url. */
  readonly digest: string;
  readonly #hash: Hash;

  private constructor(hash: Hash, bytes: number) {
    this.#hash = hash;
    this.bytes = bytes;
    this.digest = hash.copy().digest('base64url');
  }

  /** @param parts what follows: bytes, or a number of zeros */
  with(...parts: readonly (Buffer | number)[]): StreamHash {
    const hash = this.#hash.copy();
    let bytes = this.bytes;
    for (const part of parts) {
      if (typeof part === 'number') updateWithZeros(hash, part);
      else hash.update(part);
      bytes += typeof part === 'number' ? part : part.length;
    }
    return new StreamHash(hash, bytes);
  }
}

function updateWithZeros(hash: Hash, count: number): void {
  for (let rest = count; rest > 0; rest -= ZEROS.length) hash.update(ZEROS.subarray(0, rest));
}
