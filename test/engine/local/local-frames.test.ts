import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../engine/base/limits.ts';
import { LocalFrameReader } from '../../../engine/local/local-frames.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';

const event = fc.record({
  type: fc.string({ minLength: 1 }),
  data: fc.uint8Array({ maxLength: 300 }),
  binary: fc.option(fc.uint8Array({ maxLength: 300 })),
});

test('frames come out as they went in, however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 90 })),
      (sent, cuts) => {
        const bytes = Buffer.concat(
          sent.map(({ type, data, binary }) =>
            encodeFrame({
              header: { message_type: type, ...(binary !== null && { with_binary: true }) },
              data: Buffer.from(data),
              ...(binary !== null && { binary: Buffer.from(binary) }),
            }),
          ),
        );
        const reader = new LocalFrameReader();
        const got: unknown[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = cuts[turn % Math.max(1, cuts.length)] ?? bytes.length;
          reader.push(bytes.subarray(at, at + size));
          at += size;
          for (let next = reader.next(); next !== undefined; next = reader.next()) {
            assert.ok(next.kind === 'frame');
            const { header, data, binary } = next.frame;
            got.push([header.message_type, [...data], [...binary]]);
          }
        }
        assert.deepEqual(
          got,
          sent.map(({ type, data, binary }) => [type, [...data], [...(binary ?? [])]]),
        );
        assert.equal(reader.insideFrame, false);
      },
    ),
  );
});

test('the binary beside a file is all the application’s own', () => {
  const reader = new LocalFrameReader();
  const header = { message_type: 'any', with_binary: true, with_file: { dst_type: 'any', binary_offset: 1 } };
  reader.push(encodeFrame({ header, data: Buffer.from('d'), binary: Buffer.from('abc') }));
  const next = reader.next();
  assert.ok(next?.kind === 'frame');
  assert.equal(next.frame.binary.toString(), 'abc');
});

test('an error in place of a response is read, though it has no type', () => {
  const reader = new LocalFrameReader();
  const header = { error: 'disconnected_during_wait' } as never;
  reader.push(encodeFrame({ header, data: Buffer.from('{}') }));
  const next = reader.next();
  assert.ok(next?.kind === 'frame');
  assert.deepEqual(next.frame.header, { message_type: '', error: 'disconnected_during_wait' });
});

test('a frame beyond the limit is passed over, and the one behind it is read', () => {
  const reader = new LocalFrameReader();
  const sizeBytes = LIMITS.messageBytes + 100_000;
  const beginning = encodeFrame({ header: { message_type: 'large' }, data: Buffer.alloc(0) });
  const header = beginning.subarray(4, -4);
  beginning.writeUInt32LE(header.length + sizeBytes);
  reader.push(beginning.subarray(0, 10));
  assert.equal(reader.next(), undefined, 'its header is awaited');
  reader.push(beginning.subarray(10, -4));
  assert.deepEqual(reader.next(), { kind: 'oversized', sizeBytes, header: { message_type: 'large' } });
  const piece = Buffer.alloc(1_000_000);
  for (let left = sizeBytes; left > 0; left -= piece.length) {
    reader.push(piece.subarray(0, left));
    assert.equal(reader.next(), undefined);
    assert.equal(reader.bufferedBytes, 0);
  }
  reader.push(encodeFrame({ header: { message_type: 'next' }, data: Buffer.alloc(0) }));
  const next = reader.next();
  assert.ok(next?.kind === 'frame');
  assert.equal(next.frame.header.message_type, 'next');
});

test('parts that reach beyond their frame are refused', () => {
  const frame = encodeFrame({ header: { message_type: 'any' }, data: Buffer.from('data') });
  frame.writeUInt32LE(frame.length - 4 - 2, 0);
  const reader = new LocalFrameReader();
  reader.push(frame.subarray(0, frame.length - 2));
  assert.throws(() => reader.next(), /data reaches beyond the end/);
});
