import { AiocError } from '../base/errors.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { Header, JsonObject } from '../protocol/header.ts';

/** A message received from a peer's program: for a listener, or a response. */
export class ReceivedMessage {
  /**
   * All header keys, `with_file` included (the connector has stored the file itself). An id that exceeds a number's
   * precision is a bigint, which JSON.stringify rejects.
   */
  readonly header: Header;
  readonly data: Buffer;
  /** The binary part, if any. */
  readonly binary: Buffer | undefined;

  constructor({ header, data, binary }: Frame) {
    this.header = header;
    this.data = data;
    this.binary = binary.length === 0 ? undefined : binary;
  }

  get messageType(): string {
    return this.header.message_type;
  }

  /**
   * The name under which the sender is connected to the local connector. With mutual TLS, the sender's certificate proves
   * the name; in the other modes, a client chooses it. A Python connector checks it only with mutual TLS.
   */
  get sourceId(): string | undefined {
    return asString(this.header['source_id']);
  }

  /** A bigint if a number would lose digits, for example for Python's `uuid4().int`. */
  get requestId(): number | bigint | string | undefined {
    return asId(this.header['request_id']);
  }

  /** A bigint if a number would lose digits. */
  get responseId(): number | bigint | string | undefined {
    return asId(this.header['response_id']);
  }

  /** Whether the sender waits for a response. */
  get awaitsResponse(): boolean {
    return this.header['await_response'] === true;
  }

  /** The description of the file sent with the message, if any; `file_error` in it is the reason if it was not stored. */
  get withFile(): JsonObject | undefined {
    const file = this.header['with_file'];
    return typeof file === 'object' && file !== null && !Array.isArray(file)
      ? (file as JsonObject)
      : undefined;
  }

  /** The data, decoded as UTF-8. */
  text(): string {
    return this.data.toString();
  }

  /**
   * The data, parsed as JSON. The type parameter is not checked.
   *
   * @throws AiocError AIOC_FRAME_BAD if the data is not JSON
   */
  json<T = unknown>(): T {
    try {
      return JSON.parse(this.data.toString()) as T;
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
