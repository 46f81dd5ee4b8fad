/** The themes: which colours the tones have. `palette.ts` computes what a terminal shows of them. */
import { type Rgb, rgb } from './colours.ts';
import type { Tone } from './tokens.ts';

export const THEMES = ['auto', 'dark', 'light', 'high-contrast', 'colour-blind'] as const;
/** `auto` follows the background of the terminal where that is known, and else leaves its colours alone. */
export type ThemeName = (typeof THEMES)[number];

/** How a tone looks on the ground of its theme, or on a ground of its own. */
interface ToneLook {
  readonly colour: Rgb;
  readonly ground?: Rgb;
  readonly isBold?: true;
}

export interface Theme {
  readonly ground: Rgb;
  /** The least contrast of each of its pairs of colours (WCAG 2.2: 4.5 is level AA, 7 is AAA). */
  readonly ratio: number;
  readonly tones: Readonly<Record<Tone, ToneLook>>;
}

/** The theme for a terminal with this ground. */
export function themeFor(name: ThemeName, isLight: boolean): Theme {
  switch (name) {
    case 'auto':
      return isLight ? LIGHT : DARK;
    case 'dark':
      return DARK;
    case 'light':
      return LIGHT;
    case 'high-contrast':
      return isLight ? HIGH_LIGHT : HIGH_DARK;
    case 'colour-blind':
      return isLight ? BLIND_LIGHT : BLIND_DARK;
  }
}

/** `#foreground`, or `#foreground on #ground`; `!` before it for bold. */
function tone(written: string): ToneLook {
  const isBold = written.startsWith('!');
  const [colour = '', ground] = written.replace('!', '').split(' on ');
  return {
    colour: rgb(colour),
    ...(ground !== undefined && { ground: rgb(ground) }),
    ...(isBold && { isBold }),
  };
}

function theme(ground: string, ratio: number, tones: Readonly<Record<Tone, string>>): Theme {
  const looks = Object.entries(tones).map(([name, written]) => [name, tone(written)]);
  return { ground: rgb(ground), ratio, tones: Object.fromEntries(looks) };
}

const DARK_TONES = {
  plain: '#d5d9e0',
  faint: '#98a0ad',
  strong: '!#ffffff',
  good: '#7ecb7e',
  warn: '#e3b84e',
  bad: '#ff8078',
  info: '#63c5d9',
  focus: '!#63c5d9',
  key: '!#63c5d9',
  selected: '#ffffff on #39465c',
  choice: '!#ffffff on #1b5fb0',
} as const;
const DARK = theme('#15181e', 4.5, DARK_TONES);

const LIGHT_TONES = {
  plain: '#1f2328',
  faint: '#5a616b',
  strong: '!#000000',
  good: '#116329',
  warn: '#7a4b00',
  bad: '#b3161d',
  info: '#0a5a74',
  focus: '!#0a5a74',
  key: '!#0a5a74',
  selected: '#ffffff on #46597a',
  choice: '!#ffffff on #0b57a8',
} as const;
const LIGHT = theme('#fbfbfa', 4.5, LIGHT_TONES);

const HIGH_DARK = theme('#000000', 7, {
  plain: '#ffffff',
  faint: '#d0d0d0',
  strong: '!#ffffff',
  good: '#6dff6d',
  warn: '#ffe14d',
  bad: '#ff9d96',
  info: '#6fe8ff',
  focus: '!#6fe8ff',
  key: '!#6fe8ff',
  selected: '#000000 on #ffffff',
  choice: '!#000000 on #ffe14d',
});

const HIGH_LIGHT = theme('#ffffff', 7, {
  plain: '#000000',
  faint: '#3a3a3a',
  strong: '!#000000',
  good: '#00470f',
  warn: '#553300',
  bad: '#7d0007',
  info: '#003f55',
  focus: '!#003f55',
  key: '!#003f55',
  selected: '#ffffff on #000000',
  choice: '!#ffffff on #00338a',
});

/** After Okabe and Ito, whose colours differ for every kind of colour blindness: blue, yellow, vermilion, purple. */
const BLIND_DARK = theme('#15181e', 4.5, {
  ...DARK_TONES,
  good: '#56b4e9',
  warn: '#f5ec7a',
  bad: '#f5843a',
  info: '#d9a9d0',
  focus: '!#d9a9d0',
  key: '!#d9a9d0',
});

/** No dark yellow differs from a dark vermilion: warnings are on yellow. */
const BLIND_LIGHT = theme('#fbfbfa', 4.5, {
  ...LIGHT_TONES,
  good: '#0a66a8',
  warn: '#000000 on #f0e442',
  bad: '#b34a00',
  info: '#7c3f78',
  focus: '!#7c3f78',
  key: '!#7c3f78',
});
