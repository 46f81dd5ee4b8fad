import { LIMITS } from '../base/limits.ts';

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/**
 * How far the clock of this machine is from the server's, in a sentence.
 *
 * @param aheadMs positive when it is ahead
 * @returns undefined when it is near enough
 */
export function clockSkew(aheadMs: number): string | undefined {
  const sizeMs = Math.abs(aheadMs);
  if (sizeMs < LIMITS.clockSkewMs) return undefined;
  const [unit, unitMs] = UNITS.find(([, ms]) => sizeMs >= ms) ?? UNITS[2];
  const count = Math.round(sizeMs / unitMs);
  const side = aheadMs > 0 ? 'ahead of' : 'behind';
  return `the clock of this machine is ${count} ${unit}${count === 1 ? '' : 's'} ${side} the server’s: set it right`;
}
