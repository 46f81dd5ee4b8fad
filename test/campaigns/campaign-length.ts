/** How much of a campaign is to be run, and from which seed on. */
export interface CampaignLength {
  readonly count: number;
  readonly seed: number;
}

/**
 * Reads `[COUNT] [SEED]`, or `full [PART/PARTS]`: the whole length, or one of so many parts of it, which together are the
 * whole one.
 *
 * @param full the whole length
 * @param usual the length without arguments
 * @throws Error if they say neither
 */
export function campaignLength(
  [first, second]: readonly (string | undefined)[],
  { full, usual }: { readonly full: number; readonly usual: number },
): CampaignLength {
  if (first !== 'full') {
    const count = Number(first ?? usual);
    const seed = Number(second ?? Date.now() % 1_000_000);
    if (count >= 1 && seed >= 0) return { count, seed };
    throw new Error(`not a count and a seed: ${first} ${second}`);
  }
  const [, part, parts] = /^(\d+)\/(\d+)$/.exec(second ?? '1/1')?.map(Number) ?? [];
  if (part === undefined || parts === undefined || part < 1 || part > parts)
    throw new Error(`not a part, such as 1/4: ${second}`);
  const from = Math.floor((full * (part - 1)) / parts);
  return { count: Math.floor((full * part) / parts) - from, seed: 1 + from };
}
