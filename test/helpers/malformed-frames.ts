/** Frames that contradict the protocol (PROTOCOL §1), for every socket that takes frames. */

export interface Malformed {
  readonly what: string;
  readonly bytes: Buffer;
  /** How it is named in the log. */
  readonly named: RegExp;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** A frame with any bytes for a header. */
export function frameWith(header: string | Buffer, data = 'x'): Buffer {
  const headerBytes = Buffer.from(header);
  const headerSize = Buffer.alloc(2);
  headerSize.writeUInt16LE(headerBytes.length);
  const rest = Buffer.concat([headerSize, headerBytes, u32(data.length), Buffer.from(data)]);
  return Buffer.concat([u32(rest.length), rest]);
}

/** A frame whose data would end behind it. */
function beyondTheEnd(header: string): Buffer {
  const frame = frameWith(header, '');
  frame.writeUInt32LE(99, frame.length - 4);
  return frame;
}

const withFile = (member: string): Buffer => frameWith(`{"message_type": "any", "with_file": {${member}}}`);

const deep = (depth: number): string =>
  `{"message_type": "any", "a": ${'['.repeat(depth)}${']'.repeat(depth)}}`;

function listed(rows: readonly (readonly [string, Buffer, RegExp])[]): readonly Malformed[] {
  return rows.map(([what, bytes, named]) => ({ what, bytes, named }));
}

/** Each of them makes its stream useless: the connection is closed. */
export const UNREADABLE: readonly Malformed[] = listed([
  ['a NaN', frameWith('{"message_type": "any", "request_id": NaN}'), /the header is not JSON/],
  [
    'an endless number',
    frameWith('{"message_type": "any", "request_id": 1e999}'),
    /number that is too large/,
  ],
  [
    'a huge number',
    frameWith(`{"message_type": "any", "a": ${'9'.repeat(5_000)}}`),
    /number that is too large/,
  ],
  ['a depth of 30,000', frameWith(deep(30_000)), /nested deeper than 32/],
  ['bad UTF-8', frameWith(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])), /not UTF-8/],
  ['__proto__', frameWith('{"message_type": "any", "__proto__": {"a": 1}}'), /__proto__/],
  ['no message_type', frameWith('{"a": 1}'), /has no message_type/],
  ['a message_type that is no text', frameWith('{"message_type": {"a": 1}}'), /has no message_type/],
  ['a list', frameWith('["message_type"]'), /the header is not (a JSON object|JSON)/],
  ['null', frameWith('null'), /the header is not (a JSON object|JSON)/],
  ['a header beyond the end', Buffer.concat([u32(2), Buffer.from([255, 255])]), /beyond the end/],
  ['data beyond the end', beyondTheEnd('{"message_type": "any"}'), /beyond the end/],
  ['nothing at all', u32(0), /beyond the end/],
]);

/** Frames whose fields have the wrong type: refused where they come in, and delivered if an older version has stored them. */
const WRONG_TYPES = listed([
  ['a list as its tag', frameWith('{"message_type": "any", "tag": ["a"]}'), /tag is not a string/],
  ['a list as its dst_type', withFile('"dst_type": ["any"]'), /dst_type of with_file is not a string/],
  [
    'a destination_id of 5',
    frameWith('{"message_type": "any", "destination_id": 5}'),
    /destination_id is not/,
  ],
]);

export const MALFORMED: readonly Malformed[] = [...UNREADABLE, ...WRONG_TYPES];
