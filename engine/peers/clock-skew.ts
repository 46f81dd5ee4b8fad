import { LIMITS } from '../base/limits.ts';

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/**
 * Describes how far this machine's clock is from the server's.
 *
 * @param aheadMs positive if this machine is ahead
 * @returns undefined if the difference is small
 */
export function clockSkew(aheadMs: number): string | undefined {
  const sizeMs = Math.abs(aheadMs);
  if (sizeMs < LIMITS.clockSkewMs) return undefined;
  const [unit, unitMs] = UNITS.find(([, ms]) => sizeMs >= ms) ?? UNITS[2];
  const count = Math.round(sizeMs / unitMs);
  const side = aheadMs > 0 ? 'ahead of' : 'behind';
  return `the clock of this machine is ${count} ${unit}${count === 1 ? '' : 's'} ${side} the server’s: correct it`;
}
