/** Colours by computation: contrast (WCAG 2.2), and the nearest readable one of a palette of 256 or 16. */

/** Red, green and blue, from 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];
/** Small enough that nobody sees a step. */
const STEPS = 64;

/** `#rrggbb`. */
export function rgb(hex: string): Rgb {
  const code = Number.parseInt(hex.slice(1), 16);
  return [code >> 16, (code >> 8) & 255, code & 255];
}

/** WCAG 2.2, relative luminance: 0 for black, 1 for white. */
export function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** WCAG 2.2, contrast ratio: from 1 (the same) to 21 (black and white). */
export function contrast(one: Rgb, other: Rgb): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((left, right) => left - right);
  return (high + 0.05) / (low + 0.05);
}

/** The colour, moved towards white or black as far as needed for this contrast, or as far as that goes. */
export function readable(colour: Rgb, ground: Rgb, ratio: number): Rgb {
  const end = contrast(WHITE, ground) >= contrast(BLACK, ground) ? WHITE : BLACK;
  for (let step = 0; step < STEPS; step += 1) {
    const moved = mixed(colour, end, step / STEPS);
    if (contrast(moved, ground) >= ratio) return moved;
  }
  return end;
}

/** How different two colours look: distance in Oklab (Björn Ottosson, 2020); black and white are 1 apart. */
export function difference(one: Rgb, other: Rgb): number {
  const [a, b] = [oklab(one), oklab(other)];
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

/** The colours 16 to 255 of a terminal with 256: a cube and greys, the same everywhere. */
export const CUBE: readonly (readonly [index: number, colour: Rgb])[] = Array.from(
  { length: 240 },
  (_, at) => {
    if (at >= 216) return [at + 16, grey(8 + (at - 216) * 10)];
    const level = (digit: number): number => (digit === 0 ? 0 : 55 + digit * 40);
    return [at + 16, [level(Math.floor(at / 36)), level(Math.floor(at / 6) % 6), level(at % 6)]];
  },
);

/**
 * The sixteen, as xterm and as VGA have them. Each terminal and user has others: a colour is chosen that is readable in
 * both of these.
 */
export const SIXTEEN: readonly { readonly xterm: Rgb; readonly vga: Rgb }[] = [
  ['#000000', '#000000'],
  ['#cd0000', '#aa0000'],
  ['#00cd00', '#00aa00'],
  ['#cdcd00', '#aa5500'],
  ['#0000ee', '#0000aa'],
  ['#cd00cd', '#aa00aa'],
  ['#00cdcd', '#00aaaa'],
  ['#e5e5e5', '#aaaaaa'],
  ['#7f7f7f', '#555555'],
  ['#ff0000', '#ff5555'],
  ['#00ff00', '#55ff55'],
  ['#ffff00', '#ffff55'],
  ['#5c5cff', '#5555ff'],
  ['#ff00ff', '#ff55ff'],
  ['#00ffff', '#55ffff'],
  ['#ffffff', '#ffffff'],
].map(([xterm = '', vga = '']) => ({ xterm: rgb(xterm), vga: rgb(vga) }));

/** The contrast of two of the sixteen, in the palette in which it is worse. */
export function contrastOfSixteen(one: number, other: number): number {
  const [left, right] = [SIXTEEN[one], SIXTEEN[other]];
  if (left === undefined || right === undefined) return 1;
  return Math.min(contrast(left.xterm, right.xterm), contrast(left.vga, right.vga));
}

function linear(channel: number): number {
  const part = channel / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

function mixed(from: Rgb, to: Rgb, share: number): Rgb {
  const channel = (at: 0 | 1 | 2): number => Math.round(from[at] + (to[at] - from[at]) * share);
  return [channel(0), channel(1), channel(2)];
}

function grey(level: number): Rgb {
  return [level, level, level];
}

function oklab(colour: Rgb): Rgb {
  const [red, green, blue] = [linear(colour[0]), linear(colour[1]), linear(colour[2])];
  const long = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const middle = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const short = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * long + 0.793617785 * middle - 0.0040720468 * short,
    1.9779984951 * long - 2.428592205 * middle + 0.4505937099 * short,
    0.0259040371 * long + 0.7827717662 * middle - 0.808675766 * short,
  ];
}
