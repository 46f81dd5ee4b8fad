import type { LinearHost } from '../../components/accessible/linear-app.tsx';
import { LINEAR_SIZE } from '../../components/accessible/read-out.ts';
import type { Size } from '../../components/host.ts';
import type { ScreenStats } from '../../components/terminal/frame-times.ts';
import { LinearOutput } from '../../components/terminal/linear-output.ts';
import type { SafeText } from '../../components/terminal/sanitize.ts';
import { inAscii } from '../../components/widgets/line.ts';
import { KeyHost, type KeyHostOptions } from './key-host.ts';

/** For Ctrl-S. */
const LINES_KEPT = 500;

export interface LineHostOptions extends KeyHostOptions {
  readonly write: (text: string) => void;
}

/** Lines for a screen reader on the real terminal: the screen behind them is drawn nowhere. */
export class LineHost extends KeyHost implements LinearHost {
  readonly #lines: LinearOutput;
  #said: readonly string[] = [];
  readonly #readers = new Set<(what: 'pane' | 'all') => void>();
  #bytesWritten = 0;

  constructor(options: LineHostOptions) {
    super(options);
    const write = (text: string): void => {
      this.#bytesWritten += Buffer.byteLength(text);
      options.write(text);
    };
    this.#lines = new LinearOutput(write, options.appearance.unicode ? undefined : inAscii);
  }

  say(texts: readonly SafeText[]): void {
    this.#said = [...this.#said, ...texts].slice(-LINES_KEPT);
    this.#lines.say(texts);
  }

  typed(line: SafeText | undefined): void {
    this.#lines.typed(line);
  }

  readOut(what: 'pane' | 'all'): void {
    for (const reader of this.#readers) reader(what);
  }

  onReadOut(listener: (what: 'pane' | 'all') => void): () => void {
    this.#readers.add(listener);
    return () => this.#readers.delete(listener);
  }

  size(): Size {
    return LINEAR_SIZE;
  }

  /** It never changes. */
  onResize(): () => void {
    return () => undefined;
  }

  stats(): ScreenStats {
    const rows = { composed: 0, kept: 0 };
    return { frames: 0, medianMs: 0, p99Ms: 0, bytesWritten: this.#bytesWritten, rows };
  }

  /** Draws nothing. */
  beginFrame(): void {}

  show(): void {}

  setMouse(): void {}

  setTheme(): void {}

  reported(): void {}

  /** Ctrl-L, and after a suspension: all of it, again. */
  repaint(): void {
    this.readOut('all');
  }

  resume(): void {
    this.repaint();
  }

  copy(text: string): void {
    const sequence = `\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`;
    this.#bytesWritten += sequence.length;
    this.#lines.command(sequence);
  }

  /** The last lines that were said. */
  shownRows(): readonly string[] {
    return this.#said;
  }
}
