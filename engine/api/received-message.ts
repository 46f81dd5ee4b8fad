import { AiocError } from '../base/errors.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { Header, JsonObject } from '../protocol/header.ts';

/** What a peer's program sent: a message for a listener, or a response. */
export class ReceivedMessage {
  /**
   * All that came with it, `with_file` included: the file itself lies where the connector stored it. An id that a number
   * would not hold is a bigint, which JSON.stringify refuses.
   */
  readonly header: Header;
  readonly data: Buffer;
  /** The application's own bytes beside the data, if any. */
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
   * The sender, by the name under which it is connected to our connector, whatever it says of itself. In mutual TLS its
   * certificate proves that name; in the other modes it is a client's claim. A Python connector checks it in mutual TLS only.
   */
  get sourceId(): string | undefined {
    return asString(this.header['source_id']);
  }

  /** A bigint where a number would lose digits, as of Python's `uuid4().int`. */
  get requestId(): number | bigint | string | undefined {
    return asId(this.header['request_id']);
  }

  /** A bigint where a number would lose digits. */
  get responseId(): number | bigint | string | undefined {
    return asId(this.header['response_id']);
  }

  /** Whether the sender's program is waiting for a response. */
  get awaitsResponse(): boolean {
    return this.header['await_response'] === true;
  }

  /** The file that came along, if any; `file_error` in it says why there is none. */
  get withFile(): JsonObject | undefined {
    const file = this.header['with_file'];
    return typeof file === 'object' && file !== null && !Array.isArray(file)
      ? (file as JsonObject)
      : undefined;
  }

  /** The data as UTF-8. */
  text(): string {
    return this.data.toString();
  }

  /**
   * The data as JSON. The type is the caller's claim, not checked.
   *
   * @throws AiocError AIOC_FRAME_BAD when they are not JSON
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
