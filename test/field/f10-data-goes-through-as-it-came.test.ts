import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageLog } from '../../engine/connector/message-log.ts';
import { RecordBatchBuilder } from '../../engine/protocol/record-batch.ts';
import { messageOfLine } from '../../source/message-lines.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const DEFAULTS = { message: { messageType: 'any' }, awaitResponse: false };
const dataOf = (line: string): string => String(messageOfLine(line, DEFAULTS).message.data);

test('data of a line of JSON are sent as they are spelled there, a text as what it says', () => {
  for (const data of [
    '{"n":9007199254740993}',
    '{ "n" : 1.0, "n": 1e400 }',
    '[12345678901234567890, "]}", "\\u00e9"]',
    '-0.10',
    'null',
  ])
    assert.equal(dataOf(`{"type": "any", "data": ${data} , "tag": "t"}`), data);
  assert.equal(dataOf('{"data": "caf\\u00e9"}'), 'café');
});

test('what is no JSON is refused with its column, and so is what would not arrive as it was written', () => {
  assert.throws(() => dataOf('{"data": {"n": 1,}}'), {
    code: 'AIOC_USAGE',
    message: /invalid JSON: column 18 has "}" instead of a name in double quotes/,
  });
  assert.throws(() => dataOf('[1]'), /not a JSON object/);
  assert.throws(() => dataOf('{"data": "\\ud800"}'), /half of a surrogate pair.*data_base64/);
  assert.throws(() => dataOf('{"request_id": 1.5}'), /request_id must be a string or an integer/);
});

test('a row of the log shows a header as it stood on the wire', () => {
  const log = new MessageLog({ clock: new FakeClock(0), onChange: () => undefined });
  const batch = new RecordBatchBuilder();
  const headerBytes = Buffer.from('{"request_id": 9007199254740993, "ours": {"a": 1.0}}');
  batch.add({ headerBytes, data: EMPTY, binary: EMPTY });
  const id = log.traffic({
    ...{ kind: 'message', direction: 'in', peerName: 'station', outcome: 'arrived' },
    ...{ shared: { message_type: 'any' }, ...batch.takeWhole() },
  });
  assert.deepEqual(log.body(id)?.headerLines, [
    'message_type: "any"',
    'request_id: 9007199254740993',
    'ours: {"a": 1.0}',
  ]);
});

const EMPTY = Buffer.alloc(0);
