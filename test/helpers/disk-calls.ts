import { AsyncLocalStorage } from 'node:async_hooks';
import waiting from 'node:fs';
import filesystem from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { devNull } from 'node:os';

/** Called before each call to the disk. A promise that never settles: the call is never made. */
type BeforeCall = (name: string) => Promise<never> | undefined;

const observed = new AsyncLocalStorage<BeforeCall>();
const CHANGING = [
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
];
const CALLS = [
  ...CHANGING,
  'utimes',
  'lutimes',
  'lstat',
  'opendir',
  'readlink',
  'realpath',
  'stat',
  'statfs',
];
/** With which small files are made. */
const WAITING_CALLS = ['openSync', 'writeSync', 'ftruncateSync', 'fchmodSync', 'futimesSync', 'closeSync'];
const HANDLE_CALLS = ['write', 'writeFile', 'sync', 'datasync', 'chmod', 'utimes', 'truncate', 'close'];

/** What a killed action leaves open: newer Nodes end a process that collects an open handle as garbage. */
const leftOpen = new Set<unknown>();

function keepOpen(prototype: Record<string, (...args: unknown[]) => unknown>): void {
  const files = filesystem as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  for (const name of ['open', 'opendir']) {
    const original = files[name] as (...args: unknown[]) => Promise<unknown>;
    files[name] = async (...args) => {
      const opened = await original(...args);
      // A file that was opened before is left open, too. A listed directory closes itself: a campaign lists many.
      if (name === 'open' || observed.getStore() !== undefined) leftOpen.add(opened);
      return opened;
    };
  }
  const close = prototype['close'] as (...args: unknown[]) => unknown;
  prototype['close'] = function (this: unknown, ...args: unknown[]): unknown {
    leftOpen.delete(this);
    return close.apply(this, args);
  };
}

function watched(name: string, original: (...args: unknown[]) => unknown) {
  return function (this: unknown, ...args: unknown[]): unknown {
    return observed.getStore()?.(name) ?? original.apply(this, args);
  };
}

async function prepare(): Promise<void> {
  const handle = await filesystem.open(devNull);
  const prototype = Object.getPrototypeOf(handle) as Record<string, (...args: unknown[]) => unknown>;
  await handle.close();
  keepOpen(prototype);
  for (const [owner, names] of [
    [filesystem as unknown as typeof prototype, CALLS],
    [waiting as unknown as typeof prototype, WAITING_CALLS],
    [prototype, HANDLE_CALLS],
  ] as const)
    for (const name of names) {
      const original = owner[name];
      if (original !== undefined) owner[name] = watched(name, original);
    }
  syncBuiltinESMExports();
}

await prepare();

/** Runs an action, and calls `before` ahead of each call that it makes to the real disk. */
export async function withEachCall<T>(before: (call: number) => void, action: () => Promise<T>): Promise<T> {
  let calls = 0;
  const count: BeforeCall = () => {
    before(calls);
    calls += 1;
    return undefined;
  };
  return observed.run(count, action);
}

/**
 * Runs an action until it has made so many calls that change something on the disk, as if the process were killed there:
 * none of its later calls is made, and none of its promises settles.
 * @returns whether it was killed; false: it came to its end
 */
export async function killedAtCall(calls: number, action: () => Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let left = calls;
    const count: BeforeCall = (name) => {
      if (CALLS.includes(name) && !CHANGING.includes(name)) return undefined;
      left -= 1;
      if (left >= 0) return undefined;
      resolve(true);
      return new Promise<never>(() => undefined);
    };
    observed.run(count, () => action().then(() => resolve(false), reject));
  });
}
