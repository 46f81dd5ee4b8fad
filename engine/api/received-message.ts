import { AiocError } from '../base/errors.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { Header, JsonObject, JsonValue } from '../protocol/header.ts';

/** Where a message has its header from. Messages with the same header share one. */
export interface HeaderSource {
  /** What all messages of its batch have in their headers. */
  readonly shared: Header;
  /** All of it, frozen. */
  readonly header: Header;
  /** A member that the message itself has in its header. */
  own(key: OwnKey): JsonValue | undefined;
}

/** Members that mean something to the library: a header without them need not be parsed. */
export const OWN_KEYS = ['request_id', 'response_id', 'await_response', 'with_file'] as const;
export type OwnKey = (typeof OWN_KEYS)[number];

/** Data from `dataAt` to `binaryAt`, and binary from there to `end`. */
export interface BodyRange {
  readonly bytes: Buffer;
  readonly dataAt: number;
  readonly binaryAt: number;
  readonly end: number;
}

/** For a message that came in a frame of its own. */
export function sourceOf({ header }: Frame): HeaderSource {
  Object.freeze(header);
  return { shared: header, header, own: (key) => header[key] };
}

export function bodyRangeOf({ data, binary }: Frame): BodyRange {
  const bytes = binary.length === 0 ? data : Buffer.concat([data, binary]);
  return { bytes, dataAt: 0, binaryAt: data.length, end: bytes.length };
}

/** A message received from a peer's program: for a listener, or a response. */
export class ReceivedMessage {
  readonly #source: HeaderSource;
  readonly #bytes: Buffer;
  readonly #dataAt: number;
  readonly #binaryAt: number;
  readonly #end: number;
  #data: Buffer | undefined;
  #binary: Buffer | undefined;

  constructor(source: HeaderSource, { bytes, dataAt, binaryAt, end }: BodyRange) {
    this.#source = source;
    this.#bytes = bytes;
    this.#dataAt = dataAt;
    this.#binaryAt = binaryAt;
    this.#end = end;
  }

  /**
   * All header keys, `with_file` included (the connector has stored the file itself). Frozen, because messages share it. An
   * id that exceeds a number's precision is a bigint, which JSON.stringify rejects.
   */
  get header(): Header {
    return this.#source.header;
  }

  /** Part of the bytes that were read with other messages; keep a copy if you keep it for long. */
  get data(): Buffer {
    this.#data ??= this.#bytes.subarray(this.#dataAt, this.#binaryAt);
    return this.#data;
  }

  /** The binary part, if any. */
  get binary(): Buffer | undefined {
    if (this.#end > this.#binaryAt) this.#binary ??= this.#bytes.subarray(this.#binaryAt, this.#end);
    return this.#binary;
  }

  get messageType(): string {
    return this.#source.shared.message_type;
  }

  /**
   * The name under which the sender is connected to the local connector. With mutual TLS, the sender's certificate proves
   * the name; in the other modes, a client chooses it. A Python connector checks it only with mutual TLS.
   */
  get sourceId(): string | undefined {
    return asString(this.#source.shared['source_id']);
  }

  /** A bigint if a number would lose digits, for example for Python's `uuid4().int`. */
  get requestId(): number | bigint | string | undefined {
    return asId(this.#source.own('request_id'));
  }

  /** A bigint if a number would lose digits. */
  get responseId(): number | bigint | string | undefined {
    return asId(this.#source.own('response_id'));
  }

  /** Whether the sender waits for a response. */
  get awaitsResponse(): boolean {
    return this.#source.own('await_response') === true;
  }

  /** The description of the file sent with the message, if any; `file_error` in it is the reason if it was not stored. */
  get withFile(): JsonObject | undefined {
    const file = this.#source.own('with_file');
    return typeof file === 'object' && file !== null && !Array.isArray(file)
      ? (file as JsonObject)
      : undefined;
  }

  /** The data, decoded as UTF-8. */
  text(): string {
    return this.#bytes.toString('utf8', this.#dataAt, this.#binaryAt);
  }

  /**
   * The data, parsed as JSON. The type parameter is not checked.
   *
   * @throws AiocError AIOC_FRAME_BAD if the data is not JSON
   */
  json<T = unknown>(): T {
    try {
      return JSON.parse(this.text()) as T;
    } catch (cause) {
      throw new AiocError(
        'AIOC_FRAME_BAD',
        `the data of a message of type ${this.messageType} is not JSON: use text() or data`,
        { cause },
      );
    }
  }
}

function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function asId(value: unknown): number | bigint | string | undefined {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string'
    ? value
    : undefined;
}
