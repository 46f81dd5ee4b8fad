import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hexLines } from '../../../components/widgets/hex.ts';

const BYTES = Uint8Array.from({ length: 20 }, (_, index) => index + 0x18);
const shown = (width: number): readonly string[] =>
  hexLines(BYTES, width).map((line) => line.map(({ text }) => text).join(''));

test('bytes are shown with offsets and characters, sixteen a row', () => {
  assert.deepEqual(shown(80), [
    '000000  18 19 1a 1b 1c 1d 1e 1f 20 21 22 23 24 25 26 27  ........ !"#$%&\'',
    '000010  28 29 2a 2b                                      ()*+',
  ]);
});

for (const [width, perRow] of [
  [74, 16],
  [73, 8],
  [42, 8],
  [41, 4],
  [34, 4],
] as const) {
  test(`in ${width} cells a row has ${perRow} bytes, and is not wider`, () => {
    const rows = shown(width);
    assert.equal(rows.length, Math.ceil(BYTES.length / perRow));
    assert.ok(rows.every((row) => row.length <= width));
  });
}
