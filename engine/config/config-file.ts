import { rewriteDurably } from '../base/atomic-file.ts';
import { AiocError, systemCode } from '../base/errors.ts';
import { SerialQueue } from '../base/serial-queue.ts';
import { withJsonValue } from './json-edit.ts';
import { parsedConfigText } from './load-config.ts';

/** Writes what was changed while a connector ran back into its configuration file, one change after another. */
export class ConfigFile {
  readonly #path: string;
  readonly #queue = new SerialQueue();

  /** @param path a full path: the working directory may change */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Writes the value of one key; nothing else of the file changes.
   *
   * @throws AiocError AIOC_CONFIG saying which file could not be written, and why
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
  EACCES: 'this user may not write it',
  EPERM: 'this user may not write it',
  EROFS: 'its disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'it is not there any more',
};
