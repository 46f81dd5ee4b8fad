import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimedExpression } from '../../../engine/base/timed-expression.ts';

/** Found by /(a+)+$/ only after 2^60 steps. */
const HOSTILE = `${'a'.repeat(60)}!`;
/** A turn takes 10 ms; a machine under load adds to it. */
const TURN_MS_MAX = 250;

test('an expression that takes exponential time is given up, and no turn waits for it', () => {
  const expression = new TimedExpression('(a+)+$', '');
  let turns = 0;
  while (!expression.isTooSlow) {
    const start = performance.now();
    assert.deepEqual(expression.test([HOSTILE, 'b']), []);
    assert.ok(performance.now() - start < TURN_MS_MAX);
    turns += 1;
    assert.ok(turns <= 50);
  }
  assert.deepEqual(expression.test(['a']), []);
});

test('an expression of which only some texts take long is tested on the others', () => {
  const expression = new TimedExpression('(a+)+$', '');
  const texts = [...Array.from({ length: 30 }, () => 'a'), HOSTILE];
  // The first turn tries all at once; the next one comes as far as the hostile text.
  assert.deepEqual(expression.test(texts), []);
  assert.deepEqual(
    expression.test(texts),
    Array.from({ length: 20 }, () => true),
  );
});

test('an ordinary expression tests thousands of texts in a turn', () => {
  const expression = new TimedExpression('n": 1[0-9]5,', '');
  const texts = Array.from({ length: 3_000 }, (_, n) => `{"temp": 20.8, "n": ${n}, "unit": "C"}`);
  const found: boolean[] = [];
  while (found.length < texts.length) found.push(...expression.test(texts.slice(found.length)));
  assert.equal(found.filter((isFound) => isFound).length, 10);
});
