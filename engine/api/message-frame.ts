import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { encodeFrame } from '../protocol/frame-encoder.ts';
import { headerText, type JsonObject } from '../protocol/header.ts';
import { isReserved } from '../protocol/messages.ts';

export interface FileToSend {
  /** Read by the connector when it is the message's turn. Relative to this program's working directory. */
  readonly srcPath: string;
  /** A key of the receiver's file_recv_config. */
  readonly dstType: string;
  /**
   * The name to store it under, which may name sub-directories. Default: the base name of srcPath, made readable where it
   * is not UTF-8.
   */
  readonly dstName?: string;
  /** Told of the name that takes the place of one that is not UTF-8. */
  readonly onRenamed?: (dstName: string) => void;
  /** Whether the connector deletes srcPath after sending. Unlike in Python the default is false. */
  readonly delete?: boolean;
}

export interface OutgoingMessage {
  readonly messageType: string;
  /** The peer: a client's name at a server. A client needs none, since it has only its server. */
  readonly destinationId?: string;
  /** A string goes as UTF-8 and bytes as they are; anything else as JSON. Default: no data. */
  readonly data?: unknown;
  /** Sends a string as JSON too, between quotes. */
  readonly dataIsJson?: boolean;
  readonly binary?: Uint8Array;
  readonly requestId?: number | bigint | string;
  readonly responseId?: number | bigint | string;
  /** Asks the connector to wait for the peer connector's acknowledgement before its next message to that peer. */
  readonly waitForAck?: boolean;
  readonly withFile?: FileToSend;
  /** Up to 128 letters, digits, `-`, `_` and `:`. */
  readonly tag?: string;
}

export interface SendOptions extends OutgoingMessage {
  /** Cancels as long as the connector does not have the message whole. */
  readonly signal?: AbortSignal;
}

/** A message that has been looked over and whose data are bytes by now. */
export interface PreparedMessage {
  readonly header: JsonObject & { readonly message_type: string };
  /** The header as bytes, where it has been written before. */
  readonly headerBytes?: Buffer | undefined;
  readonly data: Buffer;
  readonly binary: Buffer | undefined;
}

interface Ids {
  readonly sourceId: string;
  readonly destinationId: string | undefined;
  readonly awaitResponse: boolean;
}

/** Turns options into headers and bytes, of one program. */
export class MessagePreparer {
  /** What went before, if its header says no more than its type and who: the next one's is most often the same. */
  #plain: (Pick<PreparedMessage, 'header'> & { readonly ids: Ids; readonly headerBytes: Buffer }) | undefined;

  /** @throws AiocError AIOC_NAME_BAD, AIOC_FRAME_TOO_LARGE beyond LIMITS.messageLargestBytes; the connector may take less */
  prepare(message: OutgoingMessage, ids: Ids): PreparedMessage {
    const data = dataBytes(message);
    const binary = message.binary?.length ? Buffer.from(message.binary) : undefined;
    const sizeBytes = data.length + (binary?.length ?? 0);
    if (sizeBytes > LIMITS.messageLargestBytes) {
      throw new AiocError(
        'AIOC_FRAME_TOO_LARGE',
        `data and binary have ${sizeBytes} bytes, at most ${LIMITS.messageLargestBytes} fit into a message: send the rest as a file`,
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

/** @throws AiocError AIOC_FRAME_TOO_LARGE when the header is */
export function encodeMessage(message: PreparedMessage, withFile?: JsonObject): Buffer {
  const { header, headerBytes, data, binary } = message;
  if (withFile === undefined) return encodeFrame({ header, forwardedHeader: headerBytes, data, binary });
  return encodeFrame({ header: { ...header, with_file: withFile }, data, binary });
}

/** @throws AiocError AIOC_TYPE_UNKNOWN; types that begin with `_` are the connectors' own and always pass */
export function checkType(messageType: string, known: readonly string[] | undefined, key: string): void {
  if (known === undefined || known.includes(messageType) || isReserved(messageType)) return;
  throw new AiocError(
    'AIOC_TYPE_UNKNOWN',
    `the type ${JSON.stringify(messageType)} is not in ${key} (${known.join(', ')}): add it there and in the connector's configuration, and restart the connector`,
  );
}

function dataBytes({ data, dataIsJson = false }: OutgoingMessage): Buffer {
  if (data === undefined) return Buffer.alloc(0);
  // Copied, so that the caller may use its buffer again at once.
  if (data instanceof Uint8Array) return Buffer.from(data);
  if (typeof data === 'string' && !dataIsJson) return Buffer.from(data);
  const json: string | undefined = JSON.stringify(data);
  if (json === undefined) {
    throw new AiocError('AIOC_FRAME_BAD', `data is a ${typeof data}, which has no form in JSON`);
  }
  return Buffer.from(json);
}

function checkTag(tag: string): string {
  if (tag.length <= LIMITS.nameLength && /^[0-9a-zA-Z\-_:]+$/.test(tag)) return tag;
  throw new AiocError('AIOC_NAME_BAD', `a tag has 1 to ${LIMITS.nameLength} letters, digits, -, _ or :`);
}
