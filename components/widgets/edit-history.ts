/** The memory of a line editor: sent lines, and states for undo. */

const LINES_MAX = 500;
/** A longer line is a paste: it is not kept in the history. */
const LINE_CHARACTERS_MAX = 10_000;
const UNDO_STEPS_MAX = 200;
const UNDO_CHARACTERS_MAX = 4 * 1024 * 1024;

/** Sent lines, for Up and Down. Only lines that start with the draft are found. */
export class LineHistory {
  readonly #lines: string[];
  /** The current position; the end is the draft. */
  #index: number;
  #draft: string | undefined;

  constructor(lines: readonly string[] = []) {
    this.#lines = lines.slice(-LINES_MAX);
    this.#index = this.#lines.length;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Adds a line, unless it repeats the last one, and returns to the draft. */
  add(line: string): void {
    if (line.length <= LINE_CHARACTERS_MAX && line.trim() !== '' && this.#lines.at(-1) !== line) {
      this.#lines.push(line);
      if (this.#lines.length > LINES_MAX) this.#lines.shift();
    }
    this.endWalk();
  }

  /** The next older (-1) or newer (1) line that starts with the draft, or the draft itself after the newest. */
  walk(direction: -1 | 1, current: string): string | undefined {
    const draft = this.#draft ?? current;
    let index = this.#index + direction;
    while (index >= 0 && index < this.#lines.length && !this.#isNews(index, draft, current))
      index += direction;
    if (index < 0 || this.#index + direction > this.#lines.length) return undefined;
    this.#index = index;
    this.#draft = index < this.#lines.length ? draft : undefined;
    return this.#lines[index] ?? draft;
  }

  /** Makes the current text the draft. */
  endWalk(): void {
    this.#index = this.#lines.length;
    this.#draft = undefined;
  }

  #isNews(index: number, draft: string, current: string): boolean {
    const line = this.#lines[index] ?? '';
    return line.startsWith(draft) && line !== current;
  }
}

export interface EditState {
  readonly text: string;
  readonly cursor: number;
}

/** Earlier states of the line, bounded in number and size. */
export class UndoStack {
  readonly #states: EditState[] = [];
  #characters = 0;

  push(state: EditState): void {
    this.#states.push(state);
    this.#characters += state.text.length;
    while (this.#states.length > UNDO_STEPS_MAX || this.#characters > UNDO_CHARACTERS_MAX) {
      this.#characters -= this.#states.shift()?.text.length ?? 0;
    }
  }

  pop(): EditState | undefined {
    const state = this.#states.pop();
    this.#characters -= state?.text.length ?? 0;
    return state;
  }

  clear(): void {
    this.#states.length = 0;
    this.#characters = 0;
  }
}
