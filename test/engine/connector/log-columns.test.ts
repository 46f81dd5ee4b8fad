import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LogGroups } from '../../../engine/connector/log-groups.ts';
import { ReasonRanges } from '../../../engine/connector/reason-ranges.ts';

test('a reason of a range holds until another is set for a part of it, and only rows that are gone lose theirs', () => {
  const change = fc.record({
    ...{ back: fc.nat(40), count: fc.integer({ min: 1, max: 12 }) },
    why: fc.constantFrom(undefined, 'a', 'b'),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const ranges = new ReasonRanges();
      const expected = new Map<number, string | undefined>();
      let lastId = 0;
      for (const { back, count, why } of changes) {
        lastId += 3;
        const firstKept = Math.max(1, lastId - 40);
        const from = Math.max(firstKept, lastId - back);
        const to = Math.min(lastId, from + count - 1);
        ranges.set({ from, to }, why, firstKept);
        for (let id = from; id <= to; id += 1) expected.set(id, why);
        for (let id = firstKept; id <= lastId; id += 1) assert.equal(ranges.get(id), expected.get(id));
        assert.ok(ranges.size <= 2 * 41 + 1);
      }
    }),
  );
});

test('groups keep their rows while they grow in number and the oldest go', () => {
  const groups = new LogGroups();
  const firstIdOf = (group: number): number => group * 3 + 1;
  for (let group = 0; group < 3_000; group += 1) {
    if (group % 3 === 1) groups.removeFirst();
    groups.add({
      ...{ firstId: firstIdOf(group), atMs: group, peerName: `peer${group}`, type: `type${group}` },
      ...{ source: group % 2 === 0 ? 'a' : undefined, destination: `${group}` },
      ...{ flags: group % 256, bodyAt: group * 1e7, bodyBytes: group },
    });
  }
  assert.deepEqual([groups.first, groups.end], [1_000, 3_000]);
  for (let group = groups.first; group < groups.end; group += 1) {
    for (const id of [firstIdOf(group), firstIdOf(group) + 2]) assert.equal(groups.groupOf(id), group);
    const { firstId, peerName, type, source, destination, bodyAt, flags } = groups.at(group);
    assert.deepEqual(
      { firstId, peerName, type, source, destination, bodyAt, flags },
      {
        ...{ firstId: firstIdOf(group), peerName: `peer${group}`, type: `type${group}` },
        ...{ source: group % 2 === 0 ? 'a' : undefined, destination: `${group}` },
        ...{ bodyAt: group * 1e7, flags: group % 256 },
      },
    );
  }
});
