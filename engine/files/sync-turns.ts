import { LIMITS } from '../base/limits.ts';

const waiting: (() => void)[] = [];
let running = 0;

/**
 * Syncs a received file when it is its turn: at most LIMITS.filesSynced at a time, of all peers. Node has four threads for
 * files, and a sync of many megabytes takes long. With a thread each, ten files that arrive would leave none for the
 * journal, and all messages would wait.
 */
export async function inSyncTurn(sync: () => Promise<void>): Promise<void> {
  if (running >= LIMITS.filesSynced) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    await sync();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}
