import { chmodSync } from 'node:fs';

const NOBODY = 65_534;

/**
 * Runs `action` without root's power to open every file, so that permission tests mean something when run as root too.
 * `directory`, the test's own, is opened for everybody to enter.
 */
export async function asNobody<T>(directory: string, action: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return action();
  chmodSync(directory, 0o755);
  process.seteuid?.(NOBODY);
  try {
    return await action();
  } finally {
    process.seteuid?.(0);
  }
}
