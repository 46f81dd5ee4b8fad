import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkCut, checkFlip, checkHeaderGone, makeSample } from '../../../campaigns/journal-damage-cases.ts';

// Every byte is the campaign's (npm run campaign:journal-damage); steps of a prime number come by all kinds of places.
const STEP = 211;

test('a flipped byte takes the record that it is in, and no other, and is reported', async () => {
  const sample = await makeSample(200, 1);
  for (const [path, bytes] of sample.files)
    for (let at = 0; at < bytes.length; at += STEP) await checkFlip(sample, path, at, 1 << (at % 8));
});

test('a file that was cut keeps everything before the cut', async () => {
  const sample = await makeSample(200, 2);
  for (const [path, bytes] of sample.files)
    for (let at = 0; at < bytes.length; at += STEP) await checkCut(sample, path, at);
});

test('a segment whose headers are gone keeps its records, as long as another one has its header', async () => {
  const sample = await makeSample(300, 3);
  assert.ok(sample.files.size > 1);
  for (const path of sample.files.keys()) await checkHeaderGone(sample, path);
});
