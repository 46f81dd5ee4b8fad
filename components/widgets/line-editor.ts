/** The model of a one-line editor: keys in, text and cursor out. It does not draw. */
import { isSecretLine } from '../state/secret-line.ts';
import type { KeyEvent } from '../terminal/key-event.ts';
import { cutToBytes } from '../terminal/paste-collector.ts';
import { type SafeText, sanitize, trusted } from '../terminal/sanitize.ts';
import { textWidth } from '../terminal/width.ts';
import { LineHistory, UndoStack } from './edit-history.ts';
import { GraphemeBuffer } from './grapheme-buffer.ts';

/** The longest line that the chat sends. */
const TEXT_BYTES_MAX = 1024 * 1024;
const WORD = /[\p{L}\p{N}_]/u;
const SPACE = /^\s/;
/** Controls, and halves of characters. */
const CONTROLS = /[\x00-\x1f\x7f-\x9f]|\p{Cs}/gu;

export type LineEditorEffect =
  | { readonly kind: 'none' }
  /** Text or cursor changed. `truncated`: the inserted text did not fit and was cut. */
  | { readonly kind: 'changed'; readonly truncated?: true }
  /** Enter on a non-empty line; the editor is now empty. */
  | { readonly kind: 'submit'; readonly text: string };

export interface LineEditorOptions {
  /** Lines sent before, oldest first. */
  readonly history?: readonly string[];
  /** Default 1 MiB. */
  readonly sizeMaxBytes?: number;
}

type Action = () => boolean;

const NONE: LineEditorEffect = { kind: 'none' };
const CHANGED: LineEditorEffect = { kind: 'changed' };

export class LineEditor {
  readonly #buffer = new GraphemeBuffer();
  readonly #history: LineHistory;
  readonly #undo = new UndoStack();
  readonly #sizeMaxBytes: number;
  readonly #actions: Readonly<Record<string, Action>>;
  #killed = '';
  /** The first visible grapheme. */
  #scroll = 0;
  /** Characters typed in a row are undone together. */
  #isTyping = false;

  constructor(options: LineEditorOptions = {}) {
    this.#history = new LineHistory(options.history);
    this.#sizeMaxBytes = options.sizeMaxBytes ?? TEXT_BYTES_MAX;
    this.#actions = this.#bindings();
  }

  get text(): string {
    return this.#buffer.text;
  }

  /** In graphemes. */
  get cursor(): number {
    return this.#buffer.cursor;
  }

  get textBeforeCursor(): string {
    return this.#buffer.textBefore;
  }

  get isEmpty(): boolean {
    return this.#buffer.length === 0;
  }

  /** Lines sent so far, oldest first, at most 500. */
  get history(): readonly string[] {
    return this.#history.lines;
  }

  /** Handles a key; for an unknown key the effect is `none`, and the caller handles it. */
  apply(event: KeyEvent): LineEditorEffect {
    if (event.kind === 'paste') {
      const effect = this.insert(event.text);
      return event.truncated ? { kind: 'changed', truncated: true } : effect;
    }
    if (event.text !== undefined) return this.#insert(event.text, { isTyping: true });
    if (event.name === 'enter' && !event.ctrl) return event.alt ? this.#breakLine() : this.#submit();
    const action = this.#actions[`${event.ctrl ? 'ctrl-' : ''}${event.alt ? 'alt-' : ''}${event.name}`];
    if (action === undefined) return NONE;
    this.#isTyping = false;
    return action() ? CHANGED : NONE;
  }

  /**
   * Inserts text at the cursor, cut to the room that is left. Line ends and tabs become spaces (line ends are kept on
   * request); other control characters are left out. Linear in the length of the text.
   */
  insert(text: string, options: { keepNewlines?: boolean } = {}): LineEditorEffect {
    const unified = text.replace(/\r\n?/g, '\n');
    const oneLine = options.keepNewlines ? unified : unified.replaceAll('\n', ' ');
    return this.#insert(
      oneLine.replace(CONTROLS, (control) => (control === '\t' ? ' ' : control === '\n' ? control : '')),
      { isTyping: false },
    );
  }

  /** Replaces the whole line, as a completion does; undo works. The cursor goes to the end or to the given place. */
  setText(text: string, cursor = Number.POSITIVE_INFINITY): void {
    this.#remember(false);
    this.#replace(cutToBytes(text, this.#sizeMaxBytes), cursor);
  }

  /** Replaces the text before the cursor, as a completion does; undo works. */
  replaceBefore(text: string): void {
    const after = this.text.slice(this.textBeforeCursor.length);
    this.#remember(false);
    this.#buffer.clear();
    this.#buffer.insert(cutToBytes(text, Math.max(0, this.#sizeMaxBytes - Buffer.byteLength(after))));
    const { cursor } = this.#buffer;
    this.#buffer.insert(after);
    this.#buffer.moveTo(cursor);
    this.#history.endWalk();
  }

  /** Empties the line without undo. */
  clear(): void {
    this.#buffer.clear();
    this.#undo.clear();
    this.#history.endWalk();
    this.#isTyping = false;
    this.#scroll = 0;
  }

  /**
   * The text that fits into `width` columns around the cursor, which is at `cursorColumn` (less than `width`). The window moves
   * only when the cursor leaves it. Costs no more than its width, however long the line.
   */
  visible(width: number): { text: SafeText; cursorColumn: number } {
    if (width <= 0) return { text: trusted(''), cursorColumn: 0 };
    const cursor = this.cursor;
    // One column stays free for a cursor after the last character.
    const earliest = this.#backFrom(cursor, width - 1);
    const fullAtTheEnd = this.#backFrom(this.#buffer.length, width - 1);
    this.#scroll = Math.min(Math.max(this.#scroll, earliest), cursor, fullAtTheEnd);
    let text = '';
    let used = 0;
    let cursorColumn = 0;
    for (let index = this.#scroll; index < this.#buffer.length; index += 1) {
      if (index === cursor) cursorColumn = used;
      const shown = shownAs(this.#buffer.at(index) ?? '');
      used += textWidth(shown);
      if (used > width) break;
      text += shown;
    }
    if (cursor === this.#buffer.length) cursorColumn = used;
    return { text: trusted(text), cursorColumn };
  }

  #bindings(): Readonly<Record<string, Action>> {
    const buffer = this.#buffer;
    const to = (target: () => number) => () => this.#move(target());
    const kill = (target: () => number) => () => this.#remove(target(), { keep: true });
    const left = to(() => buffer.cursor - 1);
    const right = to(() => buffer.cursor + 1);
    const home = to(() => 0);
    const end = to(() => buffer.length);
    const wordLeft = to(() => this.#wordLeft());
    const wordRight = to(() => this.#wordRight());
    const erase = () => this.#remove(buffer.cursor - 1, { keep: false });
    const eraseNext = () => this.#remove(buffer.cursor + 1, { keep: false });
    const older = () => this.#walk(-1);
    const newer = () => this.#walk(1);
    return {
      ...{ left, right, home, end, backspace: erase, delete: eraseNext, up: older, down: newer },
      ...{ 'ctrl-b': left, 'ctrl-f': right, 'ctrl-a': home, 'ctrl-e': end, 'ctrl-d': eraseNext },
      ...{ 'ctrl-h': erase, 'ctrl-p': older, 'ctrl-n': newer },
      ...{ 'ctrl-left': wordLeft, 'alt-left': wordLeft, 'alt-b': wordLeft },
      ...{ 'ctrl-right': wordRight, 'alt-right': wordRight, 'alt-f': wordRight },
      'ctrl-w': kill(() => this.#spacedWordLeft()),
      'alt-backspace': kill(() => this.#wordLeft()),
      'alt-d': kill(() => this.#wordRight()),
      'ctrl-u': kill(() => 0),
      'ctrl-k': kill(() => buffer.length),
      'ctrl-y': () =>
        this.#killed !== '' && this.#insert(this.#killed, { isTyping: false }).kind === 'changed',
      'ctrl-_': () => this.#undoOnce(),
    };
  }

  #insert(text: string, options: { isTyping: boolean }): LineEditorEffect {
    const fitting = cutToBytes(text, Math.max(0, this.#sizeMaxBytes - this.#buffer.sizeBytes));
    const isTruncated = fitting.length < text.length;
    if (fitting !== '') {
      // A space starts a new step, so that undo goes word by word.
      this.#remember(options.isTyping && text !== ' ');
      this.#buffer.insert(fitting);
      this.#history.endWalk();
      this.#isTyping = options.isTyping;
    }
    if (isTruncated) return { kind: 'changed', truncated: true };
    return fitting === '' ? NONE : CHANGED;
  }

  /** A line end in the text: the line is one message all the same. */
  #breakLine(): LineEditorEffect {
    return this.#insert('\n', { isTyping: false });
  }

  #submit(): LineEditorEffect {
    const { text } = this;
    if (text === '') return NONE;
    if (!isSecretLine(text)) this.#history.add(text);
    this.clear();
    return { kind: 'submit', text };
  }

  #move(target: number): boolean {
    const before = this.cursor;
    this.#buffer.moveTo(target);
    return this.cursor !== before;
  }

  #remove(target: number, options: { keep: boolean }): boolean {
    const bounded = Math.max(0, Math.min(target, this.#buffer.length));
    if (bounded === this.cursor) return false;
    this.#remember(false);
    const removed = this.#buffer.removeTo(bounded);
    if (options.keep) this.#killed = removed;
    this.#history.endWalk();
    return true;
  }

  #walk(direction: -1 | 1): boolean {
    const line = this.#history.walk(direction, this.text);
    if (line === undefined) return false;
    this.#replace(line);
    return true;
  }

  #undoOnce(): boolean {
    const state = this.#undo.pop();
    if (state === undefined) return false;
    this.#replace(state.text, state.cursor);
    this.#history.endWalk();
    return true;
  }

  #remember(continuesTyping: boolean): void {
    if (!(continuesTyping && this.#isTyping)) this.#undo.push({ text: this.text, cursor: this.cursor });
    this.#isTyping = false;
  }

  #replace(text: string, cursor = Number.POSITIVE_INFINITY): void {
    this.#buffer.clear();
    this.#buffer.insert(text);
    this.#buffer.moveTo(cursor);
  }

  #wordLeft(): number {
    let index = this.cursor;
    while (index > 0 && !WORD.test(this.#buffer.at(index - 1) ?? '')) index -= 1;
    while (index > 0 && WORD.test(this.#buffer.at(index - 1) ?? '')) index -= 1;
    return index;
  }

  #wordRight(): number {
    const { length } = this.#buffer;
    let index = this.cursor;
    while (index < length && !WORD.test(this.#buffer.at(index) ?? '')) index += 1;
    while (index < length && WORD.test(this.#buffer.at(index) ?? '')) index += 1;
    return index;
  }

  #spacedWordLeft(): number {
    let index = this.cursor;
    while (index > 0 && SPACE.test(this.#buffer.at(index - 1) ?? '')) index -= 1;
    while (index > 0 && !SPACE.test(this.#buffer.at(index - 1) ?? '')) index -= 1;
    return index;
  }

  /** The first of the graphemes that fit into `columns` before `end`. */
  #backFrom(end: number, columns: number): number {
    let used = 0;
    let index = end;
    while (index > 0) {
      used += textWidth(shownAs(this.#buffer.at(index - 1) ?? ''));
      if (used > columns) break;
      index -= 1;
    }
    return index;
  }
}

/** The number of lines in a paste. A line end at the end does not count. */
export function pasteLines(text: string): number {
  const ends = text.match(/\r\n|\n|\r/g)?.length ?? 0;
  return /[\r\n]$/.test(text) ? ends : ends + 1;
}

function shownAs(grapheme: string): SafeText {
  return grapheme === '\n' ? trusted('⏎') : sanitize(grapheme);
}
