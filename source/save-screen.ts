import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Screens saved in one second. */
const TRIES = 20;

/**
 * Writes what the screen shows into a new file of the directory, `aioc-screen-DATE.txt`, only for this user. It never
 * replaces a file.
 *
 * @returns its path
 * @throws Error with the system's reason
 */
export async function saveScreen(text: string, directory: string): Promise<string> {
  const date = new Date().toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '');
  for (let count = 1; ; count += 1) {
    const path = join(directory, `aioc-screen-${date}${count === 1 ? '' : `-${count}`}.txt`);
    try {
      await writeFile(path, text, { mode: 0o600, flag: 'wx' });
      return path;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST' || count >= TRIES) throw error;
    }
  }
}
