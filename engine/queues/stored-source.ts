import { headerText, type JsonObject, parseHeader } from '../protocol/header.ts';
import type { StoredRecord } from '../storage/store.ts';
import { parseEpochInStore } from './message-source.ts';

/**
 * A record that was stored in an earlier run, under the name of the session that it came over, as far as that is known.
 *
 * @param soleSender who alone can have sent it
 */
export function withKnownSource(record: StoredRecord, soleSender: string | undefined): StoredRecord {
  const { epoch, payload } = record;
  const sender = soleSender ?? (epoch === undefined ? undefined : parseEpochInStore(epoch)?.peerName);
  return sender === undefined ? record : { ...record, payload: underName(payload, sender) };
}

/**
 * A listener's frame as coming from this sender: the same bytes where it says so already. Frames that an earlier version
 * has stored may say whatever their sender liked.
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

/** Without any name where the true one does not fit in: a frame that cannot be delivered would be in the way for ever. */
function namedText({ source_id: _claimed, ...header }: JsonObject, name: string): string {
  try {
    return headerText({ ...header, source_id: name });
  } catch {
    return headerText(header);
  }
}

/** Behind the length of the frame and that of the header (PROTOCOL §1). */
const HEADER_AT = 6;
