import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KnownHeaders } from '../../../engine/protocol/known-headers.ts';

const NUMBERED = '{"transport_id": "abc.1", ';

test('whatever came before it, each header is parsed as if it were the only one', () => {
  const members = fc.constantFrom(
    '"message_type": "any"}',
    '"message_type": "any", "source_id": "client1"}',
    '"message_type": "any", "transport_id": "later"}',
    '"message_type": "any", "tr\\u0061nsport_id": "hidden"}',
    '"message_type": "any", "with_file": {"dst_name": "a"}}',
    '"message_type": "\u00fc", "list": [1, 2]}',
    ' "message_type": "other", "n": 1e3}',
  );
  const starts = fc.constantFrom(
    '{',
    NUMBERED,
    '{"transport_id": "abc.2", ',
    '{"transport_id": 7, ',
    '{"transport_id": "a\\"b", ',
    '{"transport_id": "", ',
    `{"transport_id": "${'x'.repeat(80)}", `,
    '{"transport_id": "ä", ',
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(starts, members), { maxLength: 60 }), (headers) => {
      const known = new KnownHeaders();
      for (const [start, member] of headers) {
        const text = start + member;
        assert.deepEqual({ ...known.parse(Buffer.from(text)) }, JSON.parse(text), text);
      }
    }),
  );
});

test('a header that is used again cannot be changed by who gets it', () => {
  const known = new KnownHeaders();
  const bytes = Buffer.from('{"message_type": "any", "tag": "mine"}');
  const again = [1, 2, 3].map(() => known.parse(bytes) as unknown as { tag: string });
  assert.throws(() => {
    (again[1] as { tag: string }).tag = 'yours';
  }, TypeError);
  assert.equal(again[2]?.tag, 'mine');
  const numbered = Buffer.from(`${NUMBERED}"message_type": "any"}`);
  const [first, second, third] = [1, 2, 3].map(() => known.parse(numbered) as { message_type: string });
  (second as { message_type: string }).message_type = 'yours';
  assert.deepEqual([first?.message_type, third?.message_type], ['any', 'any']);
});

test('what is no header is refused, also when its end is known', () => {
  const known = new KnownHeaders();
  for (const number of ['a.1', 'a.2', 'a.3'])
    known.parse(Buffer.from(`{"transport_id": "${number}", "message_type": "any"}`));
  for (const text of [
    '{"transport_id": "a.4"", "message_type": "any"}',
    '{"transport_id": "a\u0001", "message_type": "any"}',
    '{"transport_id": "a.4", "message_type": "any"',
    '["transport_id": "a.4", "message_type": "any"}',
  ])
    assert.throws(() => known.parse(Buffer.from(text)), { code: 'AIOC_FRAME_BAD' }, text);
});
