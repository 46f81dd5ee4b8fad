import { parseLocalFrame } from '../local/local-frames.ts';
import type { SubscribedBatchInPacket } from '../local/native/batch-packets.ts';
import type { SubscribedMessage } from '../local/native/packets.ts';
import type { SharedHeader } from '../protocol/batched-messages.ts';
import { type Header, type JsonObject, type JsonValue, parseJsonObject } from '../protocol/header.ts';
import { isPlainHeader, keyTable } from '../protocol/plain-header.ts';
import { RecordCursor } from '../protocol/record-cursor.ts';
import { ListenerMessage, type MessageOrigin } from './listener-message.ts';
import { bodyRangeOf, type HeaderSource, OWN_KEYS, type OwnKey, sourceOf } from './received-message.ts';

/** Messages of a subscription that have come together and that no handler has. */
export interface Delivered {
  /** Of the next message. */
  readonly position: number;
  readonly isEmpty: boolean;
  /** @throws AiocError AIOC_FRAME_BAD */
  take(): ListenerMessage;
}

/** A message in a packet of its own. */
export class DeliveredMessage implements Delivered {
  readonly position: number;
  isEmpty = false;
  readonly #frame: Buffer;
  readonly #origin: MessageOrigin;

  constructor({ position, frame }: SubscribedMessage, origin: MessageOrigin) {
    this.position = position;
    this.#frame = frame;
    this.#origin = origin;
  }

  take(): ListenerMessage {
    this.isEmpty = true;
    const frame = parseLocalFrame(this.#frame);
    return new ListenerMessage(sourceOf(frame), bodyRangeOf(frame), this.#origin, this.position);
  }
}

/** A batch. It makes an object of a message when that is taken. */
export class DeliveredBatch implements Delivered {
  position: number;
  readonly #cursor: RecordCursor;
  readonly #origin: MessageOrigin;
  #header: RecordHeader;

  constructor({ position, shared, records }: SubscribedBatchInPacket, origin: MessageOrigin) {
    this.position = position;
    this.#cursor = new RecordCursor(records);
    this.#origin = origin;
    this.#header = new RecordHeader(shared, NO_MEMBERS, 0, NO_MEMBERS.length);
  }

  get isEmpty(): boolean {
    return this.#cursor.isAtEnd;
  }

  /** Leaves out the messages up to a position. */
  skip(upTo: number): void {
    while (this.position <= upTo && this.#next());
  }

  take(): ListenerMessage {
    const { position } = this;
    this.#next();
    const cursor = this.#cursor;
    const source = cursor.end > cursor.binaryAt ? this.#header.withBinary : this.#header;
    return new ListenerMessage(source, cursor, this.#origin, position);
  }

  #next(): boolean {
    const cursor = this.#cursor;
    if (!cursor.next()) return false;
    this.position += 1;
    const { bytes, headerAt, dataAt } = cursor;
    // Otherwise it is the same as the header before.
    if (dataAt > headerAt) this.#header = new RecordHeader(this.#header.shared, bytes, headerAt, dataAt);
    return true;
  }
}

/** The header of messages in a batch. It is parsed when a program looks at it. */
class RecordHeader implements HeaderSource {
  readonly shared: SharedHeader;
  readonly #bytes: Buffer;
  readonly #from: number;
  readonly #to: number;
  readonly #hasBinary: boolean;
  #isPlain: boolean | undefined;
  #ownMembers: JsonObject | undefined;
  #header: Header | undefined;
  #withBinary: RecordHeader | undefined;

  /** What the messages themselves have in their headers stands in `bytes` at `from` to `to`. */
  constructor(shared: SharedHeader, bytes: Buffer, from: number, to: number, hasBinary = false) {
    this.shared = shared;
    this.#bytes = bytes;
    this.#from = from;
    this.#to = to;
    this.#hasBinary = hasBinary;
  }

  own(key: OwnKey): JsonValue | undefined {
    this.#isPlain ??= isPlainHeader(this.#bytes, this.#from, this.#to, KEYS);
    return this.#isPlain ? undefined : this.#own[key];
  }

  get header(): Header {
    const binary = this.#hasBinary && { with_binary: true };
    this.#header ??= Object.freeze({ ...this.shared, ...binary, ...this.#own });
    return this.#header;
  }

  get #own(): JsonObject {
    this.#ownMembers ??= frozen(parseJsonObject(this.#bytes.subarray(this.#from, this.#to)));
    return this.#ownMembers;
  }

  /** The same for a message that has a binary. */
  get withBinary(): RecordHeader {
    this.#withBinary ??= new RecordHeader(this.shared, this.#bytes, this.#from, this.#to, true);
    return this.#withBinary;
  }
}

function frozen<T extends JsonValue>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value) as T;
}

const KEYS = keyTable(OWN_KEYS);
const NO_MEMBERS = Buffer.from('{}');
