import type net from 'node:net';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { LocalFrameReader } from '../local/local-frames.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { onAbort } from './abort.ts';

export interface SocketRequestOptions {
  readonly frame: Buffer;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** The peer's name, for error messages. */
  readonly peer: string;
}

/**
 * Sends a request over a new connection, reads the response, and closes the connection.
 *
 * @throws AiocError AIOC_TIMEOUT, AIOC_CANCELLED, AIOC_PEER_UNKNOWN, AIOC_RESPONSE_LOST, AIOC_FRAME_TOO_LARGE,
 * AIOC_FRAME_BAD
 */
export async function requestOverSocket(socket: net.Socket, options: SocketRequestOptions): Promise<Frame> {
  const { frame, clock, timeoutMs, signal, peer } = options;
  try {
    const response = await new Promise<Frame>((resolve, reject) => {
      const reader = new LocalFrameReader();
      const timer = clock.after(timeoutMs, () => reject(requestTooLate(peer, timeoutMs)));
      const forget = onAbort(signal, () => reject(requestCancelled()));
      socket.once('close', () => {
        timer.cancel();
        forget();
        reject(closed(peer));
      });
      socket.on('error', (cause) => reject(closed(peer, cause)));
      socket.on('data', (chunk: Buffer) => {
        try {
          reader.push(chunk);
          const event = reader.next();
          if (event?.kind === 'frame') resolve(event.frame);
          else if (event?.kind === 'oversized') reject(tooLarge(peer, event.sizeBytes));
        } catch (error) {
          reject(error);
        }
      });
      if (signal?.aborted) reject(requestCancelled());
      else socket.write(frame);
    });
    const { error } = response.header;
    if (error === undefined || response.header.message_type !== '') return response;
    throw new AiocError(
      'AIOC_RESPONSE_LOST',
      `the response from ${peer} was lost (${String(error)}): a connection between connectors broke; send the request again if it is safe to repeat`,
    );
  } finally {
    socket.destroy();
  }
}

export function requestTooLate(peer: string, timeoutMs: number): AiocError {
  return new AiocError(
    'AIOC_TIMEOUT',
    `${peer} did not respond within ${timeoutMs} ms; raise the timeout if it needs more time`,
  );
}

export function requestCancelled(): AiocError {
  return new AiocError('AIOC_CANCELLED', 'the request was cancelled; the peer may have received it');
}

function closed(peer: string, cause?: unknown): AiocError {
  return new AiocError(
    'AIOC_PEER_UNKNOWN',
    `the connector has no connected peer ${peer}, or it stopped: check the name with showConnectedPeers`,
    { cause },
  );
}

function tooLarge(peer: string, sizeBytes: number): AiocError {
  return new AiocError(
    'AIOC_FRAME_TOO_LARGE',
    `the response from ${peer} has ${sizeBytes} bytes; the limit is ${LIMITS.messageBytes}: have it send a file instead`,
  );
}
