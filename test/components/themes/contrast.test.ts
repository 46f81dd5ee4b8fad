import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CUBE,
  contrast,
  contrastOfSixteen,
  difference,
  type Rgb,
  rgb,
} from '../../../components/themes/colours.ts';
import { pairsOf, paletteFor, type TerminalGround } from '../../../components/themes/palette.ts';
import { THEMES, type ThemeName, themeFor } from '../../../components/themes/themes.ts';
import { MONO_PALETTE, TERMINAL_PALETTE, TONES } from '../../../components/themes/tokens.ts';
import { runs } from '../../helpers/runs.ts';

const PAINTED = THEMES.filter((theme) => theme !== 'auto');
const GROUNDS = ['dark', 'light'] as const;
const ratioOf = (theme: ThemeName): number => (theme === 'high-contrast' ? 7 : 4.5);

test('contrast is what WCAG computes', () => {
  assert.equal(contrast(rgb('#000000'), rgb('#ffffff')), 21);
  assert.equal(contrast(rgb('#777777'), rgb('#ffffff')).toFixed(2), '4.48');
  assert.equal(contrast(rgb('#0000ff'), rgb('#ffffff')).toFixed(2), '8.59');
});

for (const depth of ['truecolor', '256'] as const)
  test(`every pair of every theme has a contrast of 4.5, and 7 in high contrast: ${depth}`, () => {
    for (const theme of PAINTED)
      for (const where of GROUNDS)
        for (const { tone, colour, ground } of pairsOf(theme, { depth, ground: where })) {
          const what = `${theme} ${where} ${tone}: ${colour.rgb} on ${ground.rgb}`;
          assert.ok(contrast(colour.rgb, ground.rgb) >= ratioOf(theme), what);
          if (depth === '256')
            assert.ok(
              CUBE.some(([index]) => index === colour.index),
              what,
            );
        }
  });

test('the colours of the themes are readable as they are written, without correction', () => {
  for (const theme of PAINTED)
    for (const where of GROUNDS) {
      const { tones, ground, ratio } = themeFor(theme, where === 'light');
      assert.equal(ratio, ratioOf(theme));
      for (const tone of TONES) {
        const { colour, ground: own = ground } = tones[tone];
        const is = contrast(colour, own);
        assert.ok(is >= ratio, `${theme} ${where} ${tone}: ${is.toFixed(2)}`);
      }
    }
});

// The terminal's own sixteen cannot be known: xterm's and VGA's are the usual ones.
test('in sixteen colours every pair is readable with the colours of xterm and with those of VGA', () => {
  for (const theme of PAINTED)
    for (const where of GROUNDS)
      for (const { tone, colour, ground } of pairsOf(theme, { depth: '16', ground: where })) {
        const ratio = contrastOfSixteen(colour.index ?? 0, ground.index ?? 0);
        assert.ok(ratio >= ratioOf(theme), `${theme} ${where} ${tone}: ${colour.index} on ${ground.index}`);
      }
});

test('on any background of a terminal, auto has colours with a contrast of 4.5', () => {
  const channel = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(
      fc.tuple(channel, channel, channel),
      fc.constantFrom('truecolor', '256'),
      (ground: Rgb, depth) => {
        for (const pair of pairsOf('auto', { depth, ground }))
          assert.ok(contrast(pair.colour.rgb, pair.ground.rgb) >= 4.5, `${pair.tone} on ${ground}`);
      },
    ),
    { numRuns: runs(100) },
  );
});

/** Machado, Oliveira and Fernandes (2009), for those who lack one kind of cone; in linear light. */
const BLINDNESS: Readonly<Record<string, readonly (readonly [number, number, number])[]>> = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function asSeenWith(kind: string, colour: Rgb): Rgb {
  const light = colour.map((channel) => (channel / 255) ** 2.2);
  const [red = 0, green = 0, blue = 0] = (BLINDNESS[kind] ?? []).map((row) => {
    const sum = row.reduce((total, factor, at) => total + factor * (light[at] ?? 0), 0);
    return Math.round(255 * Math.min(1, Math.max(0, sum)) ** (1 / 2.2));
  });
  return [red, green, blue];
}

test('good, warn and bad of the colour-blind theme look different for every kind of colour blindness', () => {
  for (const where of GROUNDS) {
    const pairs = pairsOf('colour-blind', { depth: 'truecolor', ground: where });
    for (const kind of Object.keys(BLINDNESS))
      for (const [one, other] of [
        ['good', 'warn'],
        ['good', 'bad'],
        ['warn', 'bad'],
      ]) {
        const [left, right] = [one, other].map((tone) => pairs.find((pair) => pair.tone === tone));
        assert.ok(left !== undefined && right !== undefined);
        const apart = Math.max(
          difference(asSeenWith(kind, left.colour.rgb), asSeenWith(kind, right.colour.rgb)),
          difference(asSeenWith(kind, left.ground.rgb), asSeenWith(kind, right.ground.rgb)),
        );
        assert.ok(apart >= 0.1, `${where} ${kind}: ${one} and ${other} are ${apart.toFixed(3)} apart`);
      }
  }
});

test('without colours no theme has any, and auto leaves an unknown terminal, or one of 16 colours, its own', () => {
  for (const theme of THEMES)
    assert.equal(paletteFor(theme, { depth: 'none', ground: [0, 0, 0] }), MONO_PALETTE);
  assert.equal(paletteFor('auto', { depth: 'truecolor', ground: undefined }), TERMINAL_PALETTE);
  assert.equal(paletteFor('auto', { depth: '16', ground: [0, 0, 0] }), TERMINAL_PALETTE);
});

test('a chosen theme paints every cell, auto only what is selected', () => {
  const parts = (theme: ThemeName, depth: 'truecolor' | '256' | '16', ground: TerminalGround) =>
    paletteFor(theme, { depth, ground });
  assert.equal(parts('light', 'truecolor', undefined).blank, '38;2;31;35;40;48;2;251;251;250');
  assert.match(parts('dark', '256', 'light').tones.bad, /^38;5;\d+;48;5;\d+$/);
  assert.match(parts('high-contrast', '16', 'light').tones.choice, /^1;97;4\d$|^1;97;10\d$/);
  const auto = parts('auto', '256', [255, 255, 255]);
  assert.equal(auto.blank, '');
  assert.deepEqual([auto.tones.plain, auto.tones.strong], ['', '1']);
  assert.match(auto.tones.good, /^38;5;\d+$/);
  assert.match(auto.tones.selected, /^38;5;\d+;48;5;\d+$/);
});
