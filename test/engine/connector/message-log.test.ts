import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MessageLog } from '../../../engine/connector/message-log.ts';
import type { TrafficEntry } from '../../../engine/peers/traffic-log.ts';
import { RecordBatchBuilder } from '../../../engine/protocol/record-batch.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const makeLog = (): MessageLog => new MessageLog({ clock: new FakeClock(0), onChange: () => undefined });

interface Message {
  readonly data: string;
  /** The header without what the batch says. */
  readonly header?: string;
  readonly binaryBytes?: number;
}

function batch(messages: readonly Message[]): TrafficEntry {
  const builder = new RecordBatchBuilder();
  for (const { data, header = '{}', binaryBytes = 0 } of messages)
    builder.add({
      ...{ headerBytes: Buffer.from(header), data: Buffer.from(data) },
      binary: Buffer.alloc(binaryBytes),
    });
  return {
    ...{ kind: 'message', direction: 'in', peerName: 'station', outcome: 'arrived', ...builder.takeWhole() },
    shared: { message_type: 'any', source_id: 'station' },
    hasResponse: messages.some(({ header }) => header?.includes('response_id') === true),
  };
}

const entry = (data: string, header = '{}'): TrafficEntry => batch([{ data, header }]);

const texts = (log: MessageLog, count = log.length): (string | undefined)[] =>
  Array.from({ length: count }, (_, index) => log.at(index)?.text);

test('a row says how its message begins, that it is an answer, and why it was dropped', () => {
  const log = makeLog();
  log.traffic(entry('hello'));
  log.traffic(entry('yes', '{"response_id": "7"}'));
  const third = log.traffic(entry('no'));
  log.settle(third, 'dropped', { why: 'ignored' });
  log.event('a peer came', { warning: true });
  assert.deepEqual(texts(log), ['hello', 'answer: yes', 'no (ignored)', 'a peer came']);
  assert.deepEqual(log.at(2)?.outcome, 'dropped');
  assert.deepEqual(log.at(3), {
    ...{ id: 4, atMs: log.at(3)?.atMs, kind: 'event', peerName: '', type: '', outcome: 'warning' },
    ...{ text: 'a peer came', hasBody: false },
  });
});

test('a long message is cut between two characters', () => {
  const log = makeLog();
  log.traffic(entry(`a${'€'.repeat(LIMITS.logPreviewBytes)}`));
  assert.match(log.at(0)?.text ?? '', /^a€+$/);
});

test('what is settled late changes nothing of the row that has taken the place', () => {
  const log = makeLog();
  const first = log.traffic(entry('first'));
  for (let number = 0; number < LIMITS.logRows; number += 1) log.traffic(entry(`later ${number}`));
  log.settle(first, 'dropped', { why: 'too late' });
  assert.equal(log.length, LIMITS.logRows);
  assert.equal(log.forgotten, 1);
  assert.equal(log.at(0)?.text, 'later 0');
  assert.equal(log.at(LIMITS.logRows - 1)?.text, `later ${LIMITS.logRows - 1}`);
  assert.equal(log.at(LIMITS.logRows - 1)?.outcome, 'arrived');
  assert.equal(log.at(LIMITS.logRows), undefined);
});

test('a body shows header and data, as far as they are kept, until newer ones need the place', () => {
  const log = makeLog();
  const long = 'x'.repeat(LIMITS.logBodyBytes);
  const first = log.traffic(entry(`${long}yz`, '{"more": [1, 2]}'));
  const { headerLines, text, omittedBytes } = log.body(first) ?? {};
  assert.deepEqual(headerLines, ['message_type: "any"', 'source_id: "station"', 'more: [1, 2]']);
  assert.equal(text, long);
  assert.equal(omittedBytes, 2);
  const count = Math.ceil(LIMITS.logBodiesBytes / long.length);
  let last = 0;
  for (let number = 0; number < count; number += 1) last = log.traffic(entry(long));
  assert.equal(log.body(first), undefined);
  assert.equal(log.at(0)?.text, 'x'.repeat(LIMITS.logPreviewBytes), 'its beginning is shown all the same');
  assert.equal(log.body(last)?.text, long);
  log.event('no body');
  assert.equal(log.body(last + 1), undefined);
});

test('the messages of a batch have rows of their own, with what they share and what they do not', () => {
  const log = makeLog();
  log.event('before');
  const first = log.traffic(
    batch([
      { data: 'one', header: '{"tag": "a"}' },
      { data: 'two', header: '{"tag": "a"}', binaryBytes: 7 },
      { data: 'three', header: '{"response_id": 3}' },
    ]),
  );
  log.event('behind');
  assert.equal(first, 2);
  assert.deepEqual(texts(log), ['before', 'one', 'two', 'answer: three', 'behind']);
  assert.equal(log.at(2)?.sizeBytes, 10);
  assert.deepEqual(log.body(first + 1), {
    id: first + 1,
    headerLines: ['message_type: "any"', 'source_id: "station"', 'with_binary: true', 'tag: "a"'],
    ...{ text: 'two', base64: 'dHdv', omittedBytes: 0, binaryBytes: 7 },
  });
  assert.deepEqual(log.body(first + 2)?.headerLines.at(-1), 'response_id: 3');
});

test('a part of a batch can be settled, and settled again for another reason or none', () => {
  const log = makeLog();
  const first = log.traffic(batch(Array.from({ length: 6 }, (_, index) => ({ data: `${index}` }))));
  log.settle(first, 'sent', { count: 6 });
  log.settle(first + 1, 'dropped', { count: 4, why: 'it is a duplicate' });
  log.settle(first + 2, 'stored');
  log.settle(first + 4, 'failed', { count: 9, why: 'the disk is full' });
  assert.deepEqual(texts(log), [
    ...['0', '1 (it is a duplicate)', '2', '3 (it is a duplicate)'],
    ...['4 (the disk is full)', '5 (the disk is full)'],
  ]);
  const outcomes = Array.from({ length: 6 }, (_, index) => log.at(index)?.outcome);
  assert.deepEqual(outcomes, ['sent', 'dropped', 'stored', 'dropped', 'failed', 'failed']);
});

test('a file has its name and its own size, and shows its message', () => {
  const log = makeLog();
  const named = '{"with_file": {"src_path": "/a/b", "dst_name": "b"}}';
  const id = log.traffic({ ...entry('with it', named), kind: 'file', fileBytes: 5_000_000_000 });
  const { kind, text, sizeBytes } = log.at(0) ?? {};
  assert.deepEqual({ kind, text, sizeBytes }, { kind: 'file', text: 'b', sizeBytes: 5_000_000_000 });
  assert.equal(log.body(id)?.text, 'with it');
});

test('a peer that makes up a long type cannot fill the memory: its row is cut, its body is not', () => {
  const log = makeLog();
  const message_type = 'x'.repeat(50_000);
  const id = log.traffic({ ...entry('hello'), shared: { message_type, destination_id: 'me' } });
  assert.equal(log.at(0)?.type, 'x'.repeat(LIMITS.logPreviewBytes));
  assert.equal(log.at(0)?.text, 'hello');
  assert.deepEqual(log.body(id)?.headerLines, [`message_type: "${message_type}"`, 'destination_id: "me"']);
});

test('large messages of one batch are kept as far as each of them would be alone', () => {
  const log = makeLog();
  const sizes = [1, 40_000, LIMITS.logBodyBytes + 1];
  const first = log.traffic(
    batch(sizes.map((size) => ({ data: 'y'.repeat(size), header: '{"a": 1}', binaryBytes: 9 }))),
  );
  const found = sizes.map((_, index) => {
    const { text = '', omittedBytes } = log.body(first + index) ?? {};
    return [log.at(index)?.sizeBytes, text.length, omittedBytes];
  });
  const most = LIMITS.logBodyBytes;
  assert.deepEqual(found, [
    [10, 1, 0],
    [40_009, most, 40_000 - most],
    [most + 10, most, 1],
  ]);
});

test('the oldest row keeps its text when one batch takes the place of the row before it and of its bytes', () => {
  const log = makeLog();
  log.traffic(batch(['first', 'second', 'third', 'fourth'].map((data) => ({ data }))));
  const large = Math.floor(LIMITS.logBodiesBytes / LIMITS.logBodyBytes) - 10;
  for (let number = 0; number < large; number += 1) log.traffic(entry('x'.repeat(LIMITS.logBodyBytes - 24)));
  log.traffic(batch(Array.from({ length: LIMITS.logRows - 4 - large }, () => ({ data: '.' }))));
  assert.deepEqual(texts(log, 4), ['first', 'second', 'third', 'fourth']);
  const bytesOfOne = LIMITS.logBodyBytes - 384;
  log.traffic(batch(['y', 'z'].map((letter) => ({ data: letter.repeat(bytesOfOne) }))));
  assert.equal(log.body(4), undefined, 'its bytes are gone');
  assert.deepEqual(texts(log, 3), ['third', 'fourth', 'x'.repeat(LIMITS.logPreviewBytes)]);
});
