import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/** The heap may grow to four times its size before V8 collects all of it: what V8 itself allows at most. */
const MOST_PERCENT = 300;
/** And at least by this, or a large heap would be collected all the time. */
const LEAST_PERCENT = 30;
/** In between, it may grow to this. */
const HEAP_BYTES = 48 * 1024 * 1024;

/**
 * Lets the heap of a daemon grow further before a full garbage collection, and keeps the space of new objects small. V8
 * 11 counts the bytes of buffers as growth of the heap, which is small in a daemon: with large messages, it would collect
 * all of it several times a second, and this would take a third of the daemon's CPU. With a thousand clients the heap is
 * larger, and may only grow a little. New objects of a daemon die young, so a larger space for them takes 30 MB of memory
 * and saves nothing. It also keeps the buffers of what was read in memory for longer: V8 does not count them there. Call
 * before the program loads its code, because that space does not shrink again.
 */
export function collectLessOften(): void {
  if (!process.versions.v8.startsWith('11.')) return;
  setGrowth(MOST_PERCENT);
  keepNewObjectsSmall();
  fullCollections.register({}, undefined);
}

/** The space of new objects stays as large as it is now, in every thread. */
export function keepNewObjectsSmall(): void {
  if (process.versions.v8.startsWith('11.')) setFlagsFromString('--semi-space-growth-factor=1');
}

/** By how many percent a heap that is this large after a collection may grow before the next one. */
export function growingPercent(usedBytes: number): number {
  const percent = Math.round(100 * (HEAP_BYTES / usedBytes - 1));
  return Math.min(MOST_PERCENT, Math.max(LEAST_PERCENT, percent));
}

/** Limits the growth after the next full collection by what the heap holds now. */
export function limitGrowth(): void {
  setGrowth(growingPercent(getHeapStatistics().used_heap_size));
}

function setGrowth(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}

/** Only a full collection finds that the registered object is garbage, so this is called after each of them. */
const fullCollections = new FinalizationRegistry<undefined>(() => {
  fullCollections.register({}, undefined);
  limitGrowth();
});
