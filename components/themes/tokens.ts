/**
 * Tones are meanings, not colours. A tone repeats what a glyph or a word says, so that a terminal without colours loses
 * nothing. `palette.ts` says how they look.
 */
export const TONES = [
  'plain',
  'faint',
  'strong',
  'good',
  'warn',
  'bad',
  'info',
  'focus',
  'key',
  'selected',
  'choice',
] as const;

export type Tone = (typeof TONES)[number];

/** How the tones look on a terminal: the parameters of an SGR sequence for each; empty for none. */
export interface TonePalette {
  readonly tones: Readonly<Record<Tone, string>>;
  /** Of cells that nothing is drawn in. */
  readonly blank: string;
}

/** The colours are the terminal's sixteen, which the user has already made readable. */
export const TERMINAL_PALETTE: TonePalette = {
  tones: {
    plain: '',
    faint: '2',
    strong: '1',
    good: '32',
    warn: '33',
    bad: '31',
    info: '36',
    focus: '1;36',
    key: '1;36',
    selected: '7',
    choice: '1;7',
  },
  blank: '',
};

/** Without colours: only bold, faint and inverse. */
export const MONO_PALETTE: TonePalette = {
  tones: {
    plain: '',
    faint: '2',
    strong: '1',
    good: '',
    warn: '1',
    bad: '1',
    info: '',
    focus: '1',
    key: '1',
    selected: '7',
    choice: '1;7',
  },
  blank: '',
};
