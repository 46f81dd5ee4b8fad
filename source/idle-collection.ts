import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { limitGrowth } from './heap-growth.ts';

/** How often to look whether the daemon is idle. */
const LOOK_MS = 10_000;
/** A daemon that uses less of a core than this is idle. */
const IDLE_SHARE = 0.02;
/** A collection must promise this much: a share of what the last one left, and bytes besides. */
const GARBAGE_SHARE = 0.25;
const GARBAGE_BYTES = 2 * 1024 * 1024;

/** What a collector looks at, and how it collects. */
interface Heap {
  /** Bytes in use, garbage included. */
  used(): number;
  /** Milliseconds of CPU that the process has used so far. */
  cpuMs(): number;
  collect(): void;
}

/** Decides when a daemon collects its garbage: once it is idle, if there may be much. */
export class IdleCollector {
  readonly #heap: Heap;
  #cpuMs: number;
  #leftBytes = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.#cpuMs = heap.cpuMs();
  }

  /** @param elapsedMs since the last call */
  look(elapsedMs: number): void {
    const cpuMs = this.#heap.cpuMs();
    const isIdle = cpuMs - this.#cpuMs < IDLE_SHARE * elapsedMs;
    this.#cpuMs = cpuMs;
    if (!isIdle || this.#heap.used() < this.#leftBytes * (1 + GARBAGE_SHARE) + GARBAGE_BYTES) return;
    this.#heap.collect();
    this.#leftBytes = this.#heap.used();
  }
}

/**
 * Lets an idle daemon collect its garbage and give the memory back. V8 collects only when the heap grows: after a thousand
 * clients have connected, a server would keep what their connecting has left behind, 40 MB, until there is much traffic.
 * The collection compacts the heap, since what remains is spread over most of its pages. It takes a tenth of a second at
 * most, and nothing waits for an idle daemon.
 */
export function collectWhenIdle(): void {
  if (!process.versions.v8.startsWith('11.')) return;
  const collect = collection();
  const cpuMs = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const collector = new IdleCollector({ used: () => getHeapStatistics().used_heap_size, cpuMs, collect });
  let lookedAt = performance.now();
  setInterval(() => {
    const now = performance.now();
    collector.look(now - lookedAt);
    lookedAt = now;
  }, LOOK_MS).unref();
}

function collection(): () => void {
  // A context that is made while this flag is set has the function.
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return () => {
    limitGrowth();
    setFlagsFromString('--compact-on-every-full-gc');
    collect();
    setFlagsFromString('--no-compact-on-every-full-gc');
  };
}
