import { EventEmitter } from 'node:events';
import { type Instance, render } from 'ink';
import { App } from '../../components/app.tsx';
import type { Appearance, Cell, Host, ScreenFrame, Size } from '../../components/host.ts';
import type { LastRun } from '../../components/state/last-run.ts';
import type { Attached } from '../../components/state/ui-state.ts';
import type { ColorDepth } from '../../components/terminal/capabilities.ts';
import type { ScreenStats } from '../../components/terminal/frame-times.ts';
import { ScreenWriter } from '../../components/terminal/screen-writer.ts';
import { paletteFor, type TerminalGround } from '../../components/themes/palette.ts';
import type { ThemeName } from '../../components/themes/themes.ts';
import type { FakeEngine } from './fake-engine.ts';
import { FakeLocal } from './fake-local.ts';
import { KeyedTestHost } from './keyed-host.ts';
import { XtermScreen } from './xterm-screen.ts';

// The screens show local times.
process.env['TZ'] = 'UTC';

/** Three of them are longer than the pause between two frames that the engine causes. */
const FRAME_MS = 80;
const ROUNDS_MAX = 50;

/** A terminal's output that keeps every byte, and its size. */
class RecordingOutput extends EventEmitter {
  columns: number;
  rows: number;
  readonly chunks: string[] = [];
  readonly #tee: ((text: string) => void) | undefined;

  constructor(size: Size, tee: ((text: string) => void) | undefined) {
    super();
    this.columns = size.columns;
    this.rows = size.rows;
    this.#tee = tee;
  }

  write(text: string): boolean {
    this.chunks.push(text);
    this.#tee?.(text);
    return true;
  }
}

export interface TestScreenOptions extends Partial<Size> {
  readonly engine: FakeEngine;
  readonly appearance?: Appearance;
  readonly local?: FakeLocal;
  readonly attached?: Attached;
  /** What the colours are computed for, when a theme is chosen. */
  readonly depth?: ColorDepth;
  readonly ground?: TerminalGround;
  readonly theme?: ThemeName;
  /** False: --nowrap. */
  readonly completes?: boolean;
  /** Gets every byte that goes to the terminal. */
  readonly tee?: (text: string) => void;
}

/** The whole screen in a terminal's model: keys go in as bytes, what is seen comes out. */
export class TestScreen extends KeyedTestHost implements Host {
  readonly appearance: Appearance;
  readonly local: FakeLocal;
  readonly #completes: boolean | undefined;
  engine: FakeEngine;
  #run = 0;
  readonly #lastRun: LastRun = {};
  hasMouse = false;
  readonly themes: ThemeName[] = [];
  readonly #depth: ColorDepth;
  readonly #ground: TerminalGround;
  readonly #output: RecordingOutput;
  readonly #writer: ScreenWriter;
  readonly #xterm: XtermScreen;
  readonly #resizes = new Set<() => void>();
  readonly #ink: Instance;
  readonly #theme: ThemeName | undefined;
  #isMakingKey = false;
  #drawn = 0;

  constructor(options: TestScreenOptions) {
    super();
    const { engine, columns = 120, rows = 40, appearance, local, attached, theme, tee } = options;
    this.#completes = options.completes;
    this.engine = engine;
    this.#depth = options.depth ?? 'truecolor';
    this.#ground = options.ground;
    this.#theme = theme;
    this.local = local ?? new FakeLocal();
    this.appearance = appearance ?? { colour: true, unicode: true };
    this.#output = new RecordingOutput({ columns, rows }, tee);
    this.#writer = new ScreenWriter({ output: this.#output, clock: this.clock, appearance: this.appearance });
    this.#xterm = new XtermScreen(columns, rows);
    this.#ink = render(this.#app(attached), {
      stdout: this.#writer.asInkStdout(),
      stdin: this.promptKeys.asInkStdin(),
      debug: true,
      patchConsole: false,
      exitOnCtrlC: false,
    });
  }

  #app(attached?: Attached, notice?: string) {
    const { engine, local } = this;
    return (
      <App
        key={this.#run}
        engine={engine}
        local={local}
        host={this}
        attached={attached}
        notice={notice}
        lastRun={this.#lastRun}
        theme={this.#theme}
        completes={this.#completes}
        isMakingKey={this.#isMakingKey}
      />
    );
  }

  /** The connector is there again, in a new run. */
  async restarted(engine: FakeEngine, notice?: string): Promise<void> {
    this.#run += 1;
    this.engine = engine;
    this.#ink.rerender(this.#app('here', notice));
    await this.settle();
  }

  /** The connector that it is attached to goes away. */
  async lose(): Promise<void> {
    await this.attachedNow('away');
  }

  async attachedNow(attached: Attached): Promise<void> {
    this.#ink.rerender(this.#app(attached));
    await this.settle();
  }

  /** The engine makes the user's key before it starts. */
  async makingKey(isMaking: boolean): Promise<void> {
    this.#isMakingKey = isMaking;
    this.#ink.rerender(this.#app());
    await this.settle();
  }

  size(): Size {
    return { columns: this.#output.columns, rows: this.#output.rows };
  }

  onResize(listener: () => void): () => void {
    this.#resizes.add(listener);
    return () => this.#resizes.delete(listener);
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

  setMouse(on: boolean): void {
    this.hasMouse = on;
  }

  setTheme(theme: ThemeName): void {
    this.themes.push(theme);
    this.#writer.setPalette(paletteFor(theme, { depth: this.#depth, ground: this.#ground }));
  }

  shownRows(): readonly string[] {
    return this.#writer.shownRows();
  }

  async resize(columns: number, rows: number): Promise<void> {
    this.#output.columns = columns;
    this.#output.rows = rows;
    this.#xterm.terminal.resize(columns, rows);
    this.#output.emit('resize');
    for (const listener of this.#resizes) listener();
    await this.settle();
  }

  /** Waits until React, Ink and the writer have nothing left to do, and draws what they wrote. */
  async settle(): Promise<void> {
    let quietRounds = 0;
    for (let round = 0; round < ROUNDS_MAX && quietRounds < 3; round += 1) {
      const before = this.#output.chunks.length;
      for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      this.clock.advance(FRAME_MS);
      quietRounds = this.#output.chunks.length === before ? quietRounds + 1 : 0;
    }
    const fresh = this.#output.chunks.slice(this.#drawn).join('');
    this.#drawn = this.#output.chunks.length;
    if (fresh !== '') await this.#xterm.write(fresh);
  }

  /** The screen as text, one string a row. */
  rows(): string[] {
    return this.#xterm.rows();
  }

  text(): string {
    return this.rows().join('\n');
  }

  /** A cell as the terminal has it, with its colours. */
  cell(row: number, column: number) {
    return this.#xterm.cell(row, column);
  }

  get cursor(): Cell {
    return this.#xterm.cursor;
  }

  /** Every byte that went to the terminal. */
  get bytes(): string {
    return this.#output.chunks.join('');
  }

  get bytesWritten(): number {
    return this.#writer.bytesWritten;
  }

  close(): void {
    this.#ink.unmount();
    this.#writer.stop();
  }
}

/** A screen that has drawn its first frame; the test closes it. */
export async function openScreen(options: TestScreenOptions): Promise<TestScreen> {
  const screen = new TestScreen(options);
  await screen.settle();
  return screen;
}
