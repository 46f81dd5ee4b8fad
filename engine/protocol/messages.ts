import type { Frame } from './frame-decoder.ts';
import type { Header } from './header.ts';

/** Frames that connectors exchange (PROTOCOL §1, §2; between aioc peers, engine/peers/PROTOCOL.md). */
export interface OutFrame {
  readonly header: Header;
  /** See FrameParts. */
  readonly forwardedHeader?: Buffer | undefined;
  readonly transportId?: string | undefined;
  readonly data: Buffer;
  readonly binary?: Buffer | undefined;
}

const EMPTY = Buffer.alloc(0);
/** The request_id by which a probe is known among other pings. */
const PROBE_ID = '_aioc';
/** The message type of what only aioc peers say to each other. */
export const AIOC_TYPE = '_aioc';

/** What an aioc peer tells about itself in a probe, and again in the answer. */
export interface AiocHello {
  readonly version: string;
  /** The name to show; a claim like every name. */
  readonly name: string;
  /** Random, one for each run of the program: the same instance again is a reconnect, another one is not. */
  readonly instance: string;
  /** Whether it numbers its messages and acknowledges many at once (stream-frames.ts). Said by every aioc that does. */
  readonly streams?: boolean;
  /** The largest message that it takes, in bytes of data and binary. Absent: LIMITS.messageBytes, its header included. */
  readonly messageMaxBytes?: number;
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

/** Asks "are you aioc?" in a form that every Python peer echoes unchanged. */
export function probeFrame({ hello, nonce, sourceId, destinationId }: ProbeOptions): OutFrame {
  return {
    header: {
      message_type: '_ping',
      source_id: sourceId,
      destination_id: destinationId,
      request_id: PROBE_ID,
      await_response: true,
    },
    data: Buffer.from(JSON.stringify({ aioc: 1, nonce, ...hello, streams: true })),
  };
}

export type ProbeAnswer =
  | { readonly kind: 'aioc'; readonly hello: AiocHello }
  /** Our own words back, byte for byte: what Python does with a ping. */
  | { readonly kind: 'echo' }
  /** Neither: nothing that Python or an aioc of this version would say. */
  | { readonly kind: 'unclear' };

/** What the answer to our probe says, or undefined when the frame is no answer to it. */
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

/** The probe in a frame, or undefined when it is none. */
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
    data: Buffer.from(JSON.stringify({ aioc: 1, answer: true, nonce, ...hello, streams: true })),
  };
}

/** Why a server ends a connection, told to an aioc client: a newer one of the same name, from that address. */
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

/** Said only to a peer that is known to be aioc: Python knows no refusal but closing. */
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

/** Why the other side does not let us in. */
export interface Refusal {
  readonly code: RefusalCode;
  /** In a sentence, where the code alone does not say it. */
  readonly reason?: string;
  /** What its clock said then, milliseconds since 1970: where dates matter. */
  readonly wallNowMs?: number;
}

/** A sentence with a path or a name in it. */
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
  /** Tells an aioc sender that its message was dropped on purpose; never said to Python. */
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

/** The transport_id that a received frame wants acknowledged (PROTOCOL §1, `_ack`). Unlike Python we answer 0 too. */
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

/** Types that connectors keep for themselves; an application's message never has one. */
export function isReserved(messageType: string): boolean {
  return messageType.startsWith('_');
}

function objectIn(data: Buffer): Record<string, unknown> | undefined {
  if (data.length > 4096) return undefined;
  try {
    const value: unknown = JSON.parse(data.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function helloIn(data: Buffer): { hello: AiocHello; nonce: string; isAnswer: boolean } | undefined {
  const value = objectIn(data);
  if (value?.['aioc'] !== 1) return undefined;
  const { nonce, version, name, instance, streams, messageMaxBytes: most, answer } = value;
  if (typeof nonce !== 'string' || typeof version !== 'string') return undefined;
  if (typeof name !== 'string' || typeof instance !== 'string') return undefined;
  const hello = {
    version: version.slice(0, 32),
    name: name.slice(0, 64),
    instance: instance.slice(0, 64),
    ...(streams === true && { streams }),
    ...(typeof most === 'number' && Number.isSafeInteger(most) && most > 0 && { messageMaxBytes: most }),
  };
  return { hello, nonce, isAnswer: answer === true };
}
