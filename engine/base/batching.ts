/**
 * Does something when all that the present event has set off is done, promises included, and before the next event is
 * looked at: what has come together by then goes in one piece, and nothing waits for it.
 */
export function afterMicrotasks(action: () => void): void {
  // What is due in the next tick follows when no promise has anything left to do, but only if it was asked for by one.
  nextMicrotask(() => process.nextTick(action));
}

/** Does something when what runs now is done, before promises that come to be settled after this. */
export function nextMicrotask(action: () => void): void {
  void DONE.then(action);
}

/** Cheaper to wait for than what queueMicrotask makes. */
const DONE = Promise.resolve();
