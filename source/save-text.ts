import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Texts saved in one second. */
const TRIES = 20;

/**
 * Writes the screen or a text into a new file of the directory, `aioc-screen-DATE.txt`, only for this user. It never
 * replaces a file.
 *
 * @returns its path
 * @throws Error with the system's reason
 */
export async function saveText(
  text: string,
  { what, directory }: { readonly what: 'screen' | 'text'; readonly directory: string },
): Promise<string> {
  const date = new Date().toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '');
  for (let count = 1; ; count += 1) {
    const path = join(directory, `aioc-${what}-${date}${count === 1 ? '' : `-${count}`}.txt`);
    try {
      await writeFile(path, text, { mode: 0o600, flag: 'wx' });
      return path;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST' || count >= TRIES) throw error;
    }
  }
}
