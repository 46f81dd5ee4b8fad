import type { Paste } from './key-event.ts';

/** A longer paste is cut. This is what the chat can send at once. */
export const PASTE_MAX_BYTES = 1024 * 1024;
const END = '\x1b[201~';

/** Collects a bracketed paste in bounded memory and linear time. */
export class PasteCollector {
  #parts: string[] = [];
  #sizeBytes = 0;
  #truncated = false;
  /** The last characters, which can be the start of the closing bracket. */
  #tail = '';

  /** Takes more input. Returns the text after the closing bracket, or undefined while there is none. */
  take(text: string): string | undefined {
    const joined = this.#tail + text;
    const end = joined.indexOf(END);
    if (end >= 0) {
      this.#keep(joined.slice(0, end));
      this.#tail = '';
      return joined.slice(end + END.length);
    }
    const tailLength = longestTail(joined);
    this.#keep(joined.slice(0, joined.length - tailLength));
    this.#tail = joined.slice(joined.length - tailLength);
    return undefined;
  }

  /** Returns the paste so far and starts a new one. */
  finish(): Paste {
    this.#keep(this.#tail);
    // Terminals send a line end as CR.
    const text = this.#parts.join('').replace(/\r\n?/g, '\n');
    const paste: Paste = { kind: 'paste', text, truncated: this.#truncated };
    this.#parts = [];
    this.#sizeBytes = 0;
    this.#truncated = false;
    this.#tail = '';
    return paste;
  }

  #keep(text: string): void {
    if (this.#truncated || text === '') return;
    const kept = cutToBytes(text, PASTE_MAX_BYTES - this.#sizeBytes);
    this.#truncated = kept.length < text.length;
    this.#parts.push(kept);
    this.#sizeBytes += Buffer.byteLength(kept);
  }
}

/** The longest beginning of `text` that takes at most `sizeBytes` in UTF-8 and splits no character. */
export function cutToBytes(text: string, sizeBytes: number): string {
  if (text.length * 3 <= sizeBytes || Buffer.byteLength(text) <= sizeBytes) return text;
  const bytes = Buffer.from(text.slice(0, sizeBytes));
  let end = Math.min(sizeBytes, bytes.length);
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  // A surrogate pair that the slice has split would come back as a replacement character.
  const cut = bytes.toString('utf8', 0, end);
  return text.startsWith(cut) ? cut : cut.slice(0, -1);
}

function longestTail(text: string): number {
  for (let length = Math.min(END.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(END.slice(0, length))) return length;
  }
  return 0;
}
