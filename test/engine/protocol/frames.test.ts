import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { AiocError } from '../../../engine/base/errors.ts';
import { LIMITS } from '../../../engine/base/limits.ts';
import { LocalFrameReader } from '../../../engine/local/local-frames.ts';
import { type DecodedEvent, FrameDecoder } from '../../../engine/protocol/frame-decoder.ts';
import { encodeFrame, encodeFramePieces } from '../../../engine/protocol/frame-encoder.ts';
import { type Header, pythonJson } from '../../../engine/protocol/header.ts';

function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8')) as T;
}

interface FrameVector {
  readonly transport_json: Header;
  readonly data_b64: string;
  readonly binary_b64: string | null;
  readonly frame_b64: string;
}

const bytes = (base64: string): Buffer => Buffer.from(base64, 'base64');
const frames = vectors<{ frames: FrameVector[] }>('frames').frames;

function decodeAll(chunks: readonly Buffer[], identified = true): DecodedEvent[] {
  const decoder = new FrameDecoder();
  if (identified) decoder.identified();
  const events: DecodedEvent[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let event = decoder.next(); event !== undefined; event = decoder.next()) events.push(event);
  }
  assert.equal(decoder.insideFrame, false, 'the stream ends between two frames');
  return events;
}

/** Collects a file's bytes again, so that the way in which a stream was cut does not matter. */
function summary(events: readonly DecodedEvent[]): unknown[] {
  const result: unknown[] = [];
  let file: Buffer[] = [];
  for (const event of events) {
    if (event.kind === 'file-data') file.push(event.bytes);
    else if (event.kind === 'file-end') {
      result.push({ file: Buffer.concat(file).toString('base64') });
      file = [];
    } else if (event.kind === 'oversized') result.push(event);
    else {
      const { header, data, binary } = event.frame;
      result.push({
        kind: event.kind,
        header,
        data: data.toString('base64'),
        binary: binary.toString('base64'),
      });
    }
  }
  return result;
}

test('encodes every recorded frame to the very bytes that Python wrote', () => {
  for (const { transport_json: header, data_b64, binary_b64, frame_b64 } of frames) {
    const parts = { header, data: bytes(data_b64), ...(binary_b64 && { binary: bytes(binary_b64) }) };
    assert.equal(encodeFrame(parts).toString('base64'), frame_b64);
  }
});

test('decodes every recorded frame, whole or byte by byte', () => {
  for (const vector of frames) {
    const whole = bytes(vector.frame_b64);
    const single = [...whole].map((byte) => Buffer.from([byte]));
    const events = decodeAll([whole]);
    assert.deepEqual(summary(decodeAll(single)), summary(events));
    const [first] = events;
    assert.ok(first?.kind === 'frame' || first?.kind === 'file-begin');
    assert.deepEqual(first.frame.header, vector.transport_json);
    assert.equal(first.frame.data.toString('base64'), vector.data_b64);
    if (first.kind === 'frame') {
      assert.equal(first.frame.binary.toString('base64'), vector.binary_b64 ?? '');
    }
  }
});

test('a file behind the application binary is handed on in pieces, never in the frame', () => {
  const vector = frames.find((frame) => frame.transport_json['with_file'] !== undefined);
  const events = summary(decodeAll([bytes(vector?.frame_b64 ?? '')]));
  assert.equal(events.length, 2);
  assert.equal((events[0] as { binary: string }).binary, Buffer.from('abc').toString('base64'));
  assert.deepEqual(events[1], { file: Buffer.from('FILECONTENT').toString('base64') });
});

test('a recorded plain conversation is read and written again without a changed byte', () => {
  const recorded = vectors<{ frames: { frame_b64: string }[] }>('session-plain').frames;
  for (const { frame_b64 } of recorded) {
    const [event] = decodeAll([bytes(frame_b64)]);
    assert.ok(event?.kind === 'frame' || event?.kind === 'file-begin');
    const fileBytes = event.kind === 'file-begin' ? event.sizeBytes : 0;
    const again = encodeFrame({ ...event.frame, fileBytes });
    assert.equal(again.toString('base64'), bytes(frame_b64).subarray(0, again.length).toString('base64'));
    assert.equal(again.length + fileBytes, bytes(frame_b64).length);
  }
});

test('frames that contradict the rules a little are survived, and the next one is read', () => {
  const odd = vectors<{ frames: { note: string; frame_b64: string }[] }>('frames-odd').frames;
  const end = encodeFrame({ header: { message_type: 'end' }, data: Buffer.alloc(0) });
  for (const { note, frame_b64 } of odd) {
    // The API's own error frames have no message_type; between peers that is refused.
    if (note.startsWith('API unix socket')) continue;
    const events = decodeAll([bytes(frame_b64), end]);
    const last = events.at(-1);
    assert.ok(last?.kind === 'frame' && last.frame.header.message_type === 'end', note);
  }
});

test('an empty file arrives as an empty file, one with file_error as none', () => {
  const odd = vectors<{ frames: { note: string; frame_b64: string }[] }>('frames-odd').frames;
  const empty = odd.find(({ note }) => note.startsWith('an empty file'));
  assert.deepEqual(
    decodeAll([bytes(empty?.frame_b64 ?? '')]).map(({ kind }) => kind),
    ['file-begin', 'file-end'],
  );
  const failed = odd.find(({ note }) => note.startsWith('file_error'));
  const [event] = decodeAll([bytes(failed?.frame_b64 ?? '')]);
  assert.ok(event?.kind === 'frame' && event.frame.binary.toString() === 'PRE');
});

test('any frames survive any cuts of the stream', () => {
  const json = fc
    .jsonValue({ maxDepth: 4 })
    .map((value) => JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'p')));
  const frame = fc.record({
    type: fc.string({ minLength: 1 }),
    extra: json,
    data: fc.uint8Array(),
    binary: fc.uint8Array(),
  });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 5 }), fc.array(fc.nat(400)), (sent, cuts) => {
      const stream = Buffer.concat(
        sent.map(({ type, extra, data, binary }) =>
          encodeFrame({
            header: { message_type: type, extra, with_binary: true } as Header,
            data: Buffer.from(data),
            binary: Buffer.from(binary),
          }),
        ),
      );
      const at = [0, ...cuts.map((cut) => Math.min(cut, stream.length)), stream.length].sort((a, b) => a - b);
      const chunks = at.slice(1).map((end, index) => stream.subarray(at[index], end));
      const got = summary(decodeAll(chunks)) as { data: string; binary: string; header: Header }[];
      assert.equal(got.length, sent.length);
      for (const [index, { data, binary, type }] of sent.entries()) {
        assert.equal(got[index]?.data, Buffer.from(data).toString('base64'));
        assert.equal(got[index]?.binary, Buffer.from(binary).toString('base64'));
        assert.equal(got[index]?.header.message_type, type);
      }
    }),
  );
});

function raw(header: string | Buffer, { data = '', claim = 0, rest = '' } = {}): Buffer {
  const headerBytes = Buffer.from(header);
  const body = Buffer.concat([
    Buffer.from([headerBytes.length & 0xff, headerBytes.length >> 8]),
    headerBytes,
    Buffer.from(new Uint32Array([claim || data.length]).buffer),
    Buffer.from(data),
    Buffer.from(rest),
  ]);
  return Buffer.concat([Buffer.from(new Uint32Array([body.length]).buffer), body]);
}

test('a frame with any bytes changed is read or refused, by both readers, and with nothing but our own errors', () => {
  const whole = raw('{"message_type": "any", "with_binary": true, "a": [1, {"b": "c"}]}', {
    data: 'data',
    rest: '\x02\0\0\0xy',
  });
  const change = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) });
  const readers: readonly ((bytes: Buffer) => unknown)[] = [
    (bytes) => {
      const decoder = new FrameDecoder();
      decoder.identified();
      decoder.push(bytes);
      for (let events = 0; events < 4; events += 1) decoder.next();
    },
    (bytes) => {
      const reader = new LocalFrameReader();
      reader.push(bytes);
      return reader.next();
    },
  ];
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
      const bytes = Buffer.from(whole);
      for (const { at, byte } of changes) bytes[at] = byte;
      for (const read of readers) {
        try {
          read(bytes);
        } catch (error) {
          assert.ok(error instanceof AiocError, String(error));
          assert.match(error.code, /^AIOC_FRAME_/);
        }
      }
    }),
    { numRuns: 1_000 },
  );
});

const REFUSED: readonly (readonly [string, Buffer])[] = [
  ['not JSON', raw('{')],
  ['a list', raw('[1]')],
  ['null', raw('null')],
  ['bad UTF-8', raw(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))],
  ['NaN', raw('{"message_type": "any", "x": NaN}')],
  ['a number beyond all bounds', raw(`{"message_type": "any", "x": ${'9'.repeat(5000)}}`)],
  ['no message_type', raw('{}')],
  ['a message_type that is a number', raw('{"message_type": 1}')],
  ['__proto__', raw('{"message_type": "any", "__proto__": {"a": 1}}')],
  ['a depth of 30,000', raw(`{"message_type": "any", "x": ${'['.repeat(30_000)}${']'.repeat(30_000)}}`)],
  ['data beyond the frame', raw('{"message_type": "any"}', { claim: 1000 })],
  ['a header beyond the frame', Buffer.from([3, 0, 0, 0, 0xff, 0xff, 0x7b])],
  ['no room for a header', Buffer.from([0, 0, 0, 0])],
  ['a binary that is missing', raw('{"message_type": "any", "with_binary": true}')],
  [
    'a binary_offset behind the binary',
    raw('{"message_type": "a", "with_binary": 1, "with_file": {"binary_offset": 9}}', {
      rest: '\x01\0\0\0x',
    }),
  ],
];

for (const [what, stream] of REFUSED) {
  test(`refuses ${what}`, () => {
    assert.throws(() => decodeAll([stream]), { code: 'AIOC_FRAME_BAD' });
  });
}

test('the greeting of another protocol is known by its first bytes, however long a frame they seem to begin', () => {
  assert.throws(() => decodeAll([Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')]), { code: 'AIOC_FRAME_BAD' });
});

test('before a peer has said who it is, a long frame is refused by its length alone', () => {
  const length = Buffer.from(new Uint32Array([LIMITS.frameBeforeIdentityBytes + 1]).buffer);
  assert.throws(() => decodeAll([length], false), { code: 'AIOC_FRAME_TOO_LARGE' });
});

test('a message too large to hold is skipped, named, and the next one is read', () => {
  const header = Buffer.from('{"message_type": "big"}');
  const dataBytes = LIMITS.messageBytes + 1;
  const start = Buffer.alloc(4 + 2 + header.length + 4);
  start.writeUInt32LE(2 + header.length + 4 + dataBytes, 0);
  start.writeUInt16LE(header.length, 4);
  header.copy(start, 6);
  start.writeUInt32LE(dataBytes, 6 + header.length);
  const piece = Buffer.alloc(1024 * 1024);
  const pieces = Array.from({ length: dataBytes / piece.length }, () => piece);
  const end = encodeFrame({ header: { message_type: 'end' }, data: Buffer.alloc(0) });
  const events = decodeAll([start, ...pieces, Buffer.alloc(1), end]);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['oversized', 'frame'],
  );
});

test('text beyond ASCII is written as Python writes it', () => {
  assert.equal(
    pythonJson({ a: 'é\u007f😀', b: [1, true, null] }),
    '{"a": "\\u00e9\\u007f\\ud83d\\ude00", "b": [1, true, null]}',
  );
});

test('a header whose bytes are known goes on with them unchanged, behind its transport_id', () => {
  const headerBytes = Buffer.from('{"message_type":"any",  "tag": "ü"}');
  const header = { message_type: 'any', tag: 'ü' };
  const data = Buffer.from('data');
  const frame = encodeFrame({ header, headerBytes, transportId: 'a.7', data });
  const decoder = new FrameDecoder();
  decoder.push(frame);
  const event = decoder.next();
  assert.ok(event?.kind === 'frame');
  assert.deepEqual({ ...event.frame.header }, { transport_id: 'a.7', ...header });
  assert.equal(
    event.frame.headerBytes.toString(),
    '{"transport_id": "a.7", "message_type":"any",  "tag": "ü"}',
  );
  assert.equal(event.frame.data.toString(), 'data');
});

test('a frame in pieces has the same bytes, and its large part is not copied', () => {
  const header = { message_type: 'any', source_id: 'client1' };
  const data = Buffer.from('{"piece": 1}');
  const binary = Buffer.from('the bytes of a file');
  const withBinary = { header: { ...header, with_binary: true }, data, binary };
  for (const [parts, large] of [
    [{ header, data }, data],
    [withBinary, binary],
  ] as const) {
    const pieces = encodeFramePieces(parts);
    assert.deepEqual(Buffer.concat(pieces), encodeFrame(parts));
    assert.equal(pieces[1], large);
  }
});
