import { rewriteDurably } from '../base/atomic-file.ts';
import { AiocError, systemCode } from '../base/errors.ts';
import { SerialQueue } from '../base/serial-queue.ts';
import { withJsonValue } from './json-edit.ts';
import { parsedConfigText } from './load-config.ts';

/** Saves changes made while a connector runs to its configuration file, one at a time. */
export class ConfigFile {
  readonly #path: string;
  readonly #queue = new SerialQueue();

  /** @param path an absolute path */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Writes the value of one key and leaves the rest of the file as it is.
   *
   * @throws AiocError AIOC_CONFIG if the file cannot be written
   */
  set(key: string, value: unknown): Promise<void> {
    return this.#queue.run(() => this.#write(key, value));
  }

  async #write(key: string, value: unknown): Promise<void> {
    try {
      await rewriteDurably(this.#path, (text) => {
        parsedConfigText(this.#path, text);
        return withJsonValue(text, key, value);
      });
    } catch (error) {
      const code = systemCode(error) ?? '';
      if (error instanceof AiocError) throw error;
      const why = WHY[code] ?? (error instanceof Error ? error.message : String(error));
      throw new AiocError('AIOC_CONFIG', `${this.#path}: ${why}`, { cause: error });
    }
  }
}

const WHY: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is exceeded',
  ENOENT: 'the file no longer exists',
};
