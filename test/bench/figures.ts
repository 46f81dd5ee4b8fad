export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Between the two values around it, where it is none of them. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const [below = Number.NaN, above = below] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below + (above - below) * (place - Math.floor(place));
}

/** The ratio of each round, so that what slows a whole round slows both. */
export function ratios(over: readonly number[], under: readonly number[]): number[] {
  return over.map((value, round) => value / (under[round] ?? Number.NaN));
}

/** The largest distance from the median, as a share of it. */
export function deviation(values: readonly number[]): number {
  const middle = median(values);
  return Math.max(...values.map((value) => Math.abs(value - middle) / middle));
}

/** Three digits that mean something, and thousands apart. */
export function text(value: number): string {
  const digits = Math.abs(value) >= 100 || value === 0 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const tiny = value !== 0 && Math.abs(value) < 0.1;
  return tiny ? value.toPrecision(2) : value.toLocaleString('en', { maximumFractionDigits: digits });
}

/** `1,234 (1,100..1,400)`: the median, the least and the most. */
export function spread(values: readonly number[]): string {
  if (values.length === 1) return text(median(values));
  return `${text(median(values))} (${text(Math.min(...values))}..${text(Math.max(...values))})`;
}
