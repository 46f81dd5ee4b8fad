import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MessageLog } from '../../../engine/connector/message-log.ts';
import type { TrafficEntry } from '../../../engine/peers/traffic-log.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const makeLog = (): MessageLog => new MessageLog({ clock: new FakeClock(0), onChange: () => undefined });

function entry(data: string, header: Readonly<Record<string, string>> = {}): TrafficEntry {
  return {
    ...{ kind: 'message', direction: 'in', peerName: 'station', sizeBytes: data.length },
    ...{ outcome: 'arrived', header: { message_type: 'any', ...header }, data: Buffer.from(data) },
  };
}

const texts = (log: MessageLog): (string | undefined)[] =>
  Array.from({ length: log.length }, (_, index) => log.at(index)?.text);

test('a row says how its message begins, that it is an answer, and why it was dropped', () => {
  const log = makeLog();
  log.traffic(entry('hello'));
  log.traffic(entry('yes', { response_id: '7' }));
  const third = log.traffic(entry('no'));
  log.settle(third, 'dropped', 'ignored');
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
  log.settle(first, 'dropped', 'too late');
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
  const first = log.traffic({
    ...entry(`${long}yz`),
    headerBytes: Buffer.from('{"message_type": "any", "more": [1, 2]}'),
  });
  const { headerLines, text, omittedBytes } = log.body(first) ?? {};
  assert.deepEqual(headerLines, ['message_type: "any"', 'more: [1, 2]']);
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

test('whatever is logged, each row that is here shows the beginning of its own message', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(60_000), fc.nat(9), fc.boolean()), { minLength: 1, maxLength: 400 }),
      (messages) => {
        const log = makeLog();
        const expected: string[] = [];
        for (const [length, digit, isEvent] of messages) {
          const text = String(digit).repeat(length);
          expected.push(isEvent ? `event ${digit}` : text.slice(0, LIMITS.logPreviewBytes));
          if (isEvent) log.event(`event ${digit}`);
          else log.traffic(entry(text));
        }
        assert.deepEqual(texts(log), expected);
      },
    ),
    { numRuns: 20 },
  );
});
