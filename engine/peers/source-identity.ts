import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { type Header, headerText } from '../protocol/header.ts';
import type { SessionOptions } from './session-types.ts';

/** The peer of a session, and this connector's role. */
export interface PeerIdentity {
  /** The role of this connector in the session. */
  readonly role: SessionOptions['role'];
  readonly peerName: string;
}

export interface IdentifiedFrame {
  /** Its source_id is the peer's name, unless there is a rejection reason. */
  readonly frame: Frame;
  /** Why the frame must not be delivered. */
  readonly rejectionReason?: string;
}

/**
 * Sets the source of a received frame to the peer's name, whatever the frame says. Called once per frame, before
 * anything else reads it, so `source_id` can be trusted afterwards.
 *
 * A server rejects a client's frame with another name (PROTOCOL §2, "tried to impersonate"). A client replaces the name
 * with the one that it has for its server, because a server names itself by the address that it is bound to.
 *
 * @throws AiocError AIOC_FRAME_BAD if source_id is not a string
 */
export function identifySource(frame: Frame, { role, peerName }: PeerIdentity): IdentifiedFrame {
  const claimed = frame.header['source_id'];
  if (claimed === peerName && saysOnce(frame.headerBytes)) return { frame };
  if (claimed !== undefined && typeof claimed !== 'string')
    throw new AiocError('AIOC_FRAME_BAD', 'its source_id is not a string');
  if (claimed !== undefined && claimed !== peerName && role === 'server') {
    const name = JSON.stringify(claimed.slice(0, LIMITS.nameLength));
    return { frame, rejectionReason: `it claims to be ${name}` };
  }
  return named(frame, peerName);
}

/** A reader of the raw bytes that uses the first of two keys must find the verified name. */
function saysOnce(headerBytes: Buffer): boolean {
  const first = headerBytes.indexOf(KEY);
  return headerBytes.indexOf(KEY, first + 1) < 0 && headerBytes.indexOf(BACKSLASH) < 0;
}

function named(frame: Frame, name: string): IdentifiedFrame {
  const header: Header = { ...frame.header, source_id: name };
  try {
    return { frame: { ...frame, header, headerBytes: Buffer.from(headerText(header), 'latin1') } };
  } catch {
    // It would be as long when sent again, so the connection must not end because of it.
    return { frame, rejectionReason: 'its header is too long to add the name of its sender' };
  }
}

const KEY = Buffer.from('source_id"');
const BACKSLASH = 0x5c;
