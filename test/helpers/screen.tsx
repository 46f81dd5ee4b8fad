import { EventEmitter } from 'node:events';
import { type Instance, render } from 'ink';
import { App } from '../../components/app.tsx';
import type { Appearance, Cell, Host, ScreenFrame, Size } from '../../components/host.ts';
import type { LastRun } from '../../components/state/last-run.ts';
import type { Attached } from '../../components/state/ui-state.ts';
import type { ColorDepth } from '../../components/terminal/capabilities.ts';
import type { ScreenStats } from '../../components/terminal/frame-times.ts';
import { KeyDecoder } from '../../components/terminal/key-decoder.ts';
import type { InputEvent } from '../../components/terminal/key-event.ts';
import { KeyFeed } from '../../components/terminal/key-feed.ts';
import { ScreenWriter } from '../../components/terminal/screen-writer.ts';
import { paletteFor, type TerminalGround } from '../../components/themes/palette.ts';
import type { ThemeName } from '../../components/themes/themes.ts';
import { FakeClock } from './fake-clock.ts';
import type { FakeEngine } from './fake-engine.ts';
import { FakeLocal } from './fake-local.ts';
import { NOW_MS } from './sample-data.ts';
import { XtermScreen } from './xterm-screen.ts';

// The screens show local times.
process.env['TZ'] = 'UTC';

export const NAMED_KEYS: Readonly<Record<string, string>> = {
  enter: '\r',
  tab: '\t',
  'shift-tab': '\x1b[Z',
  backspace: '\x7f',
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  pageup: '\x1b[5~',
  pagedown: '\x1b[6~',
  home: '\x1b[H',
  end: '\x1b[F',
  f1: '\x1bOP',
  f12: '\x1b[24~',
  escape: '\x1b',
  'ctrl-c': '\x03',
  'ctrl-l': '\x0c',
  'ctrl-r': '\x12',
  'ctrl-s': '\x13',
  'ctrl-z': '\x1a',
  delete: '\x1b[3~',
  'ctrl-a': '\x01',
  'ctrl-e': '\x05',
  'ctrl-k': '\x0b',
  'ctrl-u': '\x15',
  'ctrl-w': '\x17',
};
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
export class TestScreen implements Host {
  readonly clock = new FakeClock(NOW_MS);
  readonly appearance: Appearance;
  readonly local: FakeLocal;
  readonly #completes: boolean | undefined;
  engine: FakeEngine;
  #run = 0;
  readonly #lastRun: LastRun = {};
  /** Exit codes with which the screen asked to quit. */
  readonly quits: number[] = [];
  /** How often it asked to be suspended. */
  suspensions = 0;
  hasMouse = false;
  readonly themes: ThemeName[] = [];
  readonly #depth: ColorDepth;
  readonly #ground: TerminalGround;
  /** What went to the clipboard. */
  readonly copied: string[] = [];
  /** What was passed on to ink-text-input, key by key. */
  readonly promptKeysFed: string[] = [];
  readonly #output: RecordingOutput;
  readonly #writer: ScreenWriter;
  readonly #xterm: XtermScreen;
  readonly #decoder: KeyDecoder;
  readonly #promptKeys = new KeyFeed();
  readonly #keys = new Set<(event: InputEvent) => void>();
  readonly #resizes = new Set<() => void>();
  readonly #ink: Instance;
  readonly #theme: ThemeName | undefined;
  #drawn = 0;

  constructor(options: TestScreenOptions) {
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
    this.#decoder = new KeyDecoder({
      clock: this.clock,
      onEvent: (event) => {
        for (const listener of this.#keys) listener(event);
      },
    });
    this.#ink = render(this.#app(attached), {
      stdout: this.#writer.asInkStdout(),
      stdin: this.#promptKeys.asInkStdin(),
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

  size(): Size {
    return { columns: this.#output.columns, rows: this.#output.rows };
  }

  onResize(listener: () => void): () => void {
    this.#resizes.add(listener);
    return () => this.#resizes.delete(listener);
  }

  onKey(listener: (event: InputEvent) => void): () => void {
    this.#keys.add(listener);
    return () => this.#keys.delete(listener);
  }

  typeIntoPrompt(sequence: string): void {
    this.promptKeysFed.push(sequence);
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
    this.copied.push(text);
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

  suspend(): void {
    this.suspensions += 1;
  }

  quit(exitCode: number): void {
    this.quits.push(exitCode);
  }

  /** Presses keys by their names (`enter`, `alt-1`, `q`), one after the other. */
  async press(...names: string[]): Promise<void> {
    for (const name of names) {
      const alt = /^alt-(.)$/.exec(name);
      this.#decoder.write(alt === null ? (NAMED_KEYS[name] ?? name) : `\x1b${alt[1]}`);
      if (name === 'escape') this.#decoder.flush();
      await this.settle();
    }
  }

  /** Types text in a single read, as a fast typist or a slow machine does. */
  /** A piece of input, while the screen is not looked at. */
  write(bytes: string): void {
    this.#decoder.write(bytes);
  }

  async type(text: string): Promise<void> {
    this.#decoder.write(text);
    await this.settle();
  }

  async paste(text: string): Promise<void> {
    this.#decoder.write(`\x1b[200~${text}\x1b[201~`);
    await this.settle();
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
