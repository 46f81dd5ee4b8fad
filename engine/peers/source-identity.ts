import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { type Header, headerText } from '../protocol/header.ts';
import type { MessageParts } from '../queues/message-record.ts';
import type { SessionOptions } from './session-types.ts';

/** Whom a session talks to: which of the two it is, and the name by which it is known here. */
export interface PeerIdentity {
  /** Our own role in the session. */
  readonly role: SessionOptions['role'];
  readonly peerName: string;
}

export interface IdentifiedFrame {
  /** Its source_id is the session's name, unless there is an objection. */
  readonly frame: Frame;
  /** Why nothing of it may be shown to anybody. */
  readonly rejectionReason?: string;
}

/**
 * Who speaks: the name of the session, whatever a received frame says. Asked once for each frame, before anything else
 * looks at it; what everybody then finds in `source_id` is that name.
 *
 * A server objects to a client's frame under another name (PROTOCOL §2, "tried to impersonate"). A client puts the name
 * in that it has for its server: a server calls itself by the address that it is bound to.
 *
 * @throws AiocError AIOC_FRAME_BAD for a source_id that is no text
 */
export function identifySource(frame: Frame, { role, peerName }: PeerIdentity): IdentifiedFrame {
  const claimed = frame.header['source_id'];
  if (claimed === peerName && saysOnce(frame.headerBytes)) return { frame };
  if (claimed !== undefined && typeof claimed !== 'string')
    throw new AiocError('AIOC_FRAME_BAD', 'its source_id is no text');
  if (claimed !== undefined && claimed !== peerName && role === 'server') {
    const name = JSON.stringify(claimed.slice(0, LIMITS.nameLength));
    return { frame, rejectionReason: `it says that it is ${name}` };
  }
  return named(frame, peerName);
}

/** What leaves goes under our name of today, and to the peer's, whatever a program or an earlier run has put in. */
export function addressFrame(
  parts: Pick<MessageParts, 'header' | 'forwardedHeader'>,
  ids: { readonly sourceId: string; readonly destinationId: string },
): Pick<MessageParts, 'header' | 'forwardedHeader'> {
  const { header } = parts;
  const { sourceId, destinationId } = ids;
  if (header['source_id'] === sourceId && header['destination_id'] === destinationId) return parts;
  return { header: { ...header, source_id: sourceId, destination_id: destinationId } };
}

/** Whoever reads the bytes, and takes the first of two, must find the name there that has been looked at. */
function saysOnce(headerBytes: Buffer): boolean {
  const first = headerBytes.indexOf(KEY);
  return headerBytes.indexOf(KEY, first + 1) < 0 && headerBytes.indexOf(BACKSLASH) < 0;
}

function named(frame: Frame, name: string): IdentifiedFrame {
  const header: Header = { ...frame.header, source_id: name };
  try {
    return { frame: { ...frame, header, headerBytes: Buffer.from(headerText(header), 'latin1') } };
  } catch {
    // Sent again it would be no shorter, so the connection must not end over it.
    return { frame, rejectionReason: 'its header is so long that its name does not fit in' };
  }
}

const KEY = Buffer.from('source_id"');
const BACKSLASH = 0x5c;
