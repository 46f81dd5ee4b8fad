/**
 * The one-line input of a filter or a dialog, edited by ink-text-input. The prompt tracks what ink-text-input does not
 * report: its cursor, and whether it is ready for the next key. It reads its text and cursor only after React has drawn
 * the previous key, so a second key of the same read would be lost. The controller holds keys back until `isReady`.
 */
import { chordOf } from '../keys/chord.ts';
import type { Key } from '../terminal/key-event.ts';
import { type SafeText, sanitize, trusted } from '../terminal/sanitize.ts';
import { graphemes, textWidth } from '../terminal/width.ts';

/** Enough for a filter, a command or a name. */
const CHARACTERS_MAX = 200;
/** Characters of a paste to look at, before those that cannot be drawn are left out. */
const PASTE_CHARACTERS_READ = 4_000;

export interface PromptOptions {
  /** Passes a key on to ink-text-input, as a terminal sends it. */
  readonly feed: (sequence: string) => void;
  /** The text has changed, or only the cursor (`hasNewText` is false). */
  readonly onChange: (hasNewText: boolean) => void;
  readonly onReady: () => void;
}

export class Prompt {
  readonly #options: PromptOptions;
  #text = '';
  /** In UTF-16 units, as ink-text-input counts; always between two graphemes. */
  #cursor = 0;
  #edition = 0;
  #isReady = false;
  #charactersMax = CHARACTERS_MAX;

  constructor(options: PromptOptions) {
    this.#options = options;
  }

  /** Safe: `insert` and `#type` accept only safe text. */
  get text(): SafeText {
    return trusted(this.#text);
  }

  get cursor(): number {
    return this.#cursor;
  }

  get cursorColumn(): number {
    return textWidth(this.#text.slice(0, this.#cursor));
  }

  /** Changes when text or cursor were set from outside: ink-text-input must then be mounted again. */
  get edition(): number {
    return this.#edition;
  }

  /** The prompt accepts the next key. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Starts with a text, with the cursor at its end. `charactersMax`: how long it may become. */
  open(text: string, charactersMax = CHARACTERS_MAX): void {
    this.#charactersMax = charactersMax;
    this.#replace('', 0);
    this.insert(text);
  }

  /** Inserts the allowed characters at the cursor, as many as fit. */
  insert(text: string): void {
    const allowed = graphemes(text).filter((character) => sanitize(character) === character);
    const room = Math.max(0, this.#charactersMax - this.#text.length);
    const added = allowed
      .join('')
      .slice(0, room)
      .replace(/\p{Cs}/gu, '');
    const [before, after] = this.#sides();
    this.#replace(before + added + after, this.#cursor + added.length);
  }

  /** Inserts the first line of a paste. */
  paste(text: string): void {
    this.insert((text.split('\n', 1)[0] ?? '').slice(0, PASTE_CHARACTERS_READ));
  }

  /** Handles a key that edits the line; false for any other key. */
  press(key: Key): boolean {
    if (key.text !== undefined) return this.#type(key.text);
    const edit = this.#edits[chordOf(key)];
    if (edit === undefined) return false;
    edit();
    return true;
  }

  /** Called with the new text when ink-text-input has handled a key. */
  changed(text: string): void {
    const hasNewText = text !== this.#text;
    this.#cursor += text.length - this.#text.length;
    this.#text = text;
    this.#options.onChange(hasNewText);
  }

  /** Called when ink-text-input is on the screen and has drawn the last key. */
  settled(): void {
    this.#isReady = true;
    this.#options.onReady();
  }

  detached(): void {
    this.#isReady = false;
  }

  #type(character: string): boolean {
    const [before, after] = this.#sides();
    const isAllowed =
      this.#text.length + character.length <= this.#charactersMax &&
      sanitize(before + character + after) === before + character + after;
    if (isAllowed) this.#feed(character);
    return true;
  }

  readonly #edits: Readonly<Record<string, () => void>> = this.#bindings();

  /** ink-text-input handles only the arrows and Backspace, and counts UTF-16 units; this does the rest. */
  #bindings(): Readonly<Record<string, () => void>> {
    const home = () => this.#replace(this.#text, 0);
    const end = () => this.#replace(this.#text, this.#text.length);
    const erase = () => this.#erase();
    return {
      left: () => this.#move(-1),
      right: () => this.#move(1),
      backspace: erase,
      'ctrl-h': erase,
      ...{ home, end, 'ctrl-a': home, 'ctrl-e': end },
      delete: () => this.#replace(this.#sides()[0] + (this.#neighbours(1)[1] ?? ''), this.#cursor),
      'ctrl-u': () => this.#replace(this.#sides()[1], 0),
      'ctrl-k': () => this.#replace(this.#sides()[0], this.#cursor),
      'ctrl-w': () => {
        const kept = this.#sides()[0].replace(/\S*\s*$/, '');
        this.#replace(kept + this.#sides()[1], kept.length);
      },
    };
  }

  #move(by: -1 | 1): void {
    const packets = this.#neighbours(by)[0].length;
    if (packets === 0) return;
    if (packets > 1) return this.#replace(this.#text, this.#cursor + by * packets);
    this.#cursor += by;
    this.#feed(by < 0 ? '\x1b[D' : '\x1b[C');
    this.#options.onChange(false);
  }

  #erase(): void {
    const [character, rest] = this.#neighbours(-1);
    if (character.length === 1) return this.#feed('\x7f');
    if (character.length > 1) this.#replace(rest + this.#sides()[1], rest.length);
  }

  /** The character beside the cursor, and the text beyond it. */
  #neighbours(by: -1 | 1): [character: string, beyond: string] {
    const [before, after] = this.#sides();
    const characters = graphemes(by < 0 ? before : after);
    const character = (by < 0 ? characters.pop() : characters.shift()) ?? '';
    return [character, characters.join('')];
  }

  #sides(): [before: string, after: string] {
    return [this.#text.slice(0, this.#cursor), this.#text.slice(this.#cursor)];
  }

  #replace(text: string, cursor: number): void {
    const hasNewText = text !== this.#text;
    this.#text = text;
    this.#cursor = cursor;
    this.#edition += 1;
    this.#isReady = false;
    this.#options.onChange(hasNewText);
  }

  #feed(sequence: string): void {
    this.#isReady = false;
    this.#options.feed(sequence);
  }
}
