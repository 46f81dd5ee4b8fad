import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviation, median, percentile, ratios, spread } from './figures.ts';
import { parseCommandLine } from './options.ts';
import { KIND, UnitScanner, writeUnitHead } from './programs/floor-units.ts';
import { Counter, numbered } from './programs/numbered.ts';
import { SendWindow } from './programs/send-window.ts';

const BYTES = 20;

async function counted(numbers: readonly number[], expected: number): Promise<Record<string, unknown>> {
  const counter = new Counter();
  counter.expect({ count: expected, bytes: BYTES });
  for (const number of numbers) counter.take(numbered(number, BYTES));
  const { received, lost, duplicated, late, wrong } = await counter.all(1);
  return { received, lost, duplicated, late, wrong };
}

test('the consumer counts what is lost, comes twice, comes late or is wrong', async () => {
  const fine = { received: 3, lost: 0, duplicated: 0, late: 0, wrong: 0 };
  assert.deepEqual(await counted([0, 1, 2], 3), fine);
  assert.deepEqual(await counted([0, 1, 1, 2], 3), { ...fine, received: 4, duplicated: 1 });
  assert.deepEqual(await counted([0, 2, 1], 3), { ...fine, late: 1 });
  assert.deepEqual(await counted([0, 2], 3), { ...fine, received: 2, lost: 1 });
  assert.deepEqual(await counted([0, 1, 2, 3], 3), { ...fine, wrong: 1 });
  const counter = new Counter();
  counter.expect({ count: 1, bytes: BYTES });
  counter.take(numbered(0, BYTES + 1));
  assert.equal((await counter.all(1)).wrong, 1);
});

test('a program has no more sends unanswered than its window allows, and hears of one that was refused', async () => {
  const answers: ((error?: Error) => void)[] = [];
  const window = new SendWindow(4);
  const send = (): Promise<void> | undefined =>
    window.add(
      new Promise<void>((resolve, reject) => {
        answers.push((error) => (error === undefined ? resolve() : reject(error)));
      }),
    );
  assert.deepEqual([send(), send(), send()], [undefined, undefined, undefined]);
  const full = send();
  assert.ok(full instanceof Promise);
  answers[0]?.();
  answers[1]?.(new Error('refused'));
  await full;
  const ended = window.end();
  for (const answer of answers) answer();
  await assert.rejects(ended, /refused/);
});

test('a connector of the floor confirms a batch when its last byte has come, however it is cut', () => {
  const unit = (first: number, count: number): Buffer => {
    const bytes = Buffer.alloc(50);
    writeUnitHead(bytes, { kind: KIND.batch, first, count }, bytes.length);
    return bytes;
  };
  const stream = Buffer.concat([unit(0, 3), unit(3, 2)]);
  for (let cut = 1; cut < stream.length; cut += 1) {
    const scanner = new UnitScanner();
    const confirmed = [scanner.scan(stream.subarray(0, cut)), scanner.scan(stream.subarray(cut))];
    assert.deepEqual(confirmed, [cut >= 50 ? 2 : undefined, 4], `cut at ${cut}`);
  }
  assert.throws(() => new UnitScanner().scan(unit(1, 1)), /message 1 follows/);
});

test('figures: median, percentiles, ratios of each round, and the distance from the median', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(percentile([0, 10], 0.99), 9.9);
  assert.deepEqual(ratios([2, 6], [1, 2]), [2, 3]);
  assert.equal(deviation([90, 100, 120]), 0.2);
  assert.equal(spread([1234.5, 20, 0.123]), '20 (0.12..1,235)');
});

test('the command line: names, numbers, a ref, and no word that means nothing', () => {
  const { names, options } = parseCommandLine(['memory', 'rounds=2', 'before=a=b']);
  assert.deepEqual(names, ['memory']);
  assert.deepEqual([options.rounds, options.seconds, options.before], [2, 3, 'a=b']);
  assert.throws(() => parseCommandLine(['turns=2']), /parameters are rounds/);
  assert.throws(() => parseCommandLine(['rounds=none']), /parameters are rounds/);
});
