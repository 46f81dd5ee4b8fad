import filesystem from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/**
 * From now on this process has no disk: every promise of one is rejected at once, as for a path that is not there. For
 * campaigns whose whole world is simulated and that would otherwise wait for the machine a hundred thousand times only to
 * hear the same.
 */
export function removeRealDisk(): void {
  const missing = Object.assign(new Error('ENOENT: this process has no disk'), { code: 'ENOENT' });
  const functions = filesystem as unknown as Record<string, unknown>;
  for (const [name, member] of Object.entries(functions))
    if (typeof member === 'function') functions[name] = () => Promise.reject(missing);
  syncBuiltinESMExports();
}
