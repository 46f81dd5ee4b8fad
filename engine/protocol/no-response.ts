import type { Header } from './header.ts';
import type { OutFrame } from './messages.ts';

/**
 * Replaces a response that is too large, so that the requester does not wait for its timeout
 * (engine/peers/PROTOCOL.md). A Python connector forwards it like any response; its program finds `error` in the
 * header, as when a connection is lost.
 *
 * @param header the response's header
 */
export function noResponseFrame(header: Header, reason: string): OutFrame {
  return {
    header: {
      message_type: header.message_type,
      response_id: header['response_id'] ?? null,
      error: TOO_LARGE,
      reason: reason.slice(0, REASON_CHARACTERS),
    },
    data: Buffer.from('{}'),
  };
}

/** Why there will be no response; undefined for other frames. */
export function readNoResponse(header: Header): string | undefined {
  const { error, response_id: responseId, reason } = header;
  if (error !== TOO_LARGE || responseId === undefined) return undefined;
  return typeof reason === 'string' ? reason.slice(0, REASON_CHARACTERS) : 'it is too large';
}

/** The `error` that a program on Python's API finds in the header, from a peer or from its own connector. */
export const TOO_LARGE = 'response_too_large';
/** Enough for a sentence with two sizes. */
const REASON_CHARACTERS = 400;
