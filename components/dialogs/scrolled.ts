const PAGE: Readonly<Record<string, (rows: number) => number>> = {
  j: () => 1,
  down: () => 1,
  k: () => -1,
  up: () => -1,
  pagedown: (rows) => rows - 1,
  pageup: (rows) => 1 - rows,
  home: () => Number.NEGATIVE_INFINITY,
  g: () => Number.NEGATIVE_INFINITY,
  end: () => Number.POSITIVE_INFINITY,
  G: () => Number.POSITIVE_INFINITY,
};

/** The first line shown after a key; undefined for a key that does not scroll. */
export function scrolled(
  chord: string,
  top: number,
  { count, rows }: { readonly count: number; readonly rows: number },
): number | undefined {
  const step = PAGE[chord]?.(rows);
  return step === undefined ? undefined : Math.max(0, Math.min(top + step, count - rows));
}
