import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identifySource } from '../../../engine/peers/source-identity.ts';
import type { Frame } from '../../../engine/protocol/frame-decoder.ts';
import { parseHeader } from '../../../engine/protocol/header.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';

const NOTHING = Buffer.alloc(0);
const AT_SERVER = { role: 'server', peerName: 'alice' } as const;
const AT_CLIENT = { role: 'client', peerName: "('10.0.0.1', 10673)" } as const;

function frameOf(text: string): Frame {
  const headerBytes = Buffer.from(text);
  return { header: parseHeader(headerBytes), headerBytes, data: NOTHING, binary: NOTHING };
}

test('a header that says who speaks goes on with its own bytes', () => {
  const frame = frameOf('{"message_type": "any", "source_id": "alice"}');
  assert.equal(identifySource(frame, AT_SERVER).frame, frame);
});

test('a name that stands there twice, or in another spelling, stands there once for every reader', () => {
  for (const text of [
    '{"source_id": "mallory", "message_type": "any", "source_id": "alice"}',
    '{"source\\u005fid": "mallory", "message_type": "any", "source_id": "alice"}',
  ]) {
    const { frame, rejectionReason } = identifySource(frameOf(text), AT_SERVER);
    assert.equal(rejectionReason, undefined);
    assert.ok(!frame.headerBytes.includes('mallory'));
    assert.deepEqual(parseHeader(frame.headerBytes), { source_id: 'alice', message_type: 'any' });
  }
});

test('a number stays in front of a header that gets its name', () => {
  const text =
    '{"transport_id": "AAAAAAAAAAAAAAAAAAAAAA.1", "message_type": "any", "source_id": "(0.0.0.0, 1)"}';
  const { frame } = identifySource(frameOf(text), AT_CLIENT);
  assert.ok(frame.headerBytes.toString().startsWith('{"transport_id": "AAAAAAAAAAAAAAAAAAAAAA.1", '));
  assert.equal(frame.header['source_id'], AT_CLIENT.peerName);
  assert.deepEqual(parseHeader(frame.headerBytes), frame.header);
});

test('a server rejects another name, and quotes it shortened; a name that is not a string is a bad frame for both', async () => {
  const long = frameOf(`{"message_type": "any", "source_id": "${'x'.repeat(5_000)}"}`);
  assert.ok((identifySource(long, AT_SERVER).rejectionReason ?? '').length < 200);
  for (const value of ['null', '5', 'true', '["alice"]', '{"a": 1}']) {
    const frame = frameOf(`{"message_type": "any", "source_id": ${value}}`);
    for (const speaker of [AT_SERVER, AT_CLIENT])
      await rejectsWith(
        Promise.resolve().then(() => identifySource(frame, speaker)),
        'AIOC_FRAME_BAD',
        /source_id/,
      );
  }
});

test('a header into which its name too long is objected to, since it would never get shorter', () => {
  const frame = frameOf(`{"message_type": "any", "tag": "${'x'.repeat(65_490)}"}`);
  assert.match(identifySource(frame, AT_CLIENT).rejectionReason ?? '', /too long/);
});
