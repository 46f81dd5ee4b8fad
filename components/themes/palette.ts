/** What a terminal shows of a theme: its colours computed down to the depth that the terminal has. */
import type { ColorDepth } from '../terminal/capabilities.ts';
import {
  CUBE,
  contrast,
  contrastOfSixteen,
  difference,
  luminance,
  type Rgb,
  readable,
  SIXTEEN,
} from './colours.ts';
import { type Theme, type ThemeName, themeFor } from './themes.ts';
import { MONO_PALETTE, TERMINAL_PALETTE, TONES, type Tone, type TonePalette } from './tokens.ts';

/** Grounds from this luminance on are light: black and white are equally readable on one between. */
const LIGHT_FROM = 0.18;
const [BLACK, WHITE] = [0, 15];

/** The ground of the terminal: its colour, or only what kind it is; undefined if it does not say. */
export type TerminalGround = Rgb | 'dark' | 'light' | undefined;

export interface PaletteOptions {
  readonly depth: ColorDepth;
  readonly ground: TerminalGround;
}

/** Two colours that are seen together; one of the sixteen, of 256, or any. */
export interface ColourPair {
  readonly tone: Tone;
  readonly colour: Painted;
  readonly ground: Painted;
}

interface Painted {
  /** In a palette of 16 or 256. */
  readonly index?: number;
  readonly rgb: Rgb;
}

/**
 * The palette for a theme. A theme that the user has chosen paints every cell, so that its contrast holds on every
 * terminal; `auto` leaves the ground and the plain text as they are, and moves its colours until they are readable on
 * that ground.
 */
export function paletteFor(name: ThemeName, options: PaletteOptions): TonePalette {
  const { depth, ground } = options;
  if (depth === 'none') return MONO_PALETTE;
  const isOwnGround = name === 'auto';
  if (isOwnGround && (depth === '16' || ground === undefined)) return TERMINAL_PALETTE;
  const { tones } = themeOn(name, ground);
  const entries = pairsOf(name, options).map(({ tone, colour, ground: behind }) => {
    const hasGround = !isOwnGround || tones[tone].ground !== undefined;
    const isTerminals = isOwnGround && !hasGround && (tone === 'plain' || tone === 'strong');
    const parts = [
      tones[tone].isBold ? '1' : '',
      isTerminals ? '' : sgr(colour, depth, 'text'),
      hasGround ? sgr(behind, depth, 'ground') : '',
    ];
    return [tone, parts.filter((part) => part !== '').join(';')];
  });
  const painted: TonePalette['tones'] = Object.fromEntries(entries);
  return { tones: painted, blank: isOwnGround ? '' : painted.plain };
}

/** The colours of each tone and of what is behind it, as the terminal shows them. */
export function pairsOf(name: ThemeName, { depth, ground }: PaletteOptions): readonly ColourPair[] {
  const theme = themeOn(name, ground);
  const own = name === 'auto' && isColour(ground) ? { rgb: ground } : groundOf(theme.ground, depth);
  return TONES.map((tone) => {
    const look = theme.tones[tone];
    const behind = look.ground === undefined ? own : groundOf(look.ground, depth, own);
    return {
      tone,
      colour: textOn(behind, readable(look.colour, behind.rgb, theme.ratio), theme, depth),
      ground: behind,
    };
  });
}

function themeOn(name: ThemeName, ground: TerminalGround): Theme {
  return themeFor(name, ground === 'light' || (isColour(ground) && luminance(ground) >= LIGHT_FROM));
}

function isColour(ground: TerminalGround): ground is Rgb {
  return Array.isArray(ground);
}

/** The nearest ground that the terminal has; another one than `other`. In sixteen it is one on which text is readable. */
function groundOf(colour: Rgb, depth: ColorDepth, other?: Painted): Painted {
  if (depth === 'truecolor') return { rgb: colour };
  if (depth === '256') return nearest(colour, CUBE);
  const grounds = sixteen().filter(
    ([index]) =>
      index !== other?.index &&
      Math.max(contrastOfSixteen(index, BLACK), contrastOfSixteen(index, WHITE)) >= 7 &&
      (other !== undefined || index === BLACK || index === WHITE),
  );
  return nearest(colour, grounds);
}

/** The nearest colour that the terminal has and that is readable there. */
function textOn(ground: Painted, colour: Rgb, { ratio }: Theme, depth: ColorDepth): Painted {
  if (depth === 'truecolor') return { rgb: colour };
  if (depth === '256')
    return nearest(
      colour,
      CUBE.filter(([, one]) => contrast(one, ground.rgb) >= ratio),
    );
  return nearest(
    colour,
    sixteen().filter(([index]) => contrastOfSixteen(index, ground.index ?? BLACK) >= ratio),
  );
}

function sixteen(): readonly (readonly [number, Rgb])[] {
  return SIXTEEN.map(({ xterm }, index) => [index, xterm] as const);
}

function nearest(colour: Rgb, palette: readonly (readonly [number, Rgb])[]): Painted {
  const [first, ...others] = palette;
  const best = others.reduce(
    (one, other) =>
      one !== undefined && difference(colour, one[1]) <= difference(colour, other[1]) ? one : other,
    first,
  );
  return best === undefined ? { rgb: colour } : { index: best[0], rgb: best[1] };
}

function sgr({ index, rgb }: Painted, depth: ColorDepth, what: 'text' | 'ground'): string {
  const isGround = what === 'ground';
  if (depth === '16') {
    const code = index ?? BLACK;
    return String(code < 8 ? code + (isGround ? 40 : 30) : code - 8 + (isGround ? 100 : 90));
  }
  const kind = isGround ? 48 : 38;
  return index === undefined ? [kind, 2, ...rgb].join(';') : `${kind};5;${index}`;
}
