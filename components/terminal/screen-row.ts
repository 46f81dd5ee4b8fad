/** A row of the screen as cells: what one line of a frame looks like once a terminal has drawn it. */
import { graphemes, textWidth } from './width.ts';

export interface ScreenRow {
  /** One grapheme a column; the second column of a wide one holds the empty string. */
  readonly texts: readonly string[];
  /** The SGR parameters of each column, in a canonical order; the empty string is the default style. */
  readonly styles: readonly string[];
}

/** SGR codes by the code that ends them. */
const ENDS: ReadonlyMap<number, readonly number[]> = new Map([
  [22, [1, 2]],
  [23, [3]],
  [24, [4]],
  [27, [7]],
  [28, [8]],
  [29, [9]],
]);
const FLAGS = new Set([1, 2, 3, 4, 7, 8, 9]);
/** SGR (captured), any other CSI, OSC and similar, and two-character escapes. Only SGR matters here. */
const ESCAPES =
  /\x1b\[([0-9;:]*)m|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?/g;
const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g;

/** The printable characters of `text`. */
export function withoutEscapes(text: string): string {
  return text.replace(ESCAPES, '').replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, '');
}

export function blankRow(columns: number, style = ''): ScreenRow {
  return { texts: new Array<string>(columns).fill(' '), styles: new Array<string>(columns).fill(style) };
}

/** The cells of a line, cut or filled to `columns`. A wide character that does not fit whole is left out. */
export function parseRow(line: string, options: { columns: number; color: boolean }): ScreenRow {
  const { columns, color } = options;
  const texts: string[] = [];
  const styles: string[] = [];
  const look = new Look(color);
  let at = 0;
  const put = (text: string) => {
    for (const grapheme of graphemes(text.replace(CONTROLS, ''))) {
      const width = Math.max(1, textWidth(grapheme));
      if (texts.length + width > columns) return false;
      texts.push(grapheme);
      styles.push(look.parameters);
      for (let extra = 1; extra < width; extra += 1) {
        texts.push('');
        styles.push(look.parameters);
      }
    }
    return true;
  };
  let fits = true;
  for (const found of line.matchAll(ESCAPES)) {
    fits = fits && put(line.slice(at, found.index));
    at = found.index + found[0].length;
    if (found[1] !== undefined) look.apply(found[1]);
  }
  if (fits) put(line.slice(at));
  while (texts.length < columns) {
    texts.push(' ');
    styles.push('');
  }
  return { texts, styles };
}

/** The graphic rendition that a terminal is in. */
class Look {
  parameters = '';
  readonly #color: boolean;
  readonly #flags = new Set<number>();
  #foreground = '';
  #background = '';

  constructor(color: boolean) {
    this.#color = color;
  }

  apply(parameters: string): void {
    const codes = parameters.split(';').map((code) => Number.parseInt(code, 10) || 0);
    for (let index = 0; index < codes.length; index += 1) {
      const code = codes[index] ?? 0;
      if (code === 38 || code === 48) {
        const length = codes[index + 1] === 2 ? 5 : 3;
        this.#paint(code === 38, codes.slice(index, index + length).join(';'));
        index += length - 1;
      } else this.#applyOne(code);
    }
    const flags = [...this.#flags].sort((one, other) => one - other);
    this.parameters = [...flags, this.#foreground, this.#background].filter((part) => part !== '').join(';');
  }

  #applyOne(code: number): void {
    if (code === 0) {
      this.#flags.clear();
      this.#foreground = '';
      this.#background = '';
    } else if (FLAGS.has(code)) this.#flags.add(code);
    else if (ENDS.has(code)) for (const ended of ENDS.get(code) ?? []) this.#flags.delete(ended);
    else if (code === 39) this.#foreground = '';
    else if (code === 49) this.#background = '';
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) this.#paint(true, String(code));
    else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) this.#paint(false, String(code));
  }

  #paint(foreground: boolean, parameters: string): void {
    if (!this.#color) return;
    if (foreground) this.#foreground = parameters;
    else this.#background = parameters;
  }
}
