import type { Header } from './header.ts';
import type { OutFrame } from './messages.ts';

/**
 * In place of a response that is too large to be sent, so that whoever waits for it need not wait for a timeout
 * (engine/peers/PROTOCOL.md). A Python connector hands it on like any response; its program finds `error` in the header,
 * as when a connection breaks.
 *
 * @param header the response's own
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

/** Why a response will not come; undefined for every other frame. */
export function readNoResponse(header: Header): string | undefined {
  const { error, response_id: responseId, reason } = header;
  if (error !== TOO_LARGE || responseId === undefined) return undefined;
  return typeof reason === 'string' ? reason.slice(0, REASON_CHARACTERS) : 'it is too large';
}

/** What a program on Python's API finds in the header, be it said by a peer or by its own connector. */
export const TOO_LARGE = 'response_too_large';
/** A sentence with two sizes in it. */
const REASON_CHARACTERS = 400;
