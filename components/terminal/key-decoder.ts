/**
 * Decodes bytes from the keyboard into events. A read can hold many keys, or part of one. An unknown sequence is never
 * taken for text.
 */
import { StringDecoder } from 'node:string_decoder';
import type { TerminalClock } from './clock.ts';
import { type InputEvent, key } from './key-event.ts';
import { csiKey, mousePress, plainKey, ss3Key } from './key-sequences.ts';
import { PasteCollector } from './paste-collector.ts';

export type { InputEvent, KeyEvent } from './key-event.ts';
export { PASTE_MAX_BYTES } from './paste-collector.ts';

export interface KeyDecoderOptions {
  readonly clock: Pick<TerminalClock, 'after'>;
  readonly onEvent: (event: InputEvent) => void;
  /** The terminal has answered a question with an OSC sequence: its text, at most 64 characters. */
  readonly onReport?: (text: string) => void;
  /** How long to wait after ESC for the rest of a sequence before it counts as the key. Default 40 ms. */
  readonly escapeTimeoutMs?: number;
}

type State = 'ground' | 'escape' | 'csi' | 'ss3' | 'string' | 'mouse' | 'paste';

/** The characters after ESC that start a longer sequence. */
const INTRODUCERS: Readonly<Record<string, State>> = {
  '[': 'csi',
  O: 'ss3',
  ']': 'string',
  P: 'string',
  X: 'string',
  '^': 'string',
  _: 'string',
};
const ESC = '\x1b';
/** No key has a longer sequence. */
const SEQUENCE_CHARACTERS_MAX = 64;
/** A terminal that does not answer within this time does not. */
const REPORT_DUE_MS = 1_000;
/** How long an ESC may be the begin of the answer, meanwhile: networks cut it anywhere. */
const REPORT_ESCAPE_MS = 150;
/** Replies of the terminal arrive in one piece; an unfinished one must not swallow later keys. */
const STRING_TIMEOUT_MS = 500;
/** Nor must a paste without its closing bracket. */
const PASTE_TIMEOUT_MS = 5_000;
/** More characters in one read are a paste, in a terminal without bracketed paste. */
const RUN_CHARACTERS = 64;

export class KeyDecoder {
  readonly #options: KeyDecoderOptions;
  readonly #bytes = new StringDecoder('utf8');
  readonly #paste = new PasteCollector();
  #state: State = 'ground';
  /** ESC ESC [ A is Alt-Up in some terminals, so they are counted until it is clear. */
  #escapes = 0;
  #sequence = '';
  /** The text of an OSC sequence whose end has begun. */
  #report = '';
  #isReportDue = false;
  #mouseBytes = 0;
  #lastWasReturn = false;
  #timer: { cancel(): void } | undefined;

  constructor(options: KeyDecoderOptions) {
    this.#options = options;
  }

  /** The terminal has been asked something: until it answers, or for a second, an ESC may be its answer. */
  expectReport(): void {
    this.#isReportDue = true;
    this.#options.clock.after(REPORT_DUE_MS, () => {
      this.#isReportDue = false;
    });
  }

  /** Decodes a chunk. Emits its events at once, except for one that needs the next chunk or the timer. */
  write(chunk: Buffer | string): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    let text = typeof chunk === 'string' ? chunk : this.#bytes.write(chunk);
    this.#lastWasReturn = false;
    while (text !== '') text = this.#state === 'paste' ? this.#takePaste(text) : this.#takeKeys(text);
    const waitMs = this.#waitMs();
    if (waitMs !== undefined) this.#timer = this.#options.clock.after(waitMs, () => this.flush());
  }

  /** Ends the pending input: a lone ESC is the key, an unfinished sequence is dropped. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { state, sequence, escapes } = {
      state: this.#state,
      sequence: this.#sequence,
      escapes: this.#escapes,
    };
    this.#reset();
    if (state === 'paste') this.#options.onEvent(this.#paste.finish());
    if (state === 'escape') this.#emitEscapes(escapes);
    // ESC, then one of [ O ] P X ^ _ and nothing more: Alt and that key.
    if (sequence.length === 1 && (state === 'csi' || state === 'ss3' || state === 'string'))
      this.#emit(plainKey(sequence, true));
  }

  /** Drops the pending input. */
  dispose(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#reset();
  }

  #waitMs(): number | undefined {
    if (this.#state === 'ground') return undefined;
    if (this.#state === 'paste') return PASTE_TIMEOUT_MS;
    if (this.#state === 'string' && this.#sequence.length > 1) return STRING_TIMEOUT_MS;
    return this.#isReportDue ? REPORT_ESCAPE_MS : (this.#options.escapeTimeoutMs ?? 40);
  }

  #takePaste(text: string): string {
    const rest = this.#paste.take(text);
    if (rest === undefined) return '';
    this.#reset();
    this.#options.onEvent(this.#paste.finish());
    return rest;
  }

  /** Takes keys until a paste begins; returns the text from there on. */
  #takeKeys(text: string): string {
    for (let at = 0; at < text.length; ) {
      if (this.#state === 'ground') {
        const end = endOfRun(text, at);
        if (end - at >= RUN_CHARACTERS) {
          this.#options.onEvent({
            kind: 'paste',
            text: text.slice(at, end),
            truncated: false,
            isUnmarked: true,
          });
          at = end;
          continue;
        }
      }
      const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
      at += character.length;
      this.#take(character);
      if (this.#state === 'paste') return text.slice(at);
    }
    return '';
  }

  #take(character: string): void {
    // ESC starts a new sequence, whatever it interrupts.
    if (character === ESC) {
      this.#escapes = this.#state === 'escape' ? this.#escapes + 1 : 1;
      if (this.#state === 'string' && this.#sequence.length > 1) {
        this.#escapes = 0;
        this.#report = this.#sequence;
      }
      this.#state = 'escape';
      this.#sequence = '';
      return;
    }
    if (this.#state === 'ground') this.#takePlain(character);
    else if (this.#state === 'escape') this.#takeAfterEscape(character);
    else if (this.#state === 'string') this.#takeString(character);
    else if (this.#state === 'mouse') this.#takeMouse();
    else this.#takeSequence(character);
  }

  #takePlain(character: string): void {
    // CR LF is one Enter.
    if (!(character === '\n' && this.#lastWasReturn)) this.#emit(plainKey(character, false));
    this.#lastWasReturn = character === '\r';
  }

  #takeAfterEscape(character: string): void {
    if (this.#escapes === 0) {
      // The end (ESC \) of a dropped string; anything else starts a new sequence.
      if (character === '\\') {
        this.#reset();
        this.#reportEnded(this.#report);
        return;
      }
      this.#escapes = 1;
    }
    const state = INTRODUCERS[character];
    if (state !== undefined) {
      this.#state = state;
      this.#sequence = character;
      return;
    }
    const before = this.#escapes - 1;
    this.#reset();
    this.#emitEscapes(before);
    this.#emit(plainKey(character, true));
  }

  #takeString(character: string): void {
    if (character < ' ') {
      // A control character ends it: BEL by the standard, any other because Ctrl-C must work.
      const report = this.#sequence;
      this.#reset();
      if (character !== '\x07') this.#takePlain(character);
      else this.#reportEnded(report);
    } else if (this.#sequence.length <= SEQUENCE_CHARACTERS_MAX) this.#sequence += character;
  }

  /** A string with its introducer; only OSC has answers that are of use. */
  #reportEnded(sequence: string): void {
    if (!sequence.startsWith(']')) return;
    this.#isReportDue = false;
    this.#options.onReport?.(sequence.slice(1));
  }

  #takeMouse(): void {
    this.#mouseBytes -= 1;
    if (this.#mouseBytes === 0) this.#reset();
  }

  #takeSequence(character: string): void {
    const code = character.codePointAt(0) ?? 0;
    const parameters = this.#sequence.slice(1);
    const isLinuxConsole = this.#state === 'csi' && parameters === '' && character === '[';
    if (isLinuxConsole || (code >= 0x20 && code < 0x40)) {
      // A sequence that is too long is no key: the rest is dropped, and the buffer stays small.
      if (parameters.length < SEQUENCE_CHARACTERS_MAX) this.#sequence += character;
      return;
    }
    const { state, escapes } = { state: this.#state, escapes: this.#escapes };
    this.#reset();
    if (code < 0x20) {
      // A control character is never part of a key's sequence: Ctrl-C must work inside one.
      this.#takePlain(character);
    } else if (state === 'csi' && parameters === '200' && character === '~') {
      this.#state = 'paste';
    } else if (state === 'csi' && parameters === '' && character === 'M') {
      this.#state = 'mouse';
      this.#mouseBytes = 3;
    } else if (parameters.length < SEQUENCE_CHARACTERS_MAX) {
      if (state === 'csi' && parameters.startsWith('<')) return this.#emit(mousePress(parameters, character));
      const pressed = state === 'csi' ? csiKey(parameters, character) : ss3Key(parameters, character);
      if (pressed !== undefined) this.#emit(escapes > 1 ? { ...pressed, alt: true } : pressed);
    }
  }

  #emitEscapes(count: number): void {
    for (let index = 0; index < count; index += 1) this.#emit(key('escape'));
  }

  #emit(event: InputEvent | undefined): void {
    if (event !== undefined) this.#options.onEvent(event);
  }

  #reset(): void {
    this.#state = 'ground';
    this.#sequence = '';
    this.#escapes = 0;
    this.#mouseBytes = 0;
  }
}

/** Where the printable characters that begin at `from` end. */
function endOfRun(text: string, from: number): number {
  let end = from;
  while (end < text.length) {
    const code = text.charCodeAt(end);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) break;
    end += 1;
  }
  return end;
}
