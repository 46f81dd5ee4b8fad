import { AiocError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { ByteQueue } from '../../protocol/byte-queue.ts';

/**
 * A packet on a native socket, in either direction (engine/local/native/PROTOCOL.md):
 *
 *     u32 length of the rest | u8 kind | u32 number | body
 *
 * little-endian. A message in the body is a frame as between connectors, so that its bytes stay the same.
 */
export interface Packet {
  readonly kind: PacketKind;
  readonly number: number;
  readonly body: Buffer;
  /** For a packet above the limit: the size of its body, of which only the frame's header was kept. */
  readonly skippedBytes?: number;
}

/**
 * 1: each message is a packet. 2: messages without files are in batches. Both sides use the lower one of their numbers.
 */
export const NATIVE_PROTOCOL_VERSION = 2;

/** The protocol that both sides know, from what the other one's first packet says. */
export function commonProtocol({ protocol }: Readonly<Record<string, unknown>>): number {
  return typeof protocol === 'number' && protocol >= 2 ? NATIVE_PROTOCOL_VERSION : 1;
}

/** The largest batch of several messages that the other side takes, in bytes, from its first packet; 0: none. */
export function batchMaxBytesIn(firstPacket: Readonly<Record<string, unknown>>): number {
  if (commonProtocol(firstPacket) < 2) return 0;
  const maxBytes = Number.isSafeInteger(firstPacket['batchMaxBytes']) ? firstPacket['batchMaxBytes'] : 0;
  return Math.max(Number(maxBytes), LIMITS.leastBatchMaxBytes);
}

/** Programs send kinds up to 15, connectors from 16. */
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
  sendBatch: 10,
  follow: 11,
  welcome: 16,
  done: 17,
  failed: 18,
  response: 19,
  message: 20,
  engineReply: 21,
  accepted: 22,
  refusedBatch: 23,
  batch: 24,
  fileState: 25,
} as const;
export type PacketKind = keyof typeof PACKET_KINDS;

/** What programs send on the socket for sending only. */
export const SENDING_KINDS: ReadonlySet<PacketKind> = new Set([
  ...(['send', 'sendBatch', 'request', 'cancel', 'fileBytes', 'follow'] as const),
]);

const NAMES: (PacketKind | undefined)[] = [];
for (const [name, code] of Object.entries(PACKET_KINDS)) NAMES[code] = name as PacketKind;
const HEAD_BYTES = 9;
const POSITION_BYTES = 6;
export const DELIVERY_POSITION_BYTES = POSITION_BYTES + 1;
/** A flag of a message. */
const REDELIVERED = 1;
/** The largest message in a packet. */
const MAX_BYTES = packetBytesOf(LIMITS.messageLargestBytes);

/** Maximum size of a packet for a message with this size of data plus binary. */
export function packetBytesOf(messageBytes: number): number {
  return messageBytes + LIMITS.headerBytes + 64;
}

/** The head and the body of a packet; the body is not copied. */
export function encodePacket({ kind, number, body }: Packet): readonly [Buffer, Buffer] {
  return [headOf({ kind, number }, 0, body.length), body];
}

/**
 * @param moreBytes of the body, written behind the head by the caller
 * @param restBytes of the body, in other buffers
 */
export function headOf(
  { kind, number }: Pick<Packet, 'kind' | 'number'>,
  moreBytes: number,
  restBytes: number,
): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES + moreBytes);
  head.writeUInt32LE(HEAD_BYTES - 4 + moreBytes + restBytes, 0);
  head.writeUInt8(PACKET_KINDS[kind], 4);
  head.writeUInt32LE(number, 5);
  return head;
}

/** Where a message or a batch is in the connector's store. */
interface DeliveryPosition {
  readonly position: number;
  /** A listener may have received it before. */
  readonly redelivered: boolean;
}

/** A message for a subscription. */
export interface SubscribedMessage extends DeliveryPosition {
  /** Without its length prefix. */
  readonly frame: Buffer;
}

/** The head and the frame of a message for a subscription; the frame is not copied. */
export function encodeMessagePacket(number: number, message: SubscribedMessage): readonly [Buffer, Buffer] {
  const head = headOf({ kind: 'message', number }, DELIVERY_POSITION_BYTES, message.frame.length);
  writeDeliveryPosition(head, message);
  return [head, message.frame];
}

/** Writes it behind the head of a packet. */
export function writeDeliveryPosition(head: Buffer, { position, redelivered }: DeliveryPosition): void {
  head.writeUIntLE(position, HEAD_BYTES, POSITION_BYTES);
  head.writeUInt8(redelivered ? REDELIVERED : 0, HEAD_BYTES + POSITION_BYTES);
}

/** @throws AiocError AIOC_FRAME_BAD */
export function messageIn({ body }: Packet): SubscribedMessage {
  const { position, redelivered, rest } = deliveryPositionIn(body);
  return { position, redelivered, frame: rest };
}

/** @throws AiocError AIOC_FRAME_BAD */
export function deliveryPositionIn(body: Buffer): DeliveryPosition & { readonly rest: Buffer } {
  if (body.length < DELIVERY_POSITION_BYTES)
    throw new AiocError('AIOC_FRAME_BAD', 'a message without its position');
  return {
    position: body.readUIntLE(0, POSITION_BYTES),
    redelivered: ((body[POSITION_BYTES] as number) & REDELIVERED) !== 0,
    rest: body.subarray(DELIVERY_POSITION_BYTES),
  };
}

export function jsonBody(value: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** @throws AiocError AIOC_FRAME_BAD if the body is not a JSON object */
export function bodyAsJson({ kind, body }: Packet): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString());
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Reported below.
  }
  throw new AiocError('AIOC_FRAME_BAD', `the body of a ${kind} is not a JSON object`);
}

interface Skipped {
  readonly kind: PacketKind;
  readonly number: number;
  readonly bodyBytes: number;
}

/**
 * Packets between these sizes get the memory for their bodies when they begin, and are read into it. Batches of small
 * messages are smaller: several are read at once, which costs them a third less than a read and a buffer for each. A larger
 * packet gets its memory when it has arrived, so that what a program only announces takes no memory.
 */
const LARGE_BYTES = LIMITS.batchBytes + 64;
const LARGEST_AT_ONCE_BYTES = packetBytesOf(LIMITS.largeBatchBytes);

/** Reads packets from a byte stream. */
export class PacketReader {
  readonly #bytes = new ByteQueue();
  readonly #maxBytes: number;
  readonly #skipsLarge: boolean;
  #skipBytes = 0;
  #restBytes: number | undefined;
  /** The packet that is being skipped, until its header has arrived. */
  #skipped: Skipped | undefined;
  /** A large packet that has begun, and the bytes of its body that have arrived. */
  #large: Packet | undefined;
  #largeBytes = 0;

  /** @param skipsLarge returns a packet above `maxBytes` with only the header of its frame, instead of throwing */
  constructor(maxBytes = MAX_BYTES, { skipsLarge = false } = {}) {
    this.#maxBytes = maxBytes;
    this.#skipsLarge = skipsLarge;
  }

  get insidePacket(): boolean {
    const isBegun = this.#restBytes !== undefined || this.#skipped !== undefined;
    return isBegun || this.#large !== undefined || this.#skipBytes > 0 || this.#bytes.length > 0;
  }

  /** Received bytes that are not read yet. */
  get bufferedBytes(): number {
    return this.#bytes.length + this.#largeBytes;
  }

  /** The size of the unfinished packet, if it is known and all of it will be in memory. */
  get wholeBytes(): number {
    const sizeBytes = this.#restBytes ?? this.#large?.body.length ?? 0;
    return sizeBytes > this.#maxBytes ? 0 : sizeBytes;
  }

  push(chunk: Buffer): void {
    const taken = this.#large === undefined ? 0 : chunk.copy(this.#large.body, this.#largeBytes);
    this.#largeBytes += taken;
    this.#bytes.push(taken === 0 ? chunk : chunk.subarray(taken));
  }

  /** Where the next bytes belong, if they are those of a large body; see SocketReader. */
  room(): Buffer | undefined {
    const room = this.#large?.body.subarray(this.#largeBytes);
    return room?.length === 0 ? undefined : room;
  }

  /** As `push`; but what was read into the room is in its place already. */
  arrived(bytes: Buffer): void {
    if (bytes.buffer === this.#large?.body.buffer) this.#largeBytes += bytes.length;
    else this.push(bytes);
  }

  /**
   * The next packet, or undefined until more bytes are pushed.
   *
   * @throws AiocError AIOC_FRAME_BAD, AIOC_FRAME_TOO_LARGE; the stream is unusable afterwards
   */
  next(): Packet | undefined {
    while (this.#skipBytes > 0) {
      const skipped = this.#bytes.takeSome(this.#skipBytes).length;
      if (skipped === 0) return undefined;
      this.#skipBytes -= skipped;
    }
    if (this.#skipped !== undefined) return this.#skip(this.#skipped);
    if (this.#large !== undefined) return this.#takeLarge(this.#large);
    if (this.#restBytes === undefined) {
      if (this.#bytes.length < 4) return undefined;
      this.#restBytes = this.#bytes.takeNumber(4);
      if (this.#restBytes > this.#maxBytes && !this.#skipsLarge) {
        throw new AiocError(
          'AIOC_FRAME_TOO_LARGE',
          `a packet has ${this.#restBytes} bytes; the limit is ${this.#maxBytes}: send a file instead`,
        );
      }
      if (this.#restBytes < HEAD_BYTES - 4)
        throw new AiocError('AIOC_FRAME_BAD', 'a packet is shorter than its head');
    }
    const isSkipped = this.#restBytes > this.#maxBytes;
    const isLarge = this.#restBytes >= LARGE_BYTES && this.#restBytes <= LARGEST_AT_ONCE_BYTES;
    if (this.#bytes.length < (isSkipped || isLarge ? HEAD_BYTES - 4 : this.#restBytes)) return undefined;
    const code = this.#bytes.takeNumber(1);
    const number = this.#bytes.takeNumber(4);
    const bodyBytes = this.#restBytes - (HEAD_BYTES - 4);
    this.#restBytes = undefined;
    const kind = NAMES[code];
    if (kind === undefined) throw new AiocError('AIOC_FRAME_BAD', `unknown packet kind ${code}`);
    if (!isSkipped) return this.#begun(kind, number, bodyBytes);
    this.#skipped = { kind, number, bodyBytes };
    return this.#skip(this.#skipped);
  }

  #begun(kind: PacketKind, number: number, bodyBytes: number): Packet | undefined {
    if (this.#bytes.length >= bodyBytes) return { kind, number, body: this.#bytes.take(bodyBytes) };
    const body = Buffer.allocUnsafeSlow(bodyBytes);
    this.#largeBytes = this.#bytes.takeInto(body);
    this.#large = { kind, number, body };
    return undefined;
  }

  #takeLarge(packet: Packet): Packet | undefined {
    if (this.#largeBytes < packet.body.length) return undefined;
    this.#large = undefined;
    this.#largeBytes = 0;
    return packet;
  }

  /** Returns the packet as soon as its header has arrived. */
  #skip(skipped: Skipped): Packet | undefined {
    const { bodyBytes, ...packet } = skipped;
    const keptBytes = this.#keptBytes(skipped);
    if (keptBytes === undefined || this.#bytes.length < keptBytes) return undefined;
    const body = this.#bytes.take(keptBytes);
    this.#skipped = undefined;
    this.#skipBytes = bodyBytes - body.length;
    return { ...packet, body, skippedBytes: bodyBytes };
  }

  /** The size of the frame's header, with its length; of a batch, also that of its message's. */
  #keptBytes({ kind, bodyBytes }: Skipped): number | undefined {
    const headerEnd = this.#lengthAt(0, bodyBytes);
    if (kind !== 'sendBatch' || headerEnd === undefined) return headerEnd;
    const recordAt = headerEnd + 4;
    const recordEnd = this.#lengthAt(recordAt + 8, bodyBytes);
    return recordEnd && Math.min(bodyBytes, recordEnd + 4);
  }

  /** The end of what has its 16-bit length at an offset of the body. */
  #lengthAt(at: number, bodyBytes: number): number | undefined {
    const end = at + 2;
    if (end > bodyBytes) return bodyBytes;
    if (this.#bytes.length < end) return undefined;
    const beginning = this.#bytes.take(end);
    this.#bytes.unread(beginning);
    return Math.min(bodyBytes, end + beginning.readUInt16LE(at));
  }
}
