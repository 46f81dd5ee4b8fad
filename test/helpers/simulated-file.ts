import type { Randomness } from '../../engine/base/ports.ts';

/** Files that grow from less cost more in buffers than in bytes. */
const FIRST_BYTES = 4_096;

/** Bytes that grow. */
class Content {
  #bytes = Buffer.alloc(0);
  size = 0;

  write(bytes: Buffer, at: number): void {
    this.#reserve(at + bytes.length);
    this.#bytes.set(bytes, at);
    this.size = Math.max(this.size, at + bytes.length);
  }

  truncate(size: number): void {
    this.#reserve(size);
    this.#bytes.fill(0, Math.min(size, this.size), Math.max(size, this.size));
    this.size = size;
  }

  slice(from: number, to: number): Buffer {
    return this.#bytes.subarray(Math.min(from, this.size), Math.min(to, this.size));
  }

  set(other: Content): void {
    this.#bytes = Buffer.from(other.slice(0, other.size));
    this.size = other.size;
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const grown = Buffer.alloc(Math.max(size, 2 * this.#bytes.length, FIRST_BYTES));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

type Change = { readonly at: number; readonly bytes: Buffer } | { readonly size: number };

/** A file as programs see it, and as it is on the platter: what was not synced is on its way, and may never arrive. */
export class SimulatedFile {
  readonly #seen = new Content();
  readonly #platter = new Content();
  #underWay: Change[] = [];

  get size(): number {
    return this.#seen.size;
  }

  read(from: number, to: number): Buffer {
    return this.#seen.slice(from, to);
  }

  write(bytes: Buffer, at: number): void {
    this.#change({ at, bytes: Buffer.from(bytes) });
  }

  truncate(size: number): void {
    this.#change({ size });
  }

  sync(): void {
    for (const change of this.#underWay) apply(this.#platter, change);
    this.#underWay = [];
  }

  /** The kernel gives up what was under way, and may forget that it ever had it; the next sync knows of nothing. */
  failSync(random: Pick<Randomness, 'fraction'>): void {
    const isForgotten = random.fraction() < 0.5;
    // The size is in the inode, which is written apart.
    const size = this.#seen.size;
    this.#underWay = [];
    if (!isForgotten) return;
    this.#seen.set(this.#platter);
    this.#seen.truncate(size);
  }

  /**
   * The power goes: of what was under way each part may have arrived, in any order, torn anywhere.
   *
   * @returns how many writes were torn
   */
  losePower(random: Pick<Randomness, 'fraction'>): number {
    const isInOrder = random.fraction() < 0.5;
    let torn = 0;
    for (const change of this.#underWay) {
      const luck = random.fraction();
      if (luck < 0.4) apply(this.#platter, change);
      else if (luck < 0.7 && 'bytes' in change) {
        tear(this.#platter, change, random);
        torn += 1;
      }
      if (isInOrder && luck >= 0.4) break;
    }
    this.#underWay = [];
    this.#seen.set(this.#platter);
    return torn;
  }

  /** Damages a byte for good. */
  flip(at: number, mask: number): void {
    const byte = Buffer.from([(this.#seen.slice(at, at + 1)[0] ?? 0) ^ mask]);
    this.#seen.write(byte, at);
    this.#platter.write(byte, at);
  }

  #change(change: Change): void {
    apply(this.#seen, change);
    this.#underWay.push(change);
  }
}

function apply(content: Content, change: Change): void {
  if ('bytes' in change) content.write(change.bytes, change.at);
  else content.truncate(change.size);
}

/** A part of it arrives: the beginning, the end, or all but a hole, which is zeros where the file grew. */
function tear(
  content: Content,
  { at, bytes }: { readonly at: number; readonly bytes: Buffer },
  random: Pick<Randomness, 'fraction'>,
): void {
  const cut = Math.floor(random.fraction() * bytes.length);
  const end = cut + Math.floor(random.fraction() * (bytes.length - cut));
  const kind = random.fraction();
  if (kind < 0.7) content.write(bytes.subarray(0, cut), at);
  if (kind < 0.7) return;
  if (kind < 0.85) content.write(bytes.subarray(0, cut), at);
  content.write(bytes.subarray(end), at + end);
}
