import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../engine/base/limits.ts';
import { FilteredLog, LOG_FILTERED } from '../../../engine/connector/filtered-log.ts';
import { MessageLog } from '../../../engine/connector/message-log.ts';
import { RowFilter } from '../../../engine/connector/row-filter.ts';
import type { LogRow, Outcome } from '../../../engine/contract/views.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { recordsWith } from '../../helpers/record-batches.ts';

const FILTERS = ['7', 'outcome:taken', 'level:error', '!outcome:stored', 'level:warning,error', '/[13]$/'];

function messagesInto(log: MessageLog, from: number, count: number): number {
  const texts = Array.from({ length: count }, (_, index) => ({ text: `message ${from + index}` }));
  const records = recordsWith(texts);
  const shared = { message_type: 'order' };
  const common = { kind: 'message', direction: 'in', outcome: 'arrived', peerName: 'lab' } as const;
  return log.traffic({ ...common, count, records, shared });
}

/** The ids that a test of every row finds. */
function allIn(log: MessageLog, text: string): readonly number[] {
  const filter = new RowFilter(text, LOG_FILTERED);
  const rows = Array.from({ length: log.length }, (_, index) => log.at(index) as LogRow);
  const passes: boolean[] = [];
  // A turn may be over before all are tested.
  while (passes.length < rows.length) passes.push(...filter.test(rows.slice(passes.length)));
  return rows.flatMap(({ id }, index) => (passes[index] === true ? [id] : []));
}

function idsIn(log: MessageLog, filtered: FilteredLog): readonly number[] {
  let found = filtered.find();
  for (let turn = 0; found.isPartial; turn += 1) {
    assert.ok(turn < 200);
    found = filtered.find();
  }
  return Array.from(found.indexes, (index) => log.forgotten + index + 1);
}

test('a filtered log has what a test of every row finds, whatever came and changed', () => {
  const step = fc.oneof(
    fc.record({ count: fc.integer({ min: 1, max: 60 }) }),
    fc.record({
      back: fc.integer({ min: 0, max: 80 }),
      settled: fc.integer({ min: 1, max: 40 }),
      outcome: fc.constantFrom<Outcome>('stored', 'taken', 'dropped', 'failed'),
    }),
    fc.record({ event: fc.constantFrom('it is slow', 'connected 7'), warning: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const log = new MessageLog({ clock: new FakeClock(0), onChange: () => undefined });
      const filters = FILTERS.map((text) => new FilteredLog(log, text));
      let lastId = 0;
      for (const one of steps) {
        if ('count' in one) {
          lastId = messagesInto(log, lastId, one.count) + one.count - 1;
        } else if ('event' in one) {
          log.event(one.event, { warning: one.warning });
          lastId = log.forgotten + log.length;
        } else if (lastId - one.back > 0) {
          const first = lastId - one.back;
          log.settle(first, one.outcome, { count: Math.min(one.settled, lastId - first + 1) });
        }
        // Some are asked after each step, the others only at the end.
        for (const [index, filtered] of filters.entries())
          if (index % 2 === 0) assert.deepEqual(idsIn(log, filtered), allIn(log, FILTERS[index] as string));
      }
      for (const [index, filtered] of filters.entries())
        assert.deepEqual(idsIn(log, filtered), allIn(log, FILTERS[index] as string));
    }),
    { numRuns: 15 },
  );
});

test('rows that were dropped for newer ones are no longer found', () => {
  const log = new MessageLog({ clock: new FakeClock(0), onChange: () => undefined });
  const filtered = new FilteredLog(log, '7 !17');
  for (let n = 0; n < LIMITS.logRows; n += 500) messagesInto(log, n, 500);
  assert.deepEqual(idsIn(log, filtered), allIn(log, '7 !17'));
  messagesInto(log, LIMITS.logRows, 3_000);
  assert.deepEqual(idsIn(log, filtered), allIn(log, '7 !17'));
});
