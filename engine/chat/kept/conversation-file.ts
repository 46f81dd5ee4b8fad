import { type Disk, type DiskFile, readWhole, writeWhole } from '../../base/disk.ts';
import { systemCode } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import {
  compacted,
  contentOfFile,
  type KeptContent,
  type KeptRecord,
  recordText,
  withoutOldNumbers,
} from './records.ts';

export interface ConversationFileOptions {
  readonly disk: Disk;
  /** Its directory must exist. */
  readonly path: string;
  /** The file cannot be written; undefined: it can again. */
  readonly onTrouble: (error: Error | undefined) => void;
}

/**
 * The file of one conversation: lines of JSON that are only appended, until it is too large. `add` returns at once;
 * the file is written later.
 */
export class ConversationFile {
  readonly #options: ConversationFileOptions;
  #pending: KeptRecord[] = [];
  #writing: Promise<void> | undefined;

  constructor(options: ConversationFileOptions) {
    this.#options = options;
  }

  /** What it holds; nothing if there is no such file. @throws the system's error */
  async read(): Promise<KeptContent> {
    return contentOfFile((await this.#bytes())?.toString() ?? '');
  }

  add(record: KeptRecord): void {
    this.#pending.push(record);
    this.#writing ??= Promise.resolve()
      .then(() => this.#writeAll())
      .finally(() => {
        this.#writing = undefined;
      });
  }

  /** Resolves when everything that was added is written, or cannot be. */
  async saved(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#pending.length > 0) {
      const records = withoutOldNumbers(this.#pending);
      this.#pending = [];
      try {
        await this.#append(records.map((record) => `${recordText(record)}\n`).join(''));
        this.#options.onTrouble(undefined);
      } catch (error) {
        // These rows are not kept. The next ones are tried again.
        this.#options.onTrouble(error as Error);
      }
    }
  }

  async #append(text: string): Promise<void> {
    const file = (await this.#open('write')) ?? (await this.#options.disk.open(this.#options.path, 'create'));
    let sizeBytes: number;
    try {
      sizeBytes = await file.size();
      // A crash may have torn the last line.
      const isTorn = sizeBytes > 0 && (await lastByteOf(file, sizeBytes)) !== NEWLINE;
      const bytes = Buffer.from(`${isTorn ? '\n' : ''}${text}`);
      await writeWhole(file, [bytes], sizeBytes);
      sizeBytes += bytes.length;
    } finally {
      await file.close();
    }
    if (sizeBytes > LIMITS.conversationFileBytes) await this.#compact();
  }

  async #compact(): Promise<void> {
    const { disk, path } = this.#options;
    const text = compacted(await this.read(), LIMITS.conversationKeptBytes);
    const unfinished = `${path}.new`;
    await disk.remove(unfinished).catch(() => undefined);
    const file = await disk.open(unfinished, 'create');
    try {
      await writeWhole(file, [Buffer.from(text)], 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.rename(unfinished, path);
  }

  async #bytes(): Promise<Buffer | undefined> {
    const file = await this.#open('read');
    if (file === undefined) return undefined;
    try {
      const sizeBytes = await file.size();
      // More than aioc writes: another program has.
      const most = Math.min(sizeBytes, 2 * LIMITS.conversationFileBytes);
      const bytes = Buffer.alloc(most);
      const read = await readWhole(file, bytes, sizeBytes - most);
      return bytes.subarray(0, read);
    } finally {
      await file.close();
    }
  }

  async #open(how: 'write' | 'read'): Promise<DiskFile | undefined> {
    try {
      return await this.#options.disk.open(this.#options.path, how);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}

const NEWLINE = 10;

async function lastByteOf(file: DiskFile, sizeBytes: number): Promise<number | undefined> {
  const byte = Buffer.alloc(1);
  await readWhole(file, byte, sizeBytes - 1);
  return byte[0];
}
