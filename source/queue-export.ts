import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { QueueExport } from '../components/local-actions.ts';
import { lineOfQueued } from './queue-lines.ts';

/** Exports of one queue in one second. */
const TRIES = 20;
const NAME_CHARACTERS = 80;

/**
 * Creates a file of the directory for messages of a queue, `aioc-QUEUE-DATE.ndjson`, only for this user. It never
 * replaces a file.
 *
 * @throws Error with the system's reason
 */
export async function createExport(queue: string, directory: string): Promise<QueueExport> {
  const name = queue.replace(/[^\w.-]+/g, '-').slice(0, NAME_CHARACTERS);
  const date = new Date().toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '');
  for (let count = 1; ; count += 1) {
    const path = join(directory, `aioc-${name}-${date}${count === 1 ? '' : `-${count}`}.ndjson`);
    try {
      const file = await open(path, 'wx', 0o600);
      return {
        path,
        append: async (rows) => {
          await file.appendFile(rows.map((row) => `${lineOfQueued(row)}\n`).join(''));
        },
        close: () => file.close(),
      };
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST' || count >= TRIES) throw error;
    }
  }
}
