import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Body } from '../../engine/contract/views.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { emptyEngine, sampleLog } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

async function openedRow(
  t: { after(action: () => void): void },
  data: Buffer | string,
  more: Partial<Body> = {},
): Promise<TestScreen> {
  const bytes = Buffer.from(data);
  const row = sampleLog(1, { atMs: Date.UTC(2026, 10, 23, 14, 1, 11, 42), sizeBytes: bytes.length });
  const body: Body = {
    ...{ id: 1, headerLines: ['message_type: "any"'], text: bytes.toString('utf8') },
    ...{ base64: bytes.toString('base64'), omittedBytes: 0, binaryBytes: 0, ...more },
  };
  const engine = new FakeEngine({ ...emptyEngine(), log: [row], bodies: { 1: body } });
  const screen = await openScreen({ engine, columns: 80, rows: 24 });
  t.after(() => screen.close());
  await screen.press('3');
  await screen.press('enter');
  return screen;
}

test('an opened row has milliseconds, the outcome, the size, the header and the tree of its data', async (t) => {
  const screen = await openedRow(t, '{"temp": 21.4, "n": 12345678901234567890}');
  assert.match(screen.text(), /2026-11-23 14:01:11\.042 · stored · 41 bytes/);
  assert.match(screen.text(), /message_type: "any"/);
  assert.match(screen.text(), /│ \{ +│[^{]*│ {3}"temp": 21\.4, +│[^{]*│ {3}"n": 12345678901234567890 +│/);
  assert.match(screen.text(), /\[tree\] text hex/);
});

test('h and l go from the tree to the text and the bytes, and round', async (t) => {
  const screen = await openedRow(t, '{"temp": 21.4}');
  await screen.press('l');
  assert.match(screen.text(), /tree \[text\] hex/);
  assert.match(screen.text(), /│ \{"temp": 21\.4\} +│/);
  await screen.press('right');
  assert.match(screen.text(), /000000 {2}7b 22 74 65 6d 70 22 3a 20 32 31 2e 34 7d +\{"temp": 21\.4\}/);
  await screen.press('tab');
  assert.match(screen.text(), /\[tree\] text hex/);
  await screen.press('h');
  assert.match(screen.text(), /tree text \[hex\]/);
});

test('data that is no JSON opens as text, data that is no text as bytes', async (t) => {
  const text = await openedRow(t, 'please ship');
  assert.match(text.text(), /\[text\] hex/);
  const bytes = await openedRow(t, Buffer.from([0xff, 0x00, 0x41]));
  assert.match(bytes.text(), /text \[hex\]/);
  assert.match(bytes.text(), /ff 00 41 +\.\.A/);
});

test('what is not kept is said: the rest of long data, and a binary part', async (t) => {
  const screen = await openedRow(t, '{"a": 1', { omittedBytes: 96_000, binaryBytes: 2_100_000 });
  assert.match(screen.text(), /… and 96 kB more, not kept for the screen/);
  assert.match(screen.text(), /and a binary part of 2\.1 MB/);
});

test('long data scrolls, and y shows it alone, to copy', async (t) => {
  const screen = await openedRow(t, JSON.stringify(Array.from({ length: 60 }, (_, n) => n)));
  assert.match(screen.text(), /1–20 of 65/);
  await screen.press('end');
  assert.match(screen.text(), /46–65 of 65/);
  assert.match(screen.text(), /│ {3}59 +│/);
  await screen.press('y');
  assert.match(screen.text(), /To copy/);
});
