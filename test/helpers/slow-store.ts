import { MemoryStore } from '../../engine/storage/memory-store.ts';
import type { Store } from '../../engine/storage/store.ts';
import { SimulatedClock } from './simulated-clock.ts';

/** What is appended is there a moment later, as on a disk; appends settle in the order in which they were asked for. */
export function slowStore(): Store {
  const store = new MemoryStore(new SimulatedClock());
  const append = store.append.bind(store);
  store.append = async (...given) => {
    await new Promise((resolve) => setImmediate(resolve));
    return append(...given);
  };
  return store;
}
