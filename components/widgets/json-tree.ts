import { type SafeText, sanitize, trusted } from '../terminal/sanitize.ts';
import type { Tone } from '../themes/tokens.ts';
import { type Line, type Span, span } from './line.ts';

const INDENT = 2;
/** Deeper values keep the indent of this depth. */
const INDENTED_DEPTH_MAX = 20;
/** A string, a number or a word as it was written, or one mark of the structure. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+|[{}[\],:]/g;

/**
 * JSON with one value a line, indented. Numbers and strings stay as they were written, so that large numbers do not
 * change.
 *
 * @returns undefined if the text is not JSON
 */
export function jsonTree(text: string): readonly Line[] | undefined {
  if (!isJson(text)) return undefined;
  const tree = new Tree();
  const tokens = text.match(TOKEN) ?? [];
  for (const [index, token] of tokens.entries()) tree.add(token, tokens[index + 1] ?? '');
  return tree.lines();
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

class Tree {
  readonly #lines: Line[] = [];
  #line: Span[] = [];
  #depth = 0;
  #before = '';

  add(token: string, next: string): void {
    const opens = token === '{' || token === '[';
    const closes = token === '}' || token === ']';
    if (closes) {
      this.#depth -= 1;
      // An empty object or array stays on its line.
      if (this.#before !== '{' && this.#before !== '[') this.#break();
    }
    this.#put(token === ':' ? trusted(': ') : sanitize(token), toneOf(token, next));
    if (opens) this.#depth += 1;
    const isEmpty = opens && (next === '}' || next === ']');
    if (token === ',' || (opens && !isEmpty)) this.#break();
    this.#before = token;
  }

  lines(): readonly Line[] {
    this.#break();
    return this.#lines;
  }

  #put(text: SafeText, tone: Tone): void {
    if (this.#line.length === 0) {
      const depth = Math.min(this.#depth, INDENTED_DEPTH_MAX);
      this.#line.push(span(trusted(' '.repeat(depth * INDENT))));
    }
    this.#line.push(span(text, tone));
  }

  #break(): void {
    if (this.#line.length > 0) this.#lines.push(this.#line);
    this.#line = [];
  }
}

function toneOf(token: string, next: string): Tone {
  if (/^[{}[\],:]$/.test(token)) return 'faint';
  return next === ':' ? 'info' : 'plain';
}
