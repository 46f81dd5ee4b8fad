import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Both halves together. From 8 MB a half on a daemon's speed gains nothing by more. */
const ENOUGH_BYTES = 16_000_000;

/**
 * Keeps the room for young objects from growing to the 48 MB that it may take of a busy daemon's memory: once it is
 * large enough it grows no more.
 */
export function boundYoungSpace(): void {
  const observer = new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    if (young === undefined || young.space_size < ENOUGH_BYTES) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    observer.disconnect();
  });
  observer.observe({ entryTypes: ['gc'] });
}
