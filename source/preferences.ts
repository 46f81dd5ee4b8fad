import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceDurably, SerialQueue } from '../engine/screen-side.ts';

/** Longer files are not ours. */
const CHARACTERS_MAX = 64 * 1024;

/** What the screen remembers between runs, in `screen.json` of the state directory. */
export class Preferences {
  readonly #file: string;
  readonly #directory: string;
  readonly #queue = new SerialQueue();

  constructor(stateDirectory: string) {
    this.#directory = stateDirectory;
    this.#file = join(stateDirectory, 'screen.json');
  }

  /** undefined if there are none, or the file cannot be read. */
  async load(): Promise<unknown> {
    try {
      const text = await readFile(this.#file, 'utf8');
      return text.length > CHARACTERS_MAX ? undefined : JSON.parse(text);
    } catch {
      return undefined;
    }
  }

  /** What cannot be written must not disturb the screen: it is forgotten. */
  save(preferences: unknown): void {
    this.#queue.run(() => this.#write(preferences)).catch(() => undefined);
  }

  async #write(preferences: unknown): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await replaceDurably(this.#file, `${JSON.stringify(preferences)}\n`, { mode: 0o600 });
  }
}
