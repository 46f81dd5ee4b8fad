import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AiocError } from '../../../engine/base/errors.ts';
import { LIMITS } from '../../../engine/base/limits.ts';
import { FrameDecoder } from '../../../engine/protocol/frame-decoder.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import {
  readTransferFrame,
  type TransferFrame,
  transferFrame,
} from '../../../engine/protocol/transfer-frames.ts';

const ID = `${'e'.repeat(22)}.7`;
const DIGEST = 'd'.repeat(43);

/** As it crosses a connection. */
function crossed(frame: TransferFrame): TransferFrame | undefined {
  const decoder = new FrameDecoder();
  decoder.identified();
  decoder.push(encodeFrame(transferFrame(frame, 'us')));
  const event = decoder.next();
  assert.ok(event?.kind === 'frame');
  return readTransferFrame(event.frame);
}

function read(data: unknown, binary: Buffer = Buffer.alloc(0), type = '_aioc'): TransferFrame | undefined {
  const header = { message_type: type };
  return readTransferFrame({
    header,
    headerBytes: Buffer.alloc(0),
    data: Buffer.from(JSON.stringify(data)),
    binary,
  });
}

const FRAMES: readonly TransferFrame[] = [
  {
    kind: 'offer',
    id: ID,
    content: 'file',
    sizeBytes: 2 ** 50,
    mode: 0o640,
    mtimeMs: -1,
    header: { message_type: 'any', request_id: 2n ** 70n, with_file: { dst_type: 'any', dst_name: 'ä' } },
  },
  {
    kind: 'offer',
    id: ID,
    content: 'tree',
    sizeBytes: undefined,
    mode: 0,
    mtimeMs: 0,
    header: { message_type: 'a' },
  },
  { kind: 'accept', id: ID, have: [] },
  { kind: 'accept', id: ID, have: [1, 5].map((bytes) => ({ bytes, digest: DIGEST })) },
  {
    kind: 'piece',
    id: ID,
    at: 3,
    sizeBytes: 4,
    digest: DIGEST,
    ranges: undefined,
    data: Buffer.from('abcd'),
  },
  {
    kind: 'piece',
    id: ID,
    at: 0,
    sizeBytes: 9,
    digest: DIGEST,
    ranges: [
      [2, 1],
      [8, 1],
    ],
    data: Buffer.from('ab'),
  },
  { kind: 'piece', id: ID, at: 0, sizeBytes: 9, digest: DIGEST, ranges: [], data: Buffer.alloc(0) },
  { kind: 'got', id: ID, bytes: 12 },
  { kind: 'end', id: ID, sizeBytes: 0, digest: DIGEST },
  { kind: 'ready', id: ID },
  { kind: 'stopped', id: ID },
  { kind: 'stop', id: ID, code: 'AIOC_FILE_WRITE', reason: 'the disk is full' },
];

test('each frame of a transfer arrives as it was sent, whatever its header holds', () => {
  for (const frame of FRAMES) assert.deepEqual(crossed(frame), frame);
});

test('other frames between aioc peers are not taken for one', () => {
  for (const other of [{ have: [] }, { ack: [] }, { refused: 'declined' }, 1, null, [], 'piece'])
    assert.equal(read(other), undefined);
  assert.equal(read({ ready: { id: ID } }, Buffer.alloc(0), 'any'), undefined);
});

test('a long reason is cut, so that the frame can be read', () => {
  const reason = 'x'.repeat(10_000);
  const frame = crossed({ kind: 'stop', id: ID, code: 'AIOC_CANCELLED', reason });
  assert.ok(frame?.kind === 'stop');
  assert.equal(frame.reason.length, LIMITS.transferReasonCharacters);
});

const PIECE = { id: ID, at: 0, size: 4, digest: DIGEST };
const FOUR = Buffer.from('abcd');
const HEADER = Buffer.from('{"message_type": "any"}');
const OFFER = { id: ID, kind: 'file', size: 1, mode: 0, mtime_ms: 0 };

test('a malformed frame of a transfer is an error of the protocol', () => {
  const bad: readonly (readonly [unknown, Buffer?])[] = [
    [{ ready: 1 }],
    [{ ready: [] }],
    [{ ready: {} }],
    [{ ready: { id: 'x' } }],
    [{ ready: { id: ID } }, FOUR],
    [{ got: { id: ID } }],
    [{ got: { id: ID, bytes: -1 } }],
    [{ got: { id: ID, bytes: 1.5 } }],
    [{ got: { id: ID, bytes: 2 ** 60 } }],
    [{ end: { id: ID, size: 1 } }],
    [{ end: { id: ID, size: 1, digest: 'd' } }],
    [{ end: { id: ID, size: '1', digest: DIGEST } }],
    [{ stop: { id: ID, code: 'oh', reason: '' } }],
    [{ stop: { id: ID, code: 'AIOC_X', reason: 'x'.repeat(LIMITS.transferReasonCharacters + 1) } }],
    [{ accept: { id: ID } }],
    [{ accept: { id: ID, have: [[0, DIGEST]] } }],
    [
      {
        accept: {
          id: ID,
          have: [
            [2, DIGEST],
            [2, DIGEST],
          ],
        },
      },
    ],
    [{ accept: { id: ID, have: [[2]] } }],
    [{ accept: { id: ID, have: Array.from({ length: 257 }, (_, index) => [index + 1, DIGEST]) } }],
    [{ piece: PIECE }],
    [{ piece: { ...PIECE, size: 5 } }, FOUR],
    [{ piece: { ...PIECE, size: 0 } }],
    [{ piece: { ...PIECE, size: LIMITS.transferPieceBytes + 1, data: [] } }],
    [{ piece: { ...PIECE, at: Number.MAX_SAFE_INTEGER } }, FOUR],
    [{ piece: { ...PIECE, data: [[0, 3]] } }, FOUR],
    [{ piece: { ...PIECE, data: [[1, 4]] } }, FOUR],
    [
      {
        piece: {
          ...PIECE,
          data: [
            [2, 2],
            [0, 2],
          ],
        },
      },
      FOUR,
    ],
    [
      {
        piece: {
          ...PIECE,
          data: [
            [0, 4],
            [4, 0],
          ],
        },
      },
      FOUR,
    ],
    [
      {
        piece: {
          ...PIECE,
          data: [
            [0, -4],
            [0, 8],
          ],
        },
      },
      FOUR,
    ],
    [{ piece: { ...PIECE, data: 'all' } }, FOUR],
    [{ piece: { ...PIECE, data: Array.from({ length: 17 }, (_, index) => [index, 1]) } }, FOUR],
    [{ offer: OFFER }],
    [{ offer: OFFER }, Buffer.from('{}')],
    [{ offer: OFFER }, Buffer.from('{"message_type": "any", "with_file": 7}')],
    [{ offer: { ...OFFER, kind: 'device' } }, HEADER],
    [{ offer: { ...OFFER, kind: 'tree' } }, HEADER],
    [{ offer: { ...OFFER, size: undefined } }, HEADER],
    [{ offer: { ...OFFER, mode: 0o10000 } }, HEADER],
    [{ offer: { ...OFFER, mtime_ms: 1e300 } }, HEADER],
  ];
  for (const [data, binary] of bad)
    assert.throws(() => read(data, binary), { code: 'AIOC_FRAME_BAD' }, JSON.stringify(data).slice(0, 100));
});

test('whatever a peer writes is a frame, none, or an error of the protocol', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constant(ID), fc.constant(DIGEST), fc.nat(), tie('rows')),
    rows: fc.array(fc.array(fc.oneof(fc.nat(9), fc.constant(DIGEST)), { maxLength: 3 }), { maxLength: 4 }),
  }));
  const names = [
    'id',
    'at',
    'size',
    'digest',
    'data',
    'have',
    'bytes',
    'code',
    'reason',
    'kind',
    'mode',
    'mtime_ms',
  ];
  const members = fc.dictionary(fc.constantFrom(...names), value.any);
  const kinds = fc.constantFrom('offer', 'accept', 'piece', 'got', 'end', 'stop', 'ready');
  fc.assert(
    fc.property(kinds, members, fc.uint8Array({ maxLength: 9 }), (kind, known, binary) => {
      try {
        const frame = read({ [kind]: { id: ID, digest: DIGEST, ...known } }, Buffer.from(binary));
        if (frame !== undefined) assert.equal(frame.kind, kind);
      } catch (error) {
        assert.ok(error instanceof AiocError && error.code === 'AIOC_FRAME_BAD', String(error));
      }
    }),
  );
});
