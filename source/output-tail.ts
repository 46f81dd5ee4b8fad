/** The last lines of a program's output: bounded in lines and in their length. */
const LINES_MAX = 200;
const LINE_CHARACTERS_MAX = 1_000;

export class OutputTail {
  #lines: string[] = [];
  #current = '';
  #dropped = 0;

  get state(): { readonly lines: readonly string[]; readonly droppedLines: number } {
    const lines = this.#current === '' ? this.#lines : [...this.#lines, this.#current];
    const over = Math.max(0, lines.length - LINES_MAX);
    return { lines: lines.slice(over), droppedLines: this.#dropped + over };
  }

  add(text: string): void {
    const parts = text.split('\n');
    for (const [index, part] of parts.entries()) {
      this.#append(part);
      if (index < parts.length - 1) this.#endLine();
    }
  }

  /** A carriage return restarts the line, as programs do that draw progress. */
  #append(part: string): void {
    const withoutEnd = part.endsWith('\r') ? part.slice(0, -1) : part;
    const restart = withoutEnd.lastIndexOf('\r');
    const line = restart < 0 ? this.#current + withoutEnd : withoutEnd.slice(restart + 1);
    this.#current = line.slice(0, LINE_CHARACTERS_MAX);
  }

  #endLine(): void {
    this.#lines.push(this.#current);
    this.#current = '';
    if (this.#lines.length > LINES_MAX) {
      this.#lines.shift();
      this.#dropped += 1;
    }
  }
}
