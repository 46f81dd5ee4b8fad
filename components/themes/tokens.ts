/**
 * Tones are meanings, not colours. A tone repeats what a glyph or a word says, so that a terminal without colours loses
 * nothing. The colours are the terminal's sixteen, which the user has already made readable.
 */
export type Tone =
  | 'plain'
  | 'faint'
  | 'strong'
  | 'good'
  | 'warn'
  | 'bad'
  | 'info'
  | 'focus'
  | 'key'
  | 'selected'
  | 'choice';

const COLOURED: Record<Tone, string> = {
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
};

const COLOURLESS: Record<Tone, string> = {
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
};

/** The parameters of the SGR sequence for a tone; empty for none. */
export function styleOf(tone: Tone, colour: boolean): string {
  return (colour ? COLOURED : COLOURLESS)[tone];
}
