/**
 * A line of text with a cursor, both counted in graphemes. The graphemes on each side of the cursor are a stack, so
 * that typing costs the same in a megabyte as in an empty line.
 */
import { graphemes } from '../terminal/width.ts';

const PLAIN_RUN = /^[\x20-\x7e]{3,}$/;

export class GraphemeBuffer {
  #before: string[] = [];
  /** The nearest to the cursor last. */
  #after: string[] = [];
  #sizeBytes = 0;

  get text(): string {
    return this.#before.join('') + this.#after.slice().reverse().join('');
  }

  get textBefore(): string {
    return this.#before.join('');
  }

  /** In UTF-8. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get length(): number {
    return this.#before.length + this.#after.length;
  }

  get cursor(): number {
    return this.#before.length;
  }

  at(index: number): string | undefined {
    const { length } = this.#before;
    return index < length ? this.#before[index] : this.#after[this.#after.length - 1 - (index - length)];
  }

  /** Puts the cursor before the grapheme at `index`, or at the nearest end. */
  moveTo(index: number): void {
    while (this.#before.length > index && this.#before.length > 0) this.#after.push(this.#before.pop() ?? '');
    while (this.#before.length < index && this.#after.length > 0) this.#before.push(this.#after.pop() ?? '');
  }

  /** Inserts text and puts the cursor after it, or after the grapheme that its end has joined. */
  insert(text: string): void {
    this.#sizeBytes += Buffer.byteLength(text);
    if (!PLAIN_RUN.test(text)) {
      this.#join(text);
      return;
    }
    // Plain characters never join, so only the two ends need a check: the first with what is before, the last with what
    // is behind.
    this.#before.push(...graphemes((this.#before.pop() ?? '') + text.slice(0, 1)));
    for (let index = 1; index < text.length - 1; index += 1) this.#before.push(text.charAt(index));
    this.#join(text.slice(-1));
  }

  /** Removes and returns the text between the cursor and the grapheme at `index`. */
  removeTo(index: number): string {
    const removed =
      index < this.cursor
        ? this.#before.splice(Math.max(0, index)).join('')
        : this.#after
            .splice(Math.max(0, this.length - index))
            .reverse()
            .join('');
    this.#sizeBytes -= Buffer.byteLength(removed);
    this.#join('');
    return removed;
  }

  clear(): void {
    this.#before = [];
    this.#after = [];
    this.#sizeBytes = 0;
  }

  /**
   * Puts `text` between the two sides and segments it again where they meet. Text after a boundary is segmented
   * independently, so the work ends at the first old boundary that is still one.
   */
  #join(text: string): void {
    const last = this.#before.pop() ?? '';
    const cursorUnits = last.length + text.length;
    let parts = graphemes(last + text);
    for (let next = this.#after.at(-1); next !== undefined; next = this.#after.at(-1)) {
      const end = parts.at(-1) ?? '';
      const joined = graphemes(end + next);
      if (end === '' || joined[0] === end) break;
      this.#after.pop();
      parts = [...parts.slice(0, -1), ...joined];
    }
    let packets = 0;
    const behind: string[] = [];
    for (const part of parts) {
      if (packets < cursorUnits) this.#before.push(part);
      else behind.push(part);
      packets += part.length;
    }
    for (const part of behind.reverse()) this.#after.push(part);
  }
}
