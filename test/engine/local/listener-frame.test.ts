import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { listenerFrame } from '../../../engine/local/listener-frame.ts';
import { parseLocalFrame } from '../../../engine/local/local-frames.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import type { Header } from '../../../engine/protocol/header.ts';

const RESERVED = ['__proto__', 'transport_id', 'with_binary', 'with_file'];
const EMPTY = Buffer.alloc(0);

/** What a listener is given of a frame with this header, as text or as an object. */
function delivered(header: Header | string): {
  readonly header: Header;
  readonly text: string;
  data: string;
} {
  const text = Buffer.from(typeof header === 'string' ? header : '');
  const frame =
    typeof header === 'string'
      ? { header: JSON.parse(header) as Header, headerBytes: text, data: Buffer.from('data'), binary: EMPTY }
      : parseLocalFrame(encodeFrame({ header, data: Buffer.from('data') }).subarray(4));
  const bytes = listenerFrame(frame, 'sender');
  assert.equal(bytes.readUInt32LE(0), bytes.length - 4);
  const read = parseLocalFrame(bytes.subarray(4));
  return { header: read.header, text: read.headerBytes.toString(), data: read.data.toString() };
}

test('a listener is given every header without its transport_id, wherever that stands', () => {
  const id = fc.oneof(fc.nat(), fc.string(), fc.constant(undefined));
  const others = fc.dictionary(
    fc.string().filter((key) => !RESERVED.includes(key)),
    fc.string(),
    { maxKeys: 4 },
  );
  fc.assert(
    fc.property(id, others, fc.boolean(), (transportId, other, first) => {
      const kept = { ...other, source_id: 'client1', message_type: 'any' };
      const numbered = transportId === undefined ? {} : { transport_id: transportId };
      const got = delivered(first ? { ...numbered, ...kept } : { ...kept, ...numbered });
      assert.deepEqual({ ...got.header }, kept);
      assert.equal(got.data, 'data');
    }),
  );
});

test('what aioc puts in front is cut off, and the rest stays as it came', () => {
  const rest = '"message_type":"any",  "source_id": "client1"}';
  assert.equal(delivered(`{"transport_id": 17, ${rest}`).text, `{${rest}`);
});

test('a second transport_id does not slip through behind the first', () => {
  for (const again of ['"transport_id"', '"\\u0074ransport_id"']) {
    const { header } = delivered(`{"transport_id": 5, "message_type": "any", "source_id": "x", ${again}: 5}`);
    assert.equal(header['transport_id'], undefined);
  }
});
