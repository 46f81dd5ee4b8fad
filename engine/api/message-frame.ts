import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { OnFileState } from '../contract/transfer-progress.ts';
import { encodeFrame } from '../protocol/frame-encoder.ts';
import { type Header, type JsonObject, type JsonValue, pythonJson } from '../protocol/header.ts';
import { isReserved, type OutFrame } from '../protocol/messages.ts';
import { checkOwnHeaderBytes } from '../protocol/record-batch.ts';

interface FileAddress {
  /** The file type: a key of the receiver's file_recv_config. */
  readonly dstType: string;
  /**
   * Whether later messages of the same type wait until the file has arrived. Default: true. False: they may overtake the
   * message, which takes its place when its file is complete.
   */
  readonly inOrder?: boolean;
  /**
   * Called with the progress of the file on its way to the peer, and at last with what became of it. While it is set, the
   * signal of the message takes back message and file until the peer gets the message.
   */
  readonly onState?: OnFileState;
}

/** A file that is sent as bytes of this program. The connector keeps them until the peer has them. */
export interface FileBytes extends FileAddress {
  /** The content, of any size. It is read once, as fast as the connector stores it. */
  readonly content: Uint8Array | AsyncIterable<Uint8Array>;
  /** The name under which the receiver stores the file; it may contain sub-directories. */
  readonly dstName: string;
}

/** A file or directory of this machine. */
export interface FileToSend extends FileAddress {
  /**
   * Relative to this program's working directory. With the key file_spool of the connector at its default, aioc reads it when
   * the message is sent, and if it has changed until then, the message goes without it.
   */
  readonly srcPath: string;
  /**
   * The name under which the receiver stores the file; it may contain sub-directories. Default: the base name of srcPath,
   * converted if it is not UTF-8.
   */
  readonly dstName?: string;
  /** Called with the new name if the file's name is not UTF-8. */
  readonly onRenamed?: (dstName: string) => void;
  /** Deletes srcPath when the peer has stored the message. Default: false, unlike in Python. */
  readonly delete?: boolean;
}

export type SomeFile = FileToSend | FileBytes;

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
  /** A file sent with the message. Of several files, each goes with a message of its own, in their order. */
  readonly withFile?: SomeFile | readonly SomeFile[];
  /** A label in the header: up to 128 letters, digits, `-`, `_` and `:`. */
  readonly tag?: string;
}

export interface SendOptions extends OutgoingMessage {
  /** Cancels the message, until the connector has received all of it. */
  readonly signal?: AbortSignal;
}

export function filesOf({ withFile }: Pick<OutgoingMessage, 'withFile'>): readonly SomeFile[] {
  if (withFile === undefined) return [];
  return isList(withFile) ? withFile : [withFile];
}

/** Array.isArray does not know readonly arrays. */
function isList(withFile: SomeFile | readonly SomeFile[]): withFile is readonly SomeFile[] {
  return Array.isArray(withFile);
}

interface Ids {
  readonly sourceId: string;
  readonly destinationId: string | undefined;
  readonly awaitResponse: boolean;
}

/**
 * A message that has a frame of its own: a request, or one with a file.
 *
 * @throws AiocError AIOC_NAME_BAD, AIOC_FRAME_BAD, AIOC_FRAME_TOO_LARGE
 */
export function prepareMessage(message: OutgoingMessage, ids: Ids): OutFrame {
  const data = Buffer.from(bodyOf(message) as string);
  const binary = Buffer.from(binaryOf(message, data.length));
  return { header: headerOf(message, ids), data, binary: binary.length > 0 ? binary : undefined };
}

function headerOf(message: OutgoingMessage, ids: Ids): Header {
  return {
    message_type: message.messageType,
    source_id: ids.sourceId,
    ...(ids.destinationId !== undefined && { destination_id: ids.destinationId }),
    ...ownMembers(message),
    ...(message.binary?.length && { with_binary: true }),
    ...(ids.awaitResponse && { await_response: true }),
  };
}

/** What a message says in its header besides what all messages of a batch share. */
function ownMembers({ requestId, responseId, waitForAck = false, tag }: OutgoingMessage): JsonObject {
  // Spreads would cost more than all the rest.
  const own: Record<string, JsonValue> = {};
  if (requestId !== undefined) own['request_id'] = requestId;
  if (responseId !== undefined) own['response_id'] = responseId;
  if (waitForAck) own['wait_for_ack'] = true;
  if (tag !== undefined) own['tag'] = checkTag(tag);
  return own;
}

/** @throws AiocError AIOC_FRAME_TOO_LARGE if the header is too large */
export function encodeMessage({ header, data, binary }: OutFrame, withFile?: JsonObject): Buffer {
  if (withFile === undefined) return encodeFrame({ header, data, binary });
  return encodeFrame({ header: { ...header, with_file: withFile }, data, binary });
}

/**
 * The header of a message in a batch, in ASCII.
 *
 * @throws AiocError AIOC_NAME_BAD, AIOC_FRAME_TOO_LARGE
 */
export function ownHeaderOf(message: OutgoingMessage): string {
  const { requestId, responseId, waitForAck = false, tag } = message;
  // Most have at most one member. A tag needs no escapes.
  if (requestId === undefined && responseId === undefined) {
    if (tag === undefined) return waitForAck ? WAIT_FOR_ACK : NO_MEMBERS;
    if (!waitForAck) return `{"tag": "${checkTag(tag)}"}`;
  }
  const text = pythonJson(ownMembers(message));
  checkOwnHeaderBytes(text.length);
  return text;
}

const NO_MEMBERS = '{}';
const WAIT_FOR_ACK = '{"wait_for_ack": true}';

/** Types that start with `_` are reserved for connectors and always pass. @throws AiocError AIOC_TYPE_UNKNOWN */
export function checkType(messageType: string, known: readonly string[] | undefined, key: string): void {
  if (known === undefined || known.includes(messageType) || isReserved(messageType)) return;
  throw new AiocError(
    'AIOC_TYPE_UNKNOWN',
    `the type ${JSON.stringify(messageType)} is not in ${key} (${known.join(', ')}): add it there and in the connector's configuration, and restart the connector`,
  );
}

/**
 * The data: text that is sent as UTF-8, or the bytes of the caller, who may change them later.
 *
 * @throws AiocError AIOC_FRAME_BAD for data that JSON cannot represent
 */
export function bodyOf({ data, dataIsJson = false }: OutgoingMessage): string | Uint8Array {
  if (typeof data === 'string' && !dataIsJson) return data;
  if (data === undefined) return EMPTY;
  if (data instanceof Uint8Array) return data;
  const json: string | undefined = JSON.stringify(data);
  if (json === undefined) {
    throw new AiocError('AIOC_FRAME_BAD', `data is a ${typeof data}, which JSON cannot represent`);
  }
  return json;
}

/** About the bytes of data and binary, without encoding them. */
export function sizeOf({ data, binary }: OutgoingMessage): number {
  const dataBytes = typeof data === 'string' || data instanceof Uint8Array ? data.length : 0;
  return binary === undefined ? dataBytes : dataBytes + binary.length;
}

/**
 * The binary: the bytes of the caller.
 *
 * @throws AiocError AIOC_FRAME_TOO_LARGE above LIMITS.messageLargestBytes (a connector may accept less)
 */
export function binaryOf({ binary }: OutgoingMessage, dataLength: number): Uint8Array {
  const sizeBytes = dataLength + (binary?.length ?? 0);
  if (sizeBytes > LIMITS.messageLargestBytes) {
    throw new AiocError(
      'AIOC_FRAME_TOO_LARGE',
      `data and binary have ${sizeBytes} bytes; the limit of a message is ${LIMITS.messageLargestBytes}: send a file instead`,
    );
  }
  return binary ?? EMPTY;
}

const EMPTY = Buffer.alloc(0);

function checkTag(tag: string): string {
  if (tag.length <= LIMITS.nameLength && /^[0-9a-zA-Z\-_:]+$/.test(tag)) return tag;
  throw new AiocError('AIOC_NAME_BAD', `a tag has 1 to ${LIMITS.nameLength} letters, digits, -, _ or :`);
}
