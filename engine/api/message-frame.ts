import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { encodeFrame } from '../protocol/frame-encoder.ts';
import { headerText, type JsonObject } from '../protocol/header.ts';
import { isReserved } from '../protocol/messages.ts';

export interface FileToSend {
  /** The file to send. aioc reads it when the message is sent. Relative to this program's working directory. */
  readonly srcPath: string;
  /** The file type: a key of the receiver's file_recv_config. */
  readonly dstType: string;
  /**
   * The name under which the receiver stores the file; it may contain sub-directories. Default: the base name of srcPath,
   * converted if it is not UTF-8.
   */
  readonly dstName?: string;
  /** Called with the new name if the file's name is not UTF-8. */
  readonly onRenamed?: (dstName: string) => void;
  /** Deletes srcPath after sending. Default: false, unlike in Python. */
  readonly delete?: boolean;
}

export interface OutgoingMessage {
  readonly messageType: string;
  /** The peer that gets the message. On a server: the name of a client. On a client: not needed, since its server is the peer. */
  readonly destinationId?: string;
  /** Strings are sent as UTF-8, bytes unchanged, other values as JSON. Default: no data. */
  readonly data?: unknown;
  /** Sends strings as JSON as well, in quotes. */
  readonly dataIsJson?: boolean;
  /** A binary part, sent after the data. */
  readonly binary?: Uint8Array;
  /** The id of a request, which the response repeats. Default for `request`: a random id. */
  readonly requestId?: number | bigint | string;
  /** The id of the request that this message answers. `reply` sets it. */
  readonly responseId?: number | bigint | string;
  /** The connector sends its next message to this peer only after the peer has acknowledged this one. */
  readonly waitForAck?: boolean;
  /** A file sent with the message. */
  readonly withFile?: FileToSend;
  /** A label in the header: up to 128 letters, digits, `-`, `_` and `:`. */
  readonly tag?: string;
}

export interface SendOptions extends OutgoingMessage {
  /** Cancels the message, until the connector has received all of it. */
  readonly signal?: AbortSignal;
}

/** A checked message with its data as bytes. */
export interface PreparedMessage {
  readonly header: JsonObject & { readonly message_type: string };
  /** The encoded header, if it is known. */
  readonly headerBytes?: Buffer | undefined;
  readonly data: Buffer;
  readonly binary: Buffer | undefined;
}

interface Ids {
  readonly sourceId: string;
  readonly destinationId: string | undefined;
  readonly awaitResponse: boolean;
}

/** Converts a program's options into headers and bytes. */
export class MessagePreparer {
  /** The last header with only a type, source and destination: the next message often has the same. */
  #plain: (Pick<PreparedMessage, 'header'> & { readonly ids: Ids; readonly headerBytes: Buffer }) | undefined;

  /** @throws AiocError AIOC_NAME_BAD, AIOC_FRAME_TOO_LARGE above LIMITS.messageLargestBytes (a connector may accept less) */
  prepare(message: OutgoingMessage, ids: Ids): PreparedMessage {
    const data = dataBytes(message);
    const binary = message.binary?.length ? Buffer.from(message.binary) : undefined;
    const sizeBytes = data.length + (binary?.length ?? 0);
    if (sizeBytes > LIMITS.messageLargestBytes) {
      throw new AiocError(
        'AIOC_FRAME_TOO_LARGE',
        `data and binary have ${sizeBytes} bytes; the limit of a message is ${LIMITS.messageLargestBytes}: send a file instead`,
      );
    }
    if (!isPlain(message) || ids.awaitResponse) return { header: headerOf(message, ids), data, binary };
    const { header, headerBytes } = this.#plainHeader(message, ids);
    return { header, headerBytes, data, binary };
  }

  #plainHeader(message: OutgoingMessage, ids: Ids): Pick<PreparedMessage, 'header' | 'headerBytes'> {
    const known = this.#plain;
    const isKnown =
      known?.header.message_type === message.messageType &&
      known.ids.sourceId === ids.sourceId &&
      known.ids.destinationId === ids.destinationId;
    if (isKnown) return known;
    const header = headerOf(message, ids);
    this.#plain = { header, ids, headerBytes: Buffer.from(headerText(header), 'latin1') };
    return this.#plain;
  }
}

function isPlain({ requestId, responseId, binary, waitForAck, withFile, tag }: OutgoingMessage): boolean {
  const isNoExchange = requestId === undefined && responseId === undefined && waitForAck !== true;
  return isNoExchange && binary === undefined && withFile === undefined && tag === undefined;
}

function headerOf(message: OutgoingMessage, ids: Ids): PreparedMessage['header'] {
  const { messageType, requestId, responseId, waitForAck = false, tag, binary } = message;
  return {
    message_type: messageType,
    source_id: ids.sourceId,
    ...(ids.destinationId !== undefined && { destination_id: ids.destinationId }),
    ...(requestId !== undefined && { request_id: requestId }),
    ...(responseId !== undefined && { response_id: responseId }),
    ...(binary?.length && { with_binary: true }),
    ...(ids.awaitResponse && { await_response: true }),
    ...(waitForAck && { wait_for_ack: true }),
    ...(tag !== undefined && { tag: checkTag(tag) }),
  };
}

/** @throws AiocError AIOC_FRAME_TOO_LARGE if the header is too large */
export function encodeMessage(message: PreparedMessage, withFile?: JsonObject): Buffer {
  const { header, headerBytes, data, binary } = message;
  if (withFile === undefined) return encodeFrame({ header, forwardedHeader: headerBytes, data, binary });
  return encodeFrame({ header: { ...header, with_file: withFile }, data, binary });
}

/** Types that start with `_` are reserved for connectors and always pass. @throws AiocError AIOC_TYPE_UNKNOWN */
export function checkType(messageType: string, known: readonly string[] | undefined, key: string): void {
  if (known === undefined || known.includes(messageType) || isReserved(messageType)) return;
  throw new AiocError(
    'AIOC_TYPE_UNKNOWN',
    `the type ${JSON.stringify(messageType)} is not in ${key} (${known.join(', ')}): add it there and in the connector's configuration, and restart the connector`,
  );
}

function dataBytes({ data, dataIsJson = false }: OutgoingMessage): Buffer {
  if (data === undefined) return Buffer.alloc(0);
  // Copied, so that the caller can reuse its buffer at once.
  if (data instanceof Uint8Array) return Buffer.from(data);
  if (typeof data === 'string' && !dataIsJson) return Buffer.from(data);
  const json: string | undefined = JSON.stringify(data);
  if (json === undefined) {
    throw new AiocError('AIOC_FRAME_BAD', `data is a ${typeof data}, which JSON cannot represent`);
  }
  return Buffer.from(json);
}

function checkTag(tag: string): string {
  if (tag.length <= LIMITS.nameLength && /^[0-9a-zA-Z\-_:]+$/.test(tag)) return tag;
  throw new AiocError('AIOC_NAME_BAD', `a tag has 1 to ${LIMITS.nameLength} letters, digits, -, _ or :`);
}
