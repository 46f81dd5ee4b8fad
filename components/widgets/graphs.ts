import type { SafeText } from '../terminal/sanitize.ts';
import { trusted } from '../terminal/sanitize.ts';

const LEVELS = '▁▂▃▄▅▆▇█';
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/**
 * One bar for each of the last `width` values, scaled to the highest. A value above zero is always higher than the
 * lowest bar, so that little traffic differs from none.
 */
export function sparkline(values: readonly number[], width: number): SafeText {
  const shown = values.slice(-width);
  const highest = Math.max(...shown, 0);
  const bars = shown.map((value) => {
    if (highest === 0 || value <= 0) return LEVELS[0];
    return LEVELS[Math.max(1, Math.round((value / highest) * (LEVELS.length - 1)))];
  });
  return trusted((LEVELS[0] as string).repeat(Math.max(0, width - shown.length)) + bars.join(''));
}

/** `█████▌░░░░` in `width` cells; `fraction` from 0 to 1. */
export function progressBar(fraction: number, width: number): SafeText {
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * width * 8);
  const full = Math.floor(eighths / 8);
  const part = EIGHTHS[eighths % 8] ?? '';
  return trusted('█'.repeat(full) + part + '░'.repeat(Math.max(0, width - full - part.length)));
}
