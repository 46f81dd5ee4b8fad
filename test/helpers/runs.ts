/**
 * How often a property is tried: often enough to find the usual mistakes in `npm test`, and `AIOC_TEST_RUNS` times as
 * often in `npm run campaign:properties`.
 */
export function runs(usual: number): number {
  return Math.ceil(usual * Number(process.env['AIOC_TEST_RUNS'] ?? 1));
}
