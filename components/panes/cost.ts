/** What drawing costs: for `F12`. */
import { bytesText, countText } from '../state/format.ts';
import type { ScreenStats } from '../terminal/frame-times.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { cellLeft, cellRight, type Line, plain } from '../widgets/line.ts';

const LABEL_CELLS = 17;
const VALUE_CELLS = 10;
export const COST_CELLS = LABEL_CELLS + VALUE_CELLS + 2;

/** All since the start, but for the times, which are of the last 1,000 frames. */
export function costLines(stats: ScreenStats, skippedUpdates: number): readonly Line[] {
  const { frames, medianMs, p99Ms, bytesWritten, rows } = stats;
  const figures: readonly (readonly [string, SafeText])[] = [
    ['frames', countText(frames)],
    ['bytes', bytesText(bytesWritten)],
    ['frame, median', msText(medianMs)],
    ['frame, p99', msText(p99Ms)],
    ['rows drawn', countText(rows.composed)],
    ['rows kept', countText(rows.kept)],
    ['updates skipped', countText(skippedUpdates)],
  ];
  return figures.map(([label, value]) => [
    plain(' ', 'selected'),
    cellLeft(trusted(label), LABEL_CELLS, 'selected'),
    cellRight(value, VALUE_CELLS, 'selected'),
    plain(' ', 'selected'),
  ]);
}

function msText(ms: number): SafeText {
  return safe`${trusted(ms.toFixed(1))} ms`;
}
