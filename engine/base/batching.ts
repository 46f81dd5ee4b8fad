/**
 * Runs `action` after everything that the current event caused, promises included, and before the next event. So
 * everything that one event causes can leave in one write, without added latency.
 */
export function afterMicrotasks(action: () => void): void {
  // A tick callback runs when the microtask queue is empty, but only if a microtask requested it.
  nextMicrotask(() => process.nextTick(action));
}

/** Runs `action` after the current code, before callbacks of promises that settle later. */
export function nextMicrotask(action: () => void): void {
  void DONE.then(action);
}

/** Awaiting this promise is cheaper than queueMicrotask. */
const DONE = Promise.resolve();
