import type { Line } from '../widgets/line.ts';

/** Lines that are shown together or not at all. */
export interface Section {
  readonly lines: readonly Line[];
  /** When there is no room, the section with the highest rank is left out first; rank 0 never is. */
  readonly rank: number;
}

/** As many sections as fit, with blank lines between them if there is room. */
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
