import { AiocError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { ByteQueue } from '../../protocol/byte-queue.ts';

/**
 * What goes over aioc's own local socket, both ways (engine/local/native/PROTOCOL.md):
 *
 *     u32 length of the rest | u8 kind | u32 number | body
 *
 * little-endian. A message travels in the body as the frame that it is everywhere else, so that its bytes stay the same.
 */
export interface Packet {
  readonly kind: PacketKind;
  readonly number: number;
  readonly body: Buffer;
  /** It was larger than is taken, and of its body, so many bytes, no more was kept than the header of its frame. */
  readonly skippedBytes?: number;
}

/** Kinds up to 15 come from the program, those from 16 on from the connector. */
export const PACKET_KINDS = {
  hello: 1,
  send: 2,
  request: 3,
  cancel: 4,
  subscribe: 5,
  taken: 6,
  unsubscribe: 7,
  engineRequest: 8,
  fileBytes: 9,
  welcome: 16,
  done: 17,
  failed: 18,
  response: 19,
  message: 20,
  engineReply: 21,
} as const;
export type PacketKind = keyof typeof PACKET_KINDS;

const NAMES: (PacketKind | undefined)[] = [];
for (const [name, code] of Object.entries(PACKET_KINDS)) NAMES[code] = name as PacketKind;
const HEAD_BYTES = 9;
const POSITION_BYTES = 6;
const PLACE_BYTES = POSITION_BYTES + 1;
/** Among the flags of a message. */
const REDELIVERED = 1;
/** A whole message with the largest header, and what a unit adds. */
const MAX_BYTES = packetBytesOf(LIMITS.messageLargestBytes);

/** What a unit takes at most whose message has so many bytes of data and binary. */
export function packetBytesOf(messageBytes: number): number {
  return messageBytes + LIMITS.headerBytes + 64;
}

/** The bytes of a unit, in pieces: the body is not copied. */
export function encodePacket(packet: Packet): readonly [Buffer, Buffer] {
  return [headOf(packet, 0), packet.body];
}

function headOf({ kind, number, body }: Packet, moreBytes: number): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES + moreBytes);
  head.writeUInt32LE(HEAD_BYTES - 4 + moreBytes + body.length, 0);
  head.writeUInt8(PACKET_KINDS[kind], 4);
  head.writeUInt32LE(number, 5);
  return head;
}

/** A message on its way to a subscription, and where it lies in the connector's store. */
export interface SubscribedMessage {
  readonly position: number;
  /** A listener may have been given it before. */
  readonly redelivered: boolean;
  /** Without the length in front of it. */
  readonly frame: Buffer;
}

/** A message for the subscription of that number, in pieces: the frame is not copied. */
export function encodeMessagePacket(number: number, message: SubscribedMessage): readonly [Buffer, Buffer] {
  const { position, redelivered, frame } = message;
  const head = headOf({ kind: 'message', number, body: frame }, PLACE_BYTES);
  head.writeUIntLE(position, HEAD_BYTES, POSITION_BYTES);
  head.writeUInt8(redelivered ? REDELIVERED : 0, HEAD_BYTES + POSITION_BYTES);
  return [head, frame];
}

/** @throws AiocError AIOC_FRAME_BAD */
export function messageIn({ body }: Packet): SubscribedMessage {
  if (body.length < PLACE_BYTES) throw new AiocError('AIOC_FRAME_BAD', 'a message without its position');
  return {
    position: body.readUIntLE(0, POSITION_BYTES),
    redelivered: ((body[POSITION_BYTES] as number) & REDELIVERED) !== 0,
    frame: body.subarray(PLACE_BYTES),
  };
}

export function jsonBody(value: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** @throws AiocError AIOC_FRAME_BAD when the body is no JSON object */
export function bodyAsJson({ kind, body }: Packet): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString());
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new AiocError('AIOC_FRAME_BAD', `a ${kind} over the local socket is no JSON object`);
}

interface Skipped {
  readonly kind: PacketKind;
  readonly number: number;
  readonly bodyBytes: number;
}

/** Takes units off a byte stream. */
export class PacketReader {
  readonly #bytes = new ByteQueue();
  readonly #maxBytes: number;
  readonly #skipsLarge: boolean;
  #skipBytes = 0;
  #restBytes: number | undefined;
  /** Of a unit that is skipped: what is known of it before its header is here. */
  #skipped: Skipped | undefined;

  /** @param skipsLarge gives a unit beyond `maxBytes` with the header of its frame only, and goes on behind it */
  constructor(maxBytes = MAX_BYTES, { skipsLarge = false } = {}) {
    this.#maxBytes = maxBytes;
    this.#skipsLarge = skipsLarge;
  }

  get insidePacket(): boolean {
    const isBegun = this.#restBytes !== undefined || this.#skipped !== undefined;
    return isBegun || this.#skipBytes > 0 || this.#bytes.length > 0;
  }

  push(chunk: Buffer): void {
    this.#bytes.push(chunk);
  }

  /**
   * The next unit, or undefined until more bytes are pushed.
   *
   * @throws AiocError AIOC_FRAME_BAD, AIOC_FRAME_TOO_LARGE; the stream is of no use after that
   */
  next(): Packet | undefined {
    while (this.#skipBytes > 0) {
      const skipped = this.#bytes.takeSome(this.#skipBytes).length;
      if (skipped === 0) return undefined;
      this.#skipBytes -= skipped;
    }
    if (this.#skipped !== undefined) return this.#skip(this.#skipped);
    if (this.#restBytes === undefined) {
      if (this.#bytes.length < 4) return undefined;
      this.#restBytes = this.#bytes.takeNumber(4);
      if (this.#restBytes > this.#maxBytes && !this.#skipsLarge) {
        throw new AiocError(
          'AIOC_FRAME_TOO_LARGE',
          `${this.#restBytes} bytes over the local socket, at most ${this.#maxBytes} are taken: send a file`,
        );
      }
      if (this.#restBytes < HEAD_BYTES - 4)
        throw new AiocError('AIOC_FRAME_BAD', 'a unit without a beginning');
    }
    const isSkipped = this.#restBytes > this.#maxBytes;
    if (this.#bytes.length < (isSkipped ? HEAD_BYTES - 4 : this.#restBytes)) return undefined;
    const code = this.#bytes.takeNumber(1);
    const number = this.#bytes.takeNumber(4);
    const bodyBytes = this.#restBytes - (HEAD_BYTES - 4);
    this.#restBytes = undefined;
    const kind = NAMES[code];
    if (kind === undefined) throw new AiocError('AIOC_FRAME_BAD', `a unit of the unknown kind ${code}`);
    if (!isSkipped) return { kind, number, body: this.#bytes.take(bodyBytes) };
    this.#skipped = { kind, number, bodyBytes };
    return this.#skip(this.#skipped);
  }

  /** Given when the header is here: nobody waits for bytes that are thrown away. */
  #skip(skipped: Skipped): Packet | undefined {
    const { bodyBytes, ...packet } = skipped;
    if (this.#bytes.length < 2) return undefined;
    const lengthBytes = this.#bytes.take(2);
    const headerBytes = Math.min(lengthBytes.readUInt16LE(0), bodyBytes - 2);
    if (this.#bytes.length < headerBytes) {
      this.#bytes.unread(lengthBytes);
      return undefined;
    }
    const body = Buffer.concat([lengthBytes, this.#bytes.take(headerBytes)]);
    this.#skipped = undefined;
    this.#skipBytes = bodyBytes - body.length;
    return { ...packet, body, skippedBytes: bodyBytes };
  }
}
