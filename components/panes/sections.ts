import type { Line } from '../widgets/line.ts';

/** Lines that belong together: they are shown whole or not at all. */
export interface Section {
  readonly lines: readonly Line[];
  /** The section with the highest number is the first that is left out when there is no room; 0 never is. */
  readonly rank: number;
}

/** As many sections as fit, with a blank line between them if there is room for that too. */
export function fitting(sections: readonly Section[], height: number): readonly Line[] {
  const kept = sections.filter(({ lines }) => lines.length > 0);
  const rows = (): number => kept.reduce((sum, { lines }) => sum + lines.length, 0);
  while (rows() > height) {
    const worst = Math.max(...kept.map(({ rank }) => rank));
    if (worst <= 0) break;
    kept.splice(
      kept.findLastIndex(({ rank }) => rank === worst),
      1,
    );
  }
  const hasGaps = rows() + kept.length - 1 <= height;
  return kept.flatMap(({ lines }, index) => (hasGaps && index > 0 ? [[], ...lines] : lines));
}
