import { LIMITS } from '../base/limits.ts';
import type { Frame } from './frame-decoder.ts';
import type { FrameParts } from './frame-encoder.ts';
import { objectInData } from './json-data.ts';
import { AIOC_TYPE } from './names.ts';

/** A frame to another connector (PROTOCOL §1, §2; between aioc peers, engine/peers/PROTOCOL.md). */
export interface OutFrame extends Omit<FrameParts, 'fileBytes'> {
  /** Its bytes were written, at some time before; not called if the connection is lost. */
  readonly onWritten?: () => void;
}

const EMPTY = Buffer.alloc(0);
/** The request_id that marks a probe among pings. */
const PROBE_ID = '_aioc';

/** Whether this version announces that it takes record batches. */
const BATCHES: boolean = true;

/** What an aioc peer announces in a probe and in the answer to one. */
export interface AiocHello {
  readonly version: string;
  /** The name to show; unverified, like every name. */
  readonly name: string;
  /** Random, one per program run: the same instance again is a reconnect. */
  readonly instance: string;
  /**
   * Whether it numbers its messages and acknowledges many at once (stream-frames.ts). Current versions always set it.
   */
  readonly streams?: boolean;
  /** Whether it takes frames with record batches (record-batch.ts), header key `aioc_batch`. */
  readonly batches?: boolean;
  /** Whether it takes files as transfers (transfer-frames.ts); not if it receives none. */
  readonly files?: boolean;
  /** The largest batch of several messages that it takes, in bytes. At least, or absent: LIMITS.leastBatchMaxBytes. */
  readonly batchMaxBytes?: number;
  /** The largest message that it accepts, in bytes of data and binary. Absent: LIMITS.messageBytes, header included. */
  readonly messageMaxBytes?: number;
  /** A server in mutual TLS: how long certificates may be valid that its clients renew with it. */
  readonly certificateDays?: number;
}

export function handshakeFrame({ tls, sourceId }: { tls: boolean; sourceId: string }): OutFrame {
  return {
    header: { message_type: tls ? '_handshake_ssl' : '_handshake_no_ssl', source_id: sourceId },
    data: Buffer.from('hello'),
  };
}

export function isHandshake(frame: Frame, tls: boolean): boolean {
  return frame.header.message_type === (tls ? '_handshake_ssl' : '_handshake_no_ssl');
}

export interface ProbeOptions {
  readonly hello: AiocHello;
  readonly nonce: string;
  readonly sourceId: string;
  readonly destinationId: string;
}

/** The probe: asks "are you aioc?" in a form that every Python peer echoes unchanged. */
export function probeFrame({ hello, nonce, sourceId, destinationId }: ProbeOptions): OutFrame {
  return {
    header: {
      message_type: '_ping',
      source_id: sourceId,
      destination_id: destinationId,
      request_id: PROBE_ID,
      await_response: true,
    },
    data: Buffer.from(JSON.stringify({ aioc: 1, nonce, ...announced(hello) })),
  };
}

/** The hello, with what every peer of this version supports. */
function announced(hello: AiocHello): AiocHello {
  const batches = BATCHES && { batches: true, batchMaxBytes: LIMITS.largeBatchBytes };
  return { ...hello, streams: true, ...batches };
}

export type ProbeAnswer =
  | { readonly kind: 'aioc'; readonly hello: AiocHello }
  /** The probe itself, byte for byte: Python's answer to a ping. */
  | { readonly kind: 'echo' }
  /** Neither: an answer that Python and this version of aioc do not send. */
  | { readonly kind: 'unclear' };

/** Reads an answer to this connector's probe; undefined if the frame is not one. */
export function readProbeAnswer(
  frame: Frame,
  probe: { readonly nonce: string; readonly data: Buffer },
): ProbeAnswer | undefined {
  if (frame.header.message_type !== '_ping' || frame.header['response_id'] !== PROBE_ID) return undefined;
  if (frame.data.equals(probe.data)) return { kind: 'echo' };
  const content = helloIn(frame.data);
  if (content?.nonce !== probe.nonce || !content.isAnswer) return { kind: 'unclear' };
  return { kind: 'aioc', hello: content.hello };
}

/** Reads a probe; undefined if the frame is not one. */
export function readProbe(frame: Frame): { readonly hello: AiocHello; readonly nonce: string } | undefined {
  if (!isPingRequest(frame) || frame.header['request_id'] !== PROBE_ID) return undefined;
  const content = helloIn(frame.data);
  return content === undefined || content.isAnswer ? undefined : content;
}

export function probeAnswerFrame(options: {
  readonly hello: AiocHello;
  readonly nonce: string;
  readonly sourceId: string;
}): OutFrame {
  const { hello, nonce, sourceId } = options;
  return {
    header: { message_type: '_ping', source_id: sourceId, response_id: PROBE_ID },
    data: Buffer.from(JSON.stringify({ aioc: 1, answer: true, nonce, ...announced(hello) })),
  };
}

/** Notifies an aioc client that a newer connection of its name, from that address, supersedes it. */
export function supersededFrame({ from, sourceId }: { from: string; sourceId: string }): OutFrame {
  return {
    header: { message_type: AIOC_TYPE, source_id: sourceId },
    data: Buffer.from(JSON.stringify({ superseded_from: from })),
  };
}

/** @returns the address from which the newer connection came; undefined for any other frame */
export function readSuperseded(frame: Frame): string | undefined {
  if (frame.header.message_type !== AIOC_TYPE) return undefined;
  const from = objectIn(frame.data)?.['superseded_from'];
  return typeof from === 'string' ? from.slice(0, 64) : undefined;
}

export type RefusalCode =
  | 'name-in-use'
  | 'no-certificate'
  | 'declined'
  | 'nobody-answered'
  | 'too-many-waiting'
  | 'stopping';

/** Sent only to a peer that is known to be aioc: Python only understands a closed connection. */
export function refusalFrame(
  refusal: Partial<Refusal> & { readonly code: RefusalCode; readonly sourceId: string },
): OutFrame {
  const { code, sourceId, reason, wallNowMs } = refusal;
  return {
    header: { message_type: AIOC_TYPE, source_id: sourceId },
    data: Buffer.from(
      JSON.stringify({
        refused: code,
        ...(reason !== undefined && { reason: reason.slice(0, REASON_CHARACTERS) }),
        ...(wallNowMs !== undefined && { now_ms: Math.round(wallNowMs) }),
      }),
    ),
  };
}

/** Why the peer refuses this connector. */
export interface Refusal {
  readonly code: RefusalCode;
  /** A sentence, if the code alone is not enough. */
  readonly reason?: string;
  /** The peer's clock in milliseconds since 1970, if dates matter. */
  readonly wallNowMs?: number;
}

/** Enough for a sentence with a path or a name. */
const REASON_CHARACTERS = 1_000;

export function readRefusal(frame: Frame): Refusal | undefined {
  if (frame.header.message_type !== AIOC_TYPE) return undefined;
  const { refused, reason, now_ms } = objectIn(frame.data) ?? {};
  const code = REFUSALS.find((known) => known === refused);
  if (code === undefined) return undefined;
  return {
    code,
    ...(typeof reason === 'string' && { reason: reason.slice(0, REASON_CHARACTERS) }),
    ...(typeof now_ms === 'number' && Number.isFinite(now_ms) && { wallNowMs: now_ms }),
  };
}

const REFUSALS: readonly RefusalCode[] = [
  'declined',
  'nobody-answered',
  'too-many-waiting',
  'stopping',
  'name-in-use',
  'no-certificate',
];

export interface AckOptions {
  readonly transportId: number | string;
  readonly sourceId: string;
  /** Reports to an aioc sender that its message was dropped on purpose; never sent to Python. */
  readonly dropped?: boolean;
}

export function ackFrame({ transportId, sourceId, dropped = false }: AckOptions): OutFrame {
  return {
    header: {
      transport_id: transportId,
      message_type: '_ack',
      source_id: sourceId,
      ...(dropped && { aioc_dropped: true }),
    },
    data: EMPTY,
  };
}

export interface Ack {
  readonly transportId: number | string;
  readonly dropped: boolean;
}

export function readAck(frame: Frame): Ack | undefined {
  const transportId = frame.header['transport_id'];
  if (frame.header.message_type !== '_ack') return undefined;
  if (typeof transportId !== 'number' && typeof transportId !== 'string') return undefined;
  return { transportId, dropped: frame.header['aioc_dropped'] === true };
}

/**
 * The transport_id that a received frame asks to be acknowledged (PROTOCOL §2, `_ack`). Unlike Python, aioc also
 * acknowledges 0.
 */
export function acknowledgeable(frame: Frame): number | string | undefined {
  const id = frame.header['transport_id'];
  if (frame.header.message_type === '_ack' || isPingRequest(frame)) return undefined;
  return typeof id === 'number' || typeof id === 'string' ? id : undefined;
}

export function isPingRequest(frame: Frame): boolean {
  return frame.header.message_type === '_ping' && frame.header['await_response'] === true;
}

/** The same data back, whatever it is (PROTOCOL §2, `_ping`). */
export function pingAnswerFrame(request: Frame, sourceId: string): OutFrame {
  const requestId = request.header['request_id'];
  const withBinary = request.binary.length > 0;
  return {
    header: {
      message_type: '_ping',
      ...(requestId !== undefined && { response_id: requestId }),
      source_id: sourceId,
      ...(withBinary && { with_binary: true }),
    },
    data: request.data,
    ...(withBinary && { binary: request.binary }),
  };
}

export function pingFrame(options: {
  readonly requestId: string;
  readonly sourceId: string;
  readonly destinationId: string;
}): OutFrame {
  return {
    header: {
      message_type: '_ping',
      source_id: options.sourceId,
      destination_id: options.destinationId,
      request_id: options.requestId,
      await_response: true,
    },
    data: Buffer.from(options.requestId),
  };
}

/** Types that connectors reserve for themselves; applications' messages never have one. */
export function isReserved(messageType: string): boolean {
  return messageType.startsWith('_');
}

function objectIn(data: Buffer): Record<string, unknown> | undefined {
  return objectInData(data, 4_096);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function helloIn(data: Buffer): { hello: AiocHello; nonce: string; isAnswer: boolean } | undefined {
  const value = objectIn(data);
  if (value?.['aioc'] !== 1) return undefined;
  const { nonce, version, name, instance, streams, batches, files, answer } = value;
  const { messageMaxBytes: most, batchMaxBytes, certificateDays: days } = value;
  if (typeof nonce !== 'string' || typeof version !== 'string') return undefined;
  if (typeof name !== 'string' || typeof instance !== 'string') return undefined;
  const hello = {
    version: version.slice(0, 32),
    name: name.slice(0, 64),
    instance: instance.slice(0, 64),
    ...(streams === true && { streams }),
    ...(batches === true && { batches }),
    ...(files === true && { files }),
    ...(isCount(batchMaxBytes) && { batchMaxBytes }),
    ...(isCount(most) && { messageMaxBytes: most }),
    ...(isCount(days) && { certificateDays: Math.min(days, LIMITS.certificateDaysMax) }),
  };
  return { hello, nonce, isAnswer: answer === true };
}
