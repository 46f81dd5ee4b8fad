import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Size of the young space, both halves, above which a daemon gets no faster. */
const ENOUGH_BYTES = 12_000_000;

/**
 * Stops the young space from growing to 48 MB, V8's limit, in a busy daemon. V8 shrinks the space while the daemon is
 * idle; then growth is allowed again, because with 2 MB a daemon is a third slower.
 */
export function boundYoungSpace(): void {
  let mayGrow = true;
  const observer = new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    if (young === undefined || young.space_size < ENOUGH_BYTES === mayGrow) return;
    mayGrow = !mayGrow;
    setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
  });
  observer.observe({ entryTypes: ['gc'] });
}
