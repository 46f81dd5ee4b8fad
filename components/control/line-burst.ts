import type { HostClock, HostTimer } from '../host.ts';
import { chordOf } from '../keys/chord.ts';
import { type InputEvent, key } from '../terminal/key-event.ts';
import { cutToBytes, PASTE_MAX_BYTES } from '../terminal/paste-collector.ts';

/** Nobody presses Enter so soon after a letter, and a letter so soon after Enter. */
const HOLD_MS = 5;
/** A paste has ended when nothing more comes for so long: its pieces come one right after the other. */
const QUIET_MS = 25;

export interface LineBurstOptions {
  readonly clock: Pick<HostClock, 'after'>;
  /** Keys go to the chat line now. */
  readonly isWriting: () => boolean;
  readonly act: (event: InputEvent) => void;
}

/**
 * Tells typing from a paste of several lines in a terminal without bracketed paste: there, text comes right after Enter. In
 * the chat line, Enter waits a moment for it, and is part of the paste then, so that no line of it is sent or run.
 */
export class LineBurst {
  readonly #options: LineBurstOptions;
  /** Text has come within the last milliseconds. */
  #isFresh = false;
  /** Line ends that wait for what comes next. */
  #held = 0;
  #pasted: string[] | undefined;
  #sizeBytes = 0;
  #isTruncated = false;
  #timer: HostTimer | undefined;
  /** Something has come since the timer was started. */
  #hasMore = false;

  constructor(options: LineBurstOptions) {
    this.#options = options;
  }

  take(event: InputEvent): void {
    if (this.#options.isWriting()) {
      const text = textOf(event);
      if (text === '\n' ? this.#takeLineEnd() : text !== undefined && this.#takeText(text)) return;
      if (text === undefined) this.#end();
    } else this.#end();
    this.#options.act(event);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** @returns true if the text is part of a paste, false if it is a key */
  #takeText(text: string): boolean {
    if (this.#pasted === undefined && this.#held === 0) {
      this.#isFresh = true;
      this.#touch();
      return false;
    }
    if (this.#pasted === undefined) {
      this.#pasted = ['\n'.repeat(this.#held)];
      this.#sizeBytes = this.#held;
      this.#held = 0;
    }
    const kept = this.#isTruncated ? '' : cutToBytes(text, Math.max(0, PASTE_MAX_BYTES - this.#sizeBytes));
    this.#isTruncated ||= kept.length < text.length;
    this.#sizeBytes += Buffer.byteLength(kept);
    this.#pasted.push(kept);
    this.#touch();
    return true;
  }

  /** @returns true if the line end waits or is part of a paste, false if it is Enter */
  #takeLineEnd(): boolean {
    if (this.#pasted !== undefined) return this.#takeText('\n');
    if (this.#held === 0 && !this.#isFresh) return false;
    this.#held += 1;
    this.#touch();
    return true;
  }

  /** Another key comes, or nothing more: what waits is what it looks like. */
  #end(): void {
    this.stop();
    const [held, text, truncated] = [this.#held, this.#pasted?.join(''), this.#isTruncated];
    this.#isFresh = false;
    this.#held = 0;
    this.#pasted = undefined;
    this.#isTruncated = false;
    for (let count = 0; count < held; count += 1) this.#options.act(ENTER);
    if (text !== undefined) this.#options.act({ kind: 'paste', text, truncated });
  }

  /** One timer at a time, however many letters come. */
  #touch(): void {
    if (this.#timer === undefined) this.#wait();
    else this.#hasMore = true;
  }

  #wait(): void {
    this.#hasMore = false;
    const delayMs = this.#pasted === undefined ? HOLD_MS : QUIET_MS;
    this.#timer = this.#options.clock.after(delayMs, () => {
      // Once more, so that what has come while this program was busy is read first.
      if (this.#hasMore) this.#wait();
      else this.#timer = this.#options.clock.after(0, () => (this.#hasMore ? this.#wait() : this.#end()));
    });
  }
}

const ENTER: InputEvent = key('enter');

/** What a key adds to a paste; undefined for any other event, a paste that its terminal marks among them. */
function textOf(event: InputEvent): string | undefined {
  if (event.kind === 'paste') return event.isUnmarked === true ? event.text : undefined;
  if (event.kind !== 'key') return undefined;
  if (event.text !== undefined) return event.text;
  const chord = chordOf(event);
  return chord === 'enter' ? '\n' : chord === 'tab' ? '\t' : undefined;
}
