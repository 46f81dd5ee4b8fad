import type { Frame } from './frame-decoder.ts';
import { type Header, type JsonObject, parseJsonObject, pythonJson } from './header.ts';
import { recordsOf } from './record-batch.ts';

/** What all messages of a batch have in their headers. */
export interface SharedHeader extends JsonObject {
  readonly message_type: string;
}

/** What a header shares with those of its batch. */
export function sharedOf({ message_type, source_id, destination_id }: Header): SharedHeader {
  return {
    message_type,
    ...(source_id !== undefined && { source_id }),
    ...(destination_id !== undefined && { destination_id }),
  };
}

/** The header of a message without what its batch says. */
export function recordHeader(header: Header): Buffer {
  const { message_type: _type, source_id: _source, destination_id: _destination, ...rest } = header;
  const { transport_id: _number, with_binary: _binary, aioc_batch: _count, ...own } = rest as JsonObject;
  return Buffer.from(pythonJson(own), 'latin1');
}

/**
 * The messages of a checked batch as frames, for those who must look at each: a Python peer, a program, a waiting
 * request. The bytes of a frame's header say what its batch shares first, then its own keys as they are.
 */
export function* framesOf(shared: SharedHeader, records: Buffer): Generator<Frame> {
  const sharedText = pythonJson(shared);
  let own: Buffer | undefined;
  let parsed: JsonObject = {};
  for (const { headerBytes: next, data, binary } of recordsOf(records)) {
    if (next !== own) {
      own = next;
      parsed = parseJsonObject(next);
    }
    const withBinary = binary.length > 0;
    const header = withBinary ? { ...shared, with_binary: true, ...parsed } : { ...shared, ...parsed };
    yield { header, headerBytes: joined(sharedText, next, withBinary), data, binary };
  }
}

/** `{shared members, with_binary, own members}`. The own ones are an object that begins with a brace. */
function joined(sharedText: string, own: Buffer, withBinary: boolean): Buffer {
  const isEmpty = own.length === 2;
  const front = `${sharedText.slice(0, -1)}${withBinary ? ', "with_binary": true' : ''}${isEmpty ? '' : ', '}`;
  const bytes = Buffer.allocUnsafe(front.length + own.length - 1);
  bytes.write(front, 0, 'latin1');
  own.copy(bytes, front.length, 1);
  return bytes;
}
