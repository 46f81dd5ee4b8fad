import type { Host, ScreenFrame, Size } from '../../components/host.ts';
import type { ColorDepth } from '../../components/terminal/capabilities.ts';
import type { ScreenStats } from '../../components/terminal/frame-times.ts';
import type { ScreenWriter } from '../../components/terminal/screen-writer.ts';
import { groundFromEnvironment, groundFromReport } from '../../components/terminal/terminal-ground.ts';
import { paletteFor, type TerminalGround } from '../../components/themes/palette.ts';
import type { ThemeName } from '../../components/themes/themes.ts';
import { KeyHost, type KeyHostOptions } from './key-host.ts';

export interface TerminalHostOptions extends KeyHostOptions {
  readonly writer: ScreenWriter;
  readonly colorDepth: ColorDepth;
}

/** The screen's interface to the real terminal and process. */
export class TerminalHost extends KeyHost implements Host {
  readonly #writer: ScreenWriter;
  readonly #colorDepth: ColorDepth;
  #hasMouse = false;
  #theme: ThemeName = 'auto';
  #ground: TerminalGround = groundFromEnvironment(process.env);

  constructor({ writer, colorDepth, ...options }: TerminalHostOptions) {
    super(options);
    this.#writer = writer;
    this.#colorDepth = colorDepth;
  }

  size(): Size {
    return { columns: this.#writer.columns, rows: this.#writer.rows };
  }

  onResize(listener: () => void): () => void {
    this.#writer.on('resize', listener);
    return () => this.#writer.off('resize', listener);
  }

  stats(): ScreenStats {
    return this.#writer.stats;
  }

  beginFrame(): void {
    this.#writer.beginFrame();
  }

  show(frame: ScreenFrame): void {
    this.#writer.show(frame);
  }

  repaint(): void {
    this.#writer.repaint();
  }

  copy(text: string): void {
    this.#writer.copy(text);
  }

  setMouse(on: boolean): void {
    this.#hasMouse = on;
    this.#writer.setMouse(on);
  }

  setTheme(theme: ThemeName): void {
    this.#theme = theme;
    this.#restyle();
  }

  /** The terminal has answered: with the colour of its background. */
  reported(text: string): void {
    const ground = groundFromReport(text);
    if (ground === undefined) return;
    this.#ground = ground;
    this.#restyle();
  }

  #restyle(): void {
    this.#writer.setPalette(paletteFor(this.#theme, { depth: this.#colorDepth, ground: this.#ground }));
  }

  /** After a suspension, in which the terminal was given back. */
  resume(): void {
    if (this.#hasMouse) this.#writer.setMouse(true);
    this.#writer.repaint();
  }

  shownRows(): readonly string[] {
    return this.#writer.shownRows();
  }
}
