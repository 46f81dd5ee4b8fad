/**
 * What the processes of the floor exchange, little-endian:
 *
 *     u32 length of the rest | u8 kind | u48 number of the first message | u16 messages
 *     and for each message: u32 length of the rest | u16 length of the header | header (JSON) | data
 *
 * A header length of 0 says: as the header before.
 */
import type net from 'node:net';

export const KIND = { batch: 1, confirmed: 2, exchange: 3 } as const;
export const UNIT_HEAD_BYTES = 13;
export const RECORD_HEAD_BYTES = 6;

export interface UnitHead {
  readonly kind: number;
  readonly first: number;
  readonly count: number;
}

export function writeUnitHead(bytes: Buffer, { kind, first, count }: UnitHead, length: number): void {
  bytes.writeUInt32LE(length - 4, 0);
  bytes.writeUInt8(kind, 4);
  bytes.writeUIntLE(first, 5, 6);
  bytes.writeUInt16LE(count, 11);
}

export function readUnitHead(bytes: Buffer): UnitHead {
  return { kind: bytes.readUInt8(4), first: bytes.readUIntLE(5, 6), count: bytes.readUInt16LE(11) };
}

/** “All messages up to this one.” */
export function confirmation(upTo: number): Buffer {
  const bytes = Buffer.allocUnsafe(UNIT_HEAD_BYTES);
  writeUnitHead(bytes, { kind: KIND.confirmed, first: upTo, count: 0 }, bytes.length);
  return bytes;
}

/** Whole units, one after another. */
export function readUnits(socket: net.Socket, onUnit: (unit: Buffer) => void): void {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let neededBytes = 4;
  socket.on('data', (chunk: Buffer) => {
    rest.push(chunk);
    restBytes += chunk.length;
    if (restBytes < neededBytes) return;
    const bytes = rest.length === 1 ? chunk : Buffer.concat(rest);
    let at = 0;
    for (;;) {
      neededBytes = bytes.length - at < 4 ? 4 : 4 + bytes.readUInt32LE(at);
      if (bytes.length - at < neededBytes) break;
      onUnit(bytes.subarray(at, at + neededBytes));
      at += neededBytes;
    }
    rest = at === bytes.length ? [] : [bytes.subarray(at)];
    restBytes = bytes.length - at;
  });
}

/** The messages of a unit; the header only where it differs from the one before. */
export function eachMessage(
  unit: Buffer,
  onMessage: (data: Buffer, header: Buffer | undefined) => void,
): void {
  let at = UNIT_HEAD_BYTES;
  while (at < unit.length) {
    const end = at + 4 + unit.readUInt32LE(at);
    const dataAt = at + RECORD_HEAD_BYTES + unit.readUInt16LE(at + 4);
    const header =
      dataAt === at + RECORD_HEAD_BYTES ? undefined : unit.subarray(at + RECORD_HEAD_BYTES, dataAt);
    onMessage(unit.subarray(dataAt, end), header);
    at = end;
  }
}

/** Follows units through the pieces in which they come, without putting them together. */
export class UnitScanner {
  readonly #head = Buffer.alloc(UNIT_HEAD_BYTES);
  #headBytes = 0;
  #restBytes = 0;
  #upTo: number | undefined;
  #next = 0;

  /** @returns the last message of the last batch that ends in this piece */
  scan(piece: Buffer): number | undefined {
    let last: number | undefined;
    let at = 0;
    while (at < piece.length) {
      if (this.#restBytes === 0) {
        const copied = piece.copy(this.#head, this.#headBytes, at);
        this.#headBytes += copied;
        at += copied;
        if (this.#headBytes < UNIT_HEAD_BYTES) break;
        this.#begin();
      }
      const passed = Math.min(this.#restBytes, piece.length - at);
      this.#restBytes -= passed;
      at += passed;
      if (this.#restBytes === 0) last = this.#upTo ?? last;
    }
    return last;
  }

  #begin(): void {
    const { kind, first, count } = readUnitHead(this.#head);
    this.#headBytes = 0;
    this.#restBytes = this.#head.readUInt32LE(0) + 4 - UNIT_HEAD_BYTES;
    this.#upTo = undefined;
    if (kind !== KIND.batch) return;
    if (first !== this.#next) throw new Error(`message ${first} follows ${this.#next - 1}`);
    this.#next = first + count;
    this.#upTo = this.#next - 1;
  }
}
