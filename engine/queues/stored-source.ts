import { headerText, type JsonObject, parseHeader } from '../protocol/header.ts';
import { parseEpochInStore } from './message-source.ts';
import type { StoredRecord } from './stored-message.ts';

/**
 * A record of an earlier run, with the name of the session over which it arrived, if that is known.
 *
 * @param soleSender the only possible sender
 */
export function withKnownSource(record: StoredRecord, soleSender: string | undefined): StoredRecord {
  const { epoch, payload } = record;
  const sender = soleSender ?? (epoch === undefined ? undefined : parseEpochInStore(epoch)?.peerName);
  return sender === undefined ? record : { ...record, payload: underName(payload, sender) };
}

/**
 * A frame with this sender as its source; the same bytes if it already has it. Frames stored by an earlier version may
 * name any source.
 */
function underName(frame: Buffer, name: string): Buffer {
  const headerEnd = HEADER_AT + frame.readUInt16LE(4);
  const header = parseHeader(frame.subarray(HEADER_AT, headerEnd));
  if (header['source_id'] === name) return frame;
  const headerBytes = Buffer.from(namedText(header, name), 'latin1');
  const rest = frame.subarray(headerEnd);
  const lengths = Buffer.alloc(HEADER_AT);
  lengths.writeUInt32LE(2 + headerBytes.length + rest.length, 0);
  lengths.writeUInt16LE(headerBytes.length, 4);
  return Buffer.concat([lengths, headerBytes, rest]);
}

/** Without a name if the true one does not fit: a frame that cannot be delivered would block the queue forever. */
function namedText({ source_id: _claimed, ...header }: JsonObject, name: string): string {
  try {
    return headerText({ ...header, source_id: name });
  } catch {
    return headerText(header);
  }
}

/** After the lengths of the frame and of the header (PROTOCOL §1). */
const HEADER_AT = 6;
