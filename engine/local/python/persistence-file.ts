import { open } from 'node:fs/promises';
import { LIMITS } from '../../base/limits.ts';
import type { Frame } from '../../protocol/frame-decoder.ts';
import { parseLocalFrame } from '../local-frames.ts';

/** Precedes each message in a persistence file of Python (PROTOCOL §6). */
const SEPARATOR = Buffer.from('@@@PERSISTENCE_SEPARATOR@@@');
const LENGTH_BYTES = 4;
/** The largest message in a file. */
const MAX_BYTES = LIMITS.messageBytes + LIMITS.headerBytes + 10;

export type PersistedPart =
  | { readonly kind: 'message'; readonly frame: Frame }
  /** Bytes that are not a whole message; reading continues at the next separator. */
  | { readonly kind: 'damage'; readonly sizeBytes: number };

/** Reads a persistence file of Python in order, with at most one message in memory. */
export async function* readPersistenceFile(path: string): AsyncGenerator<PersistedPart> {
  const file = await open(path, 'r');
  try {
    const window = new FileWindow((into) =>
      file.read(into, 0, into.length).then(({ bytesRead }) => bytesRead),
    );
    for (;;) {
      const strayBytes = await window.toSeparator();
      if (strayBytes > 0) yield { kind: 'damage', sizeBytes: strayBytes };
      if (await window.isAtEnd()) return;
      const frame = await window.message();
      if (frame !== undefined) yield { kind: 'message', frame };
    }
  } finally {
    await file.close();
  }
}

/** The part of the file that is in memory. */
class FileWindow {
  readonly #read: (into: Buffer) => Promise<number>;
  #bytes = Buffer.alloc(0);
  #ended = false;

  constructor(read: (into: Buffer) => Promise<number>) {
    this.#read = read;
  }

  async isAtEnd(): Promise<boolean> {
    return !(await this.#has(1));
  }

  /** Skips to the next separator or the end; returns the number of bytes skipped. */
  async toSeparator(): Promise<number> {
    let passedBytes = 0;
    for (;;) {
      const found = this.#bytes.indexOf(SEPARATOR);
      // A separator may start at the end of the buffer.
      const strayBytes = found >= 0 ? found : Math.max(0, this.#bytes.length - SEPARATOR.length + 1);
      this.#bytes = this.#bytes.subarray(strayBytes);
      passedBytes += strayBytes;
      if (found >= 0) return passedBytes;
      if (await this.#more()) continue;
      passedBytes += this.#bytes.length;
      this.#bytes = this.#bytes.subarray(this.#bytes.length);
      return passedBytes;
    }
  }

  /**
   * The message after the separator at the current position. Undefined if it is not whole: then only one byte is skipped,
   * and the rest is reported as damaged.
   */
  async message(): Promise<Frame | undefined> {
    const bodyAt = SEPARATOR.length + LENGTH_BYTES;
    if (!(await this.#has(bodyAt))) return this.#skip();
    const sizeBytes = this.#bytes.readUInt32LE(SEPARATOR.length);
    const end = bodyAt + sizeBytes;
    if (sizeBytes > MAX_BYTES || !(await this.#has(end))) return this.#skip();
    const followed = !(await this.#has(end + SEPARATOR.length))
      ? this.#bytes.length === end
      : this.#bytes.subarray(end, end + SEPARATOR.length).equals(SEPARATOR);
    if (!followed) return this.#skip();
    try {
      const frame = parseLocalFrame(Buffer.from(this.#bytes.subarray(bodyAt, end)));
      this.#bytes = this.#bytes.subarray(end);
      return frame;
    } catch {
      return this.#skip();
    }
  }

  #skip(): undefined {
    this.#bytes = this.#bytes.subarray(1);
    return undefined;
  }

  async #has(sizeBytes: number): Promise<boolean> {
    while (this.#bytes.length < sizeBytes) if (!(await this.#more())) return false;
    return true;
  }

  async #more(): Promise<boolean> {
    if (this.#ended) return false;
    const chunk = Buffer.allocUnsafe(LIMITS.fileChunkBytes);
    const count = await this.#read(chunk);
    this.#ended = count === 0;
    this.#bytes = Buffer.concat([this.#bytes, chunk.subarray(0, count)]);
    return count > 0;
  }
}
