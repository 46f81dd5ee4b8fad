import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deadline, waitFor } from '../helpers/wait-for.ts';

test('a wait ends with what the condition gave at last', async () => {
  let looks = 0;
  assert.equal(await waitFor(() => (++looks === 3 ? 'there' : undefined), { what: 'it' }), 'there');
  assert.equal(await waitFor(async () => 7, { what: 'seven' }), 7);
});

test('a wait in vain says what it was for, and what the condition threw last', async () => {
  await assert.rejects(
    waitFor(() => false, { timeoutMs: 50, what: 'rain' }),
    /waited 50 ms for rain/,
  );
  const broken = (): boolean => {
    throw new Error('broken');
  };
  await assert.rejects(waitFor(broken, { timeoutMs: 50, what: 'rain' }), (error: Error) => {
    assert.match(String(error.cause), /broken/);
    return true;
  });
});

test('a condition that never answers does not hold up the wait', async () => {
  const never = new Promise<boolean>(() => {});
  await assert.rejects(
    waitFor(() => never, { timeoutMs: 50, what: 'an answer' }),
    /waited 50 ms for an answer/,
  );
});

test('a deadline passes on what came in time, and its error', async () => {
  assert.equal(await deadline(Promise.resolve(1), 1000, 'one'), 1);
  await assert.rejects(deadline(Promise.reject(new Error('no')), 1000, 'one'), /no/);
  await assert.rejects(deadline(new Promise(() => {}), 30, 'the end'), /waited 30 ms for the end/);
});
