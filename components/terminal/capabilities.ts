/** What the terminal can show, read from the environment: to query the terminal takes time and can hang. */
export type ColorDepth = 'none' | '16' | '256' | 'truecolor';

export interface TerminalCapabilities {
  readonly colorDepth: ColorDepth;
  /** False: draw with ASCII only. */
  readonly unicode: boolean;
  /** AIOC_REDUCED_MOTION: the user wants nothing to move. */
  readonly isStill: boolean;
}

type TerminalEnvironment = Readonly<Record<string, string | undefined>>;

/** Colours and characters to use. A non-empty NO_COLOR always wins. */
export function detectCapabilities(env: TerminalEnvironment, stdoutIsTty: boolean): TerminalCapabilities {
  const still = env['AIOC_REDUCED_MOTION'] ?? '';
  return {
    colorDepth: colorDepth(env, stdoutIsTty),
    unicode: unicode(env),
    isStill: still !== '' && still !== '0',
  };
}

function colorDepth(env: TerminalEnvironment, stdoutIsTty: boolean): ColorDepth {
  const term = env['TERM'] ?? '';
  if (env['NO_COLOR'] || !stdoutIsTty || term === 'dumb') return 'none';
  if (/^(truecolor|24bit)$/i.test(env['COLORTERM'] ?? '') || env['WT_SESSION']) return 'truecolor';
  if (/kitty|alacritty|wezterm|ghostty|foot|-direct/.test(term)) return 'truecolor';
  return /256/.test(term) ? '256' : '16';
}

function unicode(env: TerminalEnvironment): boolean {
  const term = env['TERM'] ?? '';
  // The console of Linux decodes UTF-8, but its font has neither rounded borders nor sparklines.
  if (term === 'dumb' || term === 'linux') return false;
  if (env['WT_SESSION']) return true;
  // The first variable that is set decides, as in the C library.
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return /utf-?8/i.test(locale);
}
