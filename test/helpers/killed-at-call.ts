import { AsyncLocalStorage } from 'node:async_hooks';
import filesystem from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { devNull } from 'node:os';

/** A process that is killed before a call: none of its later calls is made, and none of its promises settles. */
interface Doomed {
  callsLeft: number;
  calls: number;
  onKill: () => void;
}

const doomed = new AsyncLocalStorage<Doomed>();
const CALLS = [
  'rename',
  'link',
  'unlink',
  'mkdir',
  'rmdir',
  'symlink',
  'writeFile',
  'open',
  'chmod',
  'rm',
  'lutimes',
];
const HANDLE_CALLS = ['write', 'writeFile', 'sync', 'datasync', 'chmod', 'utimes', 'truncate', 'close'];
let isReady = false;

function counted(original: (...args: unknown[]) => unknown) {
  return function (this: unknown, ...args: unknown[]): unknown {
    const process = doomed.getStore();
    if (process !== undefined) {
      process.calls += 1;
      if (process.callsLeft <= 0) {
        process.onKill();
        return new Promise(() => undefined);
      }
      process.callsLeft -= 1;
    }
    return original.apply(this, args);
  };
}

/** Counts the calls of this process that change something on the disk, or may. */
async function prepare(): Promise<void> {
  if (isReady) return;
  isReady = true;
  const handle = await filesystem.open(devNull);
  const prototype = Object.getPrototypeOf(handle) as Record<string, (...args: unknown[]) => unknown>;
  await handle.close();
  for (const [owner, names] of [
    [filesystem as unknown as typeof prototype, CALLS],
    [prototype, HANDLE_CALLS],
  ] as const)
    for (const name of names) {
      const original = owner[name];
      if (original !== undefined) owner[name] = counted(original);
    }
  syncBuiltinESMExports();
}

/**
 * Runs an action until it has made so many calls that change something on the disk, as if the process were killed there.
 * @returns whether it was killed; false: it came to its end
 */
export async function killedAtCall(calls: number, action: () => Promise<unknown>): Promise<boolean> {
  await prepare();
  return new Promise((resolve, reject) => {
    const process: Doomed = { callsLeft: calls, calls: 0, onKill: () => resolve(true) };
    doomed.run(process, () => action().then(() => resolve(false), reject));
  });
}
