/** Ctrl-R: looks for an earlier line that contains what is typed, the newest first. */
import { graphemes } from '../terminal/width.ts';

/** Enough to find a line by. */
const NEEDLE_CHARACTERS_MAX = 200;

export class HistorySearch {
  /** Newest first, each once. */
  readonly #lines: readonly string[];
  #needle = '';
  #at = -1;

  /** @param lines oldest first */
  constructor(lines: readonly string[]) {
    this.#lines = [...new Set(lines.toReversed())];
  }

  get needle(): string {
    return this.#needle;
  }

  /** The line found; undefined when nothing is typed yet, and when no line has it. */
  get match(): string | undefined {
    return this.#lines[this.#at];
  }

  type(text: string): void {
    if (this.#needle.length + text.length > NEEDLE_CHARACTERS_MAX) return;
    this.#needle += text;
    // The line that is shown stays while it has the longer text, too.
    this.#look(Math.max(0, this.#at), 1);
  }

  erase(): void {
    this.#needle = graphemes(this.#needle).slice(0, -1).join('');
    this.#look(0, 1);
  }

  /** The next older line; false when there is none. */
  older(): boolean {
    return this.#move(this.#at + 1, 1);
  }

  newer(): boolean {
    return this.#move(this.#at - 1, -1);
  }

  #look(from: number, step: 1 | -1): void {
    this.#at = -1;
    this.#move(from, step);
  }

  #move(from: number, step: 1 | -1): boolean {
    if (this.#needle === '') return false;
    const needle = this.#needle.toLowerCase();
    for (let at = from; at >= 0 && at < this.#lines.length; at += step) {
      if (this.#lines[at]?.toLowerCase().includes(needle) !== true) continue;
      this.#at = at;
      return true;
    }
    return false;
  }
}
