/** Which ground (background) the terminal has, for the theme `auto`. Nothing waits for the answer. */
import type { Rgb } from '../themes/colours.ts';
import type { TerminalGround } from '../themes/palette.ts';

/** OSC 11 asks for the colour of the background; a terminal that does not know it says nothing. */
export const GROUND_QUERY = '\x1b]11;?\x1b\\';
/** The dark ones of the sixteen colours; 7 is light grey, 8 dark grey. */
const DARK_INDEXES = [0, 1, 2, 3, 4, 5, 6, 8];

/** COLORFGBG, which some terminals set: `15;0`, or `15;default;0`; the last one is the background. */
export function groundFromEnvironment(env: Readonly<Record<string, string | undefined>>): TerminalGround {
  const last = /;(\d{1,2})$/.exec(env['COLORFGBG'] ?? '')?.[1];
  if (last === undefined || Number(last) > 15) return undefined;
  return DARK_INDEXES.includes(Number(last)) ? 'dark' : 'light';
}

/** False for terminals that would show the question, or a part of it. */
export function answersGroundQuery(env: Readonly<Record<string, string | undefined>>): boolean {
  return !['', 'dumb', 'linux', 'cons25', 'vt100', 'vt220'].includes(env['TERM'] ?? '');
}

/** The answer to GROUND_QUERY, `11;rgb:RRRR/GGGG/BBBB` with one to four digits each; undefined for any other text. */
export function groundFromReport(report: string): Rgb | undefined {
  const found = /^11;rgba?:([0-9a-f]{1,4})\/([0-9a-f]{1,4})\/([0-9a-f]{1,4})(?:\/[0-9a-f]{1,4})?$/i.exec(
    report,
  );
  if (found === null) return undefined;
  const [, red = '', green = '', blue = ''] = found;
  return [channel(red), channel(green), channel(blue)];
}

function channel(digits: string): number {
  return Math.round((Number.parseInt(digits, 16) / (16 ** digits.length - 1)) * 255);
}
