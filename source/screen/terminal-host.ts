import type { Host, ScreenFrame, Size } from '../../components/host.ts';
import type { ColorDepth } from '../../components/terminal/capabilities.ts';
import type { ScreenStats } from '../../components/terminal/frame-times.ts';
import type { InputEvent } from '../../components/terminal/key-decoder.ts';
import type { KeyFeed } from '../../components/terminal/key-feed.ts';
import type { ScreenWriter } from '../../components/terminal/screen-writer.ts';
import { groundFromEnvironment, groundFromReport } from '../../components/terminal/terminal-ground.ts';
import { paletteFor, type TerminalGround } from '../../components/themes/palette.ts';
import type { ThemeName } from '../../components/themes/themes.ts';

export interface TerminalHostOptions {
  readonly writer: ScreenWriter;
  readonly promptKeys: KeyFeed;
  readonly appearance: Host['appearance'];
  readonly colorDepth: ColorDepth;
  readonly wallNow: () => number;
  readonly onSuspend: () => void;
  readonly onQuit: (exitCode: number) => void;
}

/** The screen's interface to the real terminal and process. */
export class TerminalHost implements Host {
  readonly appearance: Host['appearance'];
  readonly clock: Host['clock'];
  readonly #writer: ScreenWriter;
  readonly #promptKeys: KeyFeed;
  readonly #onSuspend: () => void;
  readonly #onQuit: (exitCode: number) => void;
  readonly #colorDepth: ColorDepth;
  #hasMouse = false;
  #theme: ThemeName = 'auto';
  #ground: TerminalGround = groundFromEnvironment(process.env);
  readonly #keyListeners = new Set<(event: InputEvent) => void>();

  constructor({
    writer,
    promptKeys,
    appearance,
    colorDepth,
    wallNow,
    onSuspend,
    onQuit,
  }: TerminalHostOptions) {
    this.#writer = writer;
    this.#promptKeys = promptKeys;
    this.appearance = appearance;
    this.#colorDepth = colorDepth;
    this.#onSuspend = onSuspend;
    this.#onQuit = onQuit;
    this.clock = {
      wallNow,
      after: (delayMs, action) => {
        const timer = setTimeout(action, delayMs);
        return { cancel: () => clearTimeout(timer) };
      },
    };
  }

  size(): Size {
    return { columns: this.#writer.columns, rows: this.#writer.rows };
  }

  onResize(listener: () => void): () => void {
    this.#writer.on('resize', listener);
    return () => this.#writer.off('resize', listener);
  }

  onKey(listener: (event: InputEvent) => void): () => void {
    this.#keyListeners.add(listener);
    return () => this.#keyListeners.delete(listener);
  }

  /** A key has been pressed. */
  press(event: InputEvent): void {
    for (const listener of this.#keyListeners) listener(event);
  }

  typeIntoPrompt(sequence: string): void {
    this.#promptKeys.write(sequence);
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

  suspend(): void {
    this.#onSuspend();
  }

  quit(exitCode: number): void {
    this.#onQuit(exitCode);
  }
}
