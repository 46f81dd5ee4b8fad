/** Lines on the normal screen, one under the other: nothing that was written is changed. */
import { type SafeText, sanitize } from './sanitize.ts';
import { graphemes, textWidth } from './width.ts';

const BACK = '\b \b';

export class LinearOutput {
  readonly #write: (text: string) => void;
  readonly #ascii: ((text: SafeText) => string) | undefined;
  /** The line under the last one: what the user types. */
  #typed = '';
  #isTyping = false;

  /** @param ascii makes a text one of ASCII, for a terminal without Unicode */
  constructor(write: (text: string) => void, ascii?: (text: SafeText) => string) {
    this.#write = write;
    this.#ascii = ascii;
  }

  /** Writes lines, and what is being typed under them again. */
  say(texts: readonly SafeText[]): void {
    if (texts.length === 0) return;
    const lines = texts.map((text) => `${this.#shown(text)}\n`).join('');
    this.#write(this.#isTyping ? `\n${lines}${this.#typed}` : lines);
  }

  /** What is being typed now: new characters are appended, the last one is taken back; any other change is a new line. */
  typed(line: SafeText | undefined): void {
    const next = line === undefined ? '' : this.#shown(line);
    const before = this.#typed;
    if (line === undefined) {
      if (this.#isTyping) this.#write('\n');
    } else if (!this.#isTyping) this.#write(next);
    else if (next.startsWith(before)) this.#write(next.slice(before.length));
    else if (isLastTakenBack(before, next)) this.#write(BACK.repeat(textWidth(before.slice(next.length))));
    else this.#write(`\n${next}`);
    this.#typed = next;
    this.#isTyping = line !== undefined;
  }

  /** A sequence of our own that draws nothing. */
  command(sequence: string): void {
    this.#write(sequence);
  }

  /** Whatever comes here, no control character reaches the terminal. */
  #shown(text: SafeText): string {
    const safe = sanitize(text);
    return this.#ascii?.(safe) ?? safe;
  }
}

function isLastTakenBack(before: string, next: string): boolean {
  return before.startsWith(next) && graphemes(before.slice(next.length)).length === 1;
}
