import { spelledMembers } from '../config/json-edit.ts';
import { BATCH_KEYS } from './batch-keys.ts';
import type { Frame } from './frame-decoder.ts';
import { type Header, type JsonObject, type JsonValue, parseJsonObject, pythonJson } from './header.ts';
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

/**
 * The header of a message without what its batch says, each value as it is spelled.
 *
 * @param spelled the header as it was received
 */
export function recordHeader(header: Header, spelled?: Buffer): Buffer {
  if (spelled === undefined) return Buffer.from(pythonJson(ownKeys(header)), 'latin1');
  if (latest === undefined || !spelled.equals(latest.spelled)) latest = { spelled, own: ownSpelled(spelled) };
  return latest.own;
}

/** Many messages in a row have the same header. */
let latest: { readonly spelled: Buffer; readonly own: Buffer } | undefined;

function ownKeys(header: Header): JsonObject {
  const own: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(header)) if (!isBatchKey(key)) own[key] = value;
  return own;
}

function ownSpelled(spelled: Buffer): Buffer {
  const own = spelledMembers(spelled.toString()).filter(([key]) => !isBatchKey(key));
  const members = own.map(([key, value]) => `${JSON.stringify(key)}: ${value}`);
  return Buffer.from(`{${members.join(', ')}}`);
}

function isBatchKey(key: string): boolean {
  return (BATCH_KEYS as readonly string[]).includes(key);
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
