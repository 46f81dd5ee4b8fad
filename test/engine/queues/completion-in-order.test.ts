import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CompletionInOrder } from '../../../engine/queues/completion-in-order.ts';
import type { Completion } from '../../../engine/queues/outbox-batch.ts';

/** A completion that notes what it is told. */
function noting(onKept: (how: string | undefined) => void = () => undefined): {
  readonly told: string[];
  readonly completion: Completion<string>;
} {
  const told: string[] = [];
  const completion: Completion<string> = {
    patience: 'while-draining',
    kept: (count, how) => {
      told.push(`${count} kept, ${how}`);
      onKept(how);
    },
    refused: (count, error) => void told.push(`${count} refused, ${error}`),
  };
  return { told, completion };
}

test('parts are reported when those before are settled whole, each in the order in which it settled', () => {
  let second: Completion<string> | undefined;
  // More settles while this is reported.
  const { told, completion } = noting((how) => how === 'again' && second?.refused(3, 'at last'));
  const inOrder = new CompletionInOrder(completion);
  const first = inOrder.part(2);
  second = inOrder.part(5);
  const third = inOrder.part(1);
  assert.equal(third.patience, 'while-draining');
  third.refused(1, 'third');
  second.kept(1, 'again');
  second.kept(1, 'later');
  assert.deepEqual(told, []);
  first.kept(1, 'first');
  assert.deepEqual(told, ['1 kept, first']);
  first.kept(1, 'first');
  const after = ['1 kept, again', '1 kept, later', '3 refused, at last', '1 refused, third'];
  assert.deepEqual(told.slice(2), after);
});

test('many parts that settle in the opposite order need no stack', () => {
  const { told, completion } = noting();
  const inOrder = new CompletionInOrder(completion);
  const parts = Array.from({ length: 20_000 }, () => inOrder.part(1));
  for (const [index, part] of [...parts.entries()].reverse()) part.kept(1, String(index));
  assert.deepEqual(told.slice(0, 3), ['1 kept, 0', '1 kept, 1', '1 kept, 2']);
  assert.equal(told.length, 20_000);
});
