import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceDurably, SerialQueue } from '../engine/screen-side.ts';

const LINES_KEPT = 500;
/** The file may grow to this many lines before it is cut back. */
const LINES_MAX = 2_000;

/** The lines typed into the chat, saved for the next start. Lines that begin with a space are not saved. */
export class ChatHistory {
  readonly #file: string;
  readonly #directory: string;
  readonly #queue = new SerialQueue();

  constructor(stateDirectory: string) {
    this.#directory = stateDirectory;
    this.#file = join(stateDirectory, 'chat-history');
  }

  /** Oldest first; empty if the file cannot be read. */
  async load(): Promise<readonly string[]> {
    const text = await readFile(this.#file, 'utf8').catch(() => '');
    const lines = text.split('\n').filter((line) => line !== '');
    if (lines.length > LINES_MAX) {
      const kept = `${lines.slice(-LINES_KEPT).join('\n')}\n`;
      await replaceDurably(this.#file, kept, { mode: 0o600 }).catch(() => undefined);
    }
    return lines.slice(-LINES_KEPT);
  }

  save(line: string): void {
    if (line.startsWith(' ') || line.includes('\n')) return;
    // Lines keep their order. A history that cannot be written must not disturb the chat.
    this.#queue.run(() => this.#append(line)).catch(() => undefined);
  }

  async #append(line: string): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await appendFile(this.#file, `${line}\n`, { mode: 0o600 });
  }
}
